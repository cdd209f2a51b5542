from .posetrack_person_dataset import PoseTrackPersonDataset
from .posetrack_tube_dataset import PoseTrackTubeDataset
from .posetrack_video_dataset import PoseTrackVideoDataset
from .samplers import FrameBatchSampler, VideoSampler
from .transforms import *  # noqa: F403

__all__ = [
    'FrameBatchSampler',
    'PoseTrackPersonDataset',
    'PoseTrackTubeDataset',
    'PoseTrackVideoDataset',
    'VideoSampler',
]
