"""Removal of duplicate poses."""

import numpy as np

from .similarity import log_similarity, near_pairs


def pose_nms(
    keypoints: np.ndarray,
    keypoint_scores: np.ndarray,
    bboxes: np.ndarray,
    scores: np.ndarray,
    threshold: float = 0.5,
    spread: float = 0.1,
) -> np.ndarray:
    """Greedy suppression by the likeness of poses (paper section 3.1), which, unlike the IoU of boxes, keeps two people
    who stand close with different poses.

    The similarity of two poses is the mean of exp(-d / (spread x scale)) over the joints, weighted by the product of
    the two scores of a joint; scale is the square root of the better pose's box area.

    Args:
        keypoints: (n, K, 2) image px.
        keypoint_scores: (n, K).
        bboxes: (n, 4) xyxy, image px.
        scores: (n,) the order of preference.
        threshold: a pose this similar to a better one is dropped.
        spread: the distance, in units of scale, at which the likeness of a joint has fallen to 1/e.

    Returns:
        indices of the kept poses, best first.

    >>> pose = np.array([[0.0, 0.0], [4.0, 4.0]])
    >>> pose_nms(np.stack([pose, pose + 0.1, pose + 9]), np.ones((3, 2)), np.tile([0, 0, 10, 10], (3, 1)),
    ...          np.array([0.5, 0.9, 0.1])).tolist()
    [1, 2]
    """
    order = np.argsort(-np.asarray(scores), kind='stable')
    keypoints, keypoint_scores = keypoints[order], keypoint_scores[order]
    scale = spread * np.sqrt(np.clip(bboxes[order, 2:] - bboxes[order, :2], 1e-6, None).prod(-1))
    every = np.ones(keypoints.shape[:2], bool)
    better, worse = near_pairs(keypoints, keypoints, every, every, scale * -log_similarity(threshold))
    better, worse = (rows[better < worse] for rows in (better, worse))
    distance = np.linalg.norm(keypoints[better] - keypoints[worse], axis=-1)
    weight = np.clip(keypoint_scores[better] * keypoint_scores[worse], 1e-9, None)
    likeness = (weight * np.exp(-distance / scale[better, None])).sum(-1) / weight.sum(-1)

    kept, alike = np.ones(len(order), bool), likeness >= threshold
    for one, other in zip(better[alike], worse[alike]):  # the better first
        kept[other] &= ~kept[one]
    return order[kept]
