from .loading import LoadFrame, PackFrameInputs, TakeFrame
from .tube import AugmentTube, DropHistory, JitterHistory, LoadTube, PackTubeInputs, SampleTube

__all__ = [
    'AugmentTube',
    'DropHistory',
    'JitterHistory',
    'LoadFrame',
    'LoadTube',
    'PackFrameInputs',
    'PackTubeInputs',
    'SampleTube',
    'TakeFrame',
]
