from .history import ChooseJoints, DropHistory, JitterHistory
from .loading import LoadFrame, PackFrameInputs, TakeFrame
from .tube import AugmentTube, LoadTube, PackTubeInputs, SampleTube

__all__ = [
    'AugmentTube',
    'ChooseJoints',
    'DropHistory',
    'JitterHistory',
    'LoadFrame',
    'LoadTube',
    'PackFrameInputs',
    'PackTubeInputs',
    'SampleTube',
    'TakeFrame',
]
