"""Which joints and poses take part in the evaluation."""

from dataclasses import replace

import numpy as np

from mmgnntrack.posetrack import PoseFrame, PoseVideo

#: The score of a prediction whose file gives none, as in the official evaluator.
MISSING_SCORE = -9999.0


def keep_joints(frame: PoseFrame, joints: np.ndarray) -> PoseFrame:
    """A copy of a frame in which the other joints are not annotated and poses without joints are gone.

    Args:
        frame: n poses.
        joints: (n, K) bool.
    """
    joints = joints & frame.annotated
    poses = joints.any(-1)
    joints = joints[poses]
    return replace(
        frame,
        keypoints=np.where(joints[..., None], frame.keypoints[poses], 0.0),
        annotated=joints,
        visible=frame.visible[poses] & joints,
        keypoint_scores=np.where(joints, frame.keypoint_scores[poses], 0.0),
        track_ids=frame.track_ids[poses],
        bboxes=frame.bboxes[poses],
        head_bboxes=frame.head_bboxes[poses],
    )


def tracked_predictions(video: PoseVideo) -> PoseVideo:
    """A copy of a video without the poses that have no track id; the video itself if all have one."""
    if all((frame.track_ids >= 0).all() for frame in video.frames):
        return video
    return replace(video, frames=[keep_joints(frame, (frame.track_ids >= 0)[:, None]) for frame in video.frames])


def filter_predictions(video: PoseVideo, min_joint_score: float, min_pose_score: float) -> PoseVideo:
    """A copy of a video without its uncertain joints and poses, the "filtered" predictions of the papers.

    A dropped joint becomes not annotated. A pose is dropped if the mean score of its joints, before any is dropped, is
    too low, if no joint is left, or if it has no track id. Missing scores (NaN) count as the lowest.

    Args:
        video: predictions.
        min_joint_score: joints below this are dropped.
        min_pose_score: poses below this are dropped.

    Raises:
        ValueError: for scores that are not finite.
    """
    if not np.isfinite([min_joint_score, min_pose_score]).all():
        raise ValueError(f'expected finite thresholds of scores, got {min_joint_score} and {min_pose_score}')
    frames = []
    for frame in tracked_predictions(video).frames:
        scores = np.where(np.isnan(frame.keypoint_scores), MISSING_SCORE, frame.keypoint_scores)
        count = np.maximum(frame.annotated.sum(-1), 1)
        pose_scores = np.where(frame.annotated, scores, 0.0).sum(-1) / count
        frames.append(keep_joints(frame, (scores >= min_joint_score) & (pose_scores >= min_pose_score)[:, None]))
    return replace(video, frames=frames)
