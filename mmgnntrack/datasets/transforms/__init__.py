from .loading import LoadFrame, PackFrameInputs, TakeFrame, read_frame
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
    'read_frame',
]
