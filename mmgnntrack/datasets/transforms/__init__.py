from .loading import LoadFrame, PackFrameInputs, TakeFrame
from .tube import AugmentTube, JitterHistory, LoadTube, PackTubeInputs, SampleTube

__all__ = [
    'AugmentTube',
    'JitterHistory',
    'LoadFrame',
    'LoadTube',
    'PackFrameInputs',
    'PackTubeInputs',
    'SampleTube',
    'TakeFrame',
]
