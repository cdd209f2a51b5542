"""Removal of duplicate poses."""

import numpy as np


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
    scale = np.sqrt(np.clip(bboxes[:, 2:] - bboxes[:, :2], 1e-6, None).prod(-1))
    distance = np.linalg.norm(keypoints[:, None] - keypoints[None], axis=-1)
    weight = np.clip(keypoint_scores[:, None] * keypoint_scores[None], 1e-9, None)
    likeness = (weight * np.exp(-distance / (spread * scale)[:, None, None])).sum(-1) / weight.sum(-1)

    suppressed = np.zeros(len(order), bool)
    kept = []
    for i in order:
        if not suppressed[i]:
            kept.append(i)
            suppressed |= likeness[i] >= threshold
    return np.array(kept, np.int64)
