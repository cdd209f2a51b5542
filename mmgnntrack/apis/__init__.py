from .frame_source import Frame, FrameSource
from .pose_track_inferencer import PoseTrackInferencer

__all__ = ['Frame', 'FrameSource', 'PoseTrackInferencer']
