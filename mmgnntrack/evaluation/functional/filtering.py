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


def filter_predictions(video: PoseVideo, min_joint_score: float, min_pose_score: float) -> PoseVideo:
    """A copy of a video without its uncertain joints and poses, the "filtered" predictions of the papers.

    A dropped joint becomes not annotated. A pose is dropped if the mean score of its joints, before any is dropped, is
    too low, or if no joint is left. Missing scores (NaN) count as the lowest.

    Args:
        video: predictions.
        min_joint_score: joints below this are dropped.
        min_pose_score: poses below this are dropped.
    """
    frames = []
    for frame in video.frames:
        scores = np.where(np.isnan(frame.keypoint_scores), MISSING_SCORE, frame.keypoint_scores)
        count = np.maximum(frame.annotated.sum(-1), 1)
        pose_scores = np.where(frame.annotated, scores, 0.0).sum(-1) / count
        frames.append(keep_joints(frame, (scores >= min_joint_score) & (pose_scores >= min_pose_score)[:, None]))
    return replace(video, frames=frames)


def inside_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Whether points lie strictly inside a polygon; its border does not belong to it.

    Args:
        points: (..., 2) x, y.
        polygon: (m, 2) corners; self-intersections follow the even-odd rule.

    Returns:
        (...) bool.

    >>> inside_polygon(np.array([[1.0, 1.0], [0.0, 1.0], [3.0, 1.0]]), np.array([[0, 0], [2, 0], [2, 2], [0, 2]]))
    array([ True, False, False])
    """
    x, y = points[..., 0, None], points[..., 1, None]
    (x1, y1), (x2, y2) = polygon.T, np.roll(polygon, -1, axis=0).T
    side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
    within = (x >= np.minimum(x1, x2)) & (x <= np.maximum(x1, x2))
    within &= (y >= np.minimum(y1, y2)) & (y <= np.maximum(y1, y2))
    crosses = ((y1 > y) != (y2 > y)) & ((side > 0) == (y2 > y1))
    return (crosses.sum(-1) % 2 == 1) & ~((side == 0) & within).any(-1)


def drop_ignored(frame: PoseFrame, regions: list[np.ndarray]) -> PoseFrame:
    """A frame without the joints inside ignore regions; without regions the frame itself.

    Only where there are regions are poses without joints dropped: so does the official evaluator.

    Args:
        frame: ground truth or predictions.
        regions: polygons (m, 2) of the ground truth.
    """
    if not regions:
        return frame
    ignored = np.any([inside_polygon(frame.keypoints, region) for region in regions], axis=0)
    return keep_joints(frame, ~ignored)
