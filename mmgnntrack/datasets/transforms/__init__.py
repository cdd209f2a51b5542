from .loading import LoadFrame, PackFrameInputs, read_frame
from .tube import AugmentTube, JitterHistory, LoadTube, PackTubeInputs, SampleTube

__all__ = [
    'AugmentTube',
    'JitterHistory',
    'LoadFrame',
    'LoadTube',
    'PackFrameInputs',
    'PackTubeInputs',
    'SampleTube',
    'read_frame',
]
