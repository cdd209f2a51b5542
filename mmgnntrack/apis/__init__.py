from .foreign_results import MEDIAPIPE_JOINTS, from_mediapipe, from_ultralytics
from .frame_source import Frame, FrameSource
from .keypoint_tracker import KeypointTracker
from .pose_track_inferencer import DEFAULT_CONFIG, PoseTrackInferencer

__all__ = [
    'DEFAULT_CONFIG',
    'MEDIAPIPE_JOINTS',
    'Frame',
    'FrameSource',
    'KeypointTracker',
    'PoseTrackInferencer',
    'from_mediapipe',
    'from_ultralytics',
]
