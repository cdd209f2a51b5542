from .data_preprocessor import SamplePreprocessor
from .given_poses import track_given_poses
from .heads import DynamicsHead, GNNDynamicsHead, GNNOffsetsHead, KalmanDynamics
from .losses import StudentLoss
from .offline import join_tracklets
from .person_detector import PersonDetector
from .top_down_estimator import TopDownEstimator
from .tracker import PoseTracker, Step, TrackMemory
from .video_pose_tracker import VideoPoseTracker

__all__ = [
    'DynamicsHead',
    'GNNDynamicsHead',
    'GNNOffsetsHead',
    'KalmanDynamics',
    'PersonDetector',
    'PoseTracker',
    'SamplePreprocessor',
    'Step',
    'StudentLoss',
    'TopDownEstimator',
    'TrackMemory',
    'VideoPoseTracker',
    'join_tracklets',
    'track_given_poses',
]
