"""PoseTrack's files and joints, and the one form in which poses of a video are held in memory."""

from .errors import PoseTrackFormatError, format_error
from .joints import (
    ALIASES,
    JOINTS,
    POSETRACK17_JOINTS,
    POSETRACK18_KEYPOINTS,
    SIGMAS,
    joint_index,
    mirrored,
)
from .named_joints import NAMED_JOINTS, named_joints, skeleton_named
from .poses import read_poses
from .reader import check_frames, posetrack_files, read_folder, read_video
from .skeletons import COCO, POSETRACK, Skeleton, skeleton_of
from .stream import PoseStream
from .table import PoseTable
from .video import NAMES_A_VIDEO, PoseFrame, PoseVideo, frame_numbers
from .writer import write_video

__all__ = [
    'ALIASES',
    'COCO',
    'JOINTS',
    'NAMED_JOINTS',
    'NAMES_A_VIDEO',
    'POSETRACK',
    'POSETRACK17_JOINTS',
    'POSETRACK18_KEYPOINTS',
    'SIGMAS',
    'PoseFrame',
    'PoseStream',
    'PoseTable',
    'PoseTrackFormatError',
    'PoseVideo',
    'Skeleton',
    'check_frames',
    'format_error',
    'frame_numbers',
    'joint_index',
    'mirrored',
    'named_joints',
    'posetrack_files',
    'read_folder',
    'read_poses',
    'read_video',
    'skeleton_named',
    'skeleton_of',
    'write_video',
]
