from .given_poses import track_given_poses
from .gnn_dynamics_head import GNNDynamicsHead
from .person_detector import PersonDetector
from .pose_tracker import PoseTracker
from .top_down_estimator import TopDownEstimator
from .track_memory import TrackMemory
from .video_pose_tracker import VideoPoseTracker

__all__ = [
    'GNNDynamicsHead',
    'PersonDetector',
    'PoseTracker',
    'TopDownEstimator',
    'TrackMemory',
    'VideoPoseTracker',
    'track_given_poses',
]
