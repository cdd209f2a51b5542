"""How alike two poses are."""

import numpy as np

#: COCO's ratio of a person's segmented area to the area of the box, for use where only the box is known.
AREA_OF_BBOX = 0.53


def bbox_iou(bboxes_a: np.ndarray, bboxes_b: np.ndarray) -> np.ndarray:
    """Intersection over union of all pairs of boxes.

    Args:
        bboxes_a: (M, 4) xyxy, any unit.
        bboxes_b: (N, 4) xyxy, same unit.

    Returns:
        (M, N) in [0, 1].

    >>> bbox_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    a, b = np.asarray(bboxes_a, float)[:, None], np.asarray(bboxes_b, float)[None]
    overlap = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - overlap
    return overlap / np.maximum(union, np.finfo(float).tiny)


def oks(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    areas: np.ndarray,
    sigmas: np.ndarray,
    valid_a: np.ndarray | None = None,
    valid_b: np.ndarray | None = None,
) -> np.ndarray:
    """Object keypoint similarity of all pairs of poses: the mean of exp(-d^2 / (2 s^2 k^2)), k = 2 sigma, s^2 = area.

    Source: COCO keypoint evaluation (https://cocodataset.org/#keypoints-eval).

    Args:
        keypoints_a: (M, K, 2) reference poses, image px.
        keypoints_b: (N, K, 2) image px.
        areas: (M,) areas of the reference people, px^2 (`AREA_OF_BBOX` times the box where only a box is known).
        sigmas: (K,) standard deviations of the joints relative to the person's scale.
        valid_a: (M, K) bool, joints to compare; None for all.
        valid_b: (N, K) bool, joints to compare; None for all. A joint counts where both poses have it.

    Returns:
        (M, N) in [0, 1]; 0 where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> oks(pose, pose + [0, 2], np.array([100.0]), np.array([0.1, 0.1])).round(4).tolist()
    [[0.6065]]
    """
    keypoints_a, keypoints_b = np.asarray(keypoints_a, float), np.asarray(keypoints_b, float)
    valid = _both(keypoints_a, keypoints_b, valid_a, valid_b)
    offset = keypoints_a[:, None] - keypoints_b[None]
    squared = np.einsum('mnki,mnki->mnk', offset, offset)
    variance = np.maximum(np.asarray(areas, float), 1e-6)[:, None, None] * (2 * np.asarray(sigmas, float)) ** 2
    similarity = np.exp(-squared / (2 * variance))
    return (similarity * valid).sum(-1) / np.maximum(valid.sum(-1), 1)


def joint_distance(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    areas: np.ndarray,
    valid_a: np.ndarray | None = None,
    valid_b: np.ndarray | None = None,
) -> np.ndarray:
    """Mean distance of the joints of all pairs of poses, over the square root of the reference person's area. Where OKS
    is zero for everybody, beyond about a third of a body, it still says who is nearer.

    Args:
        keypoints_a: (M, K, 2) reference poses, image px.
        keypoints_b: (N, K, 2) image px.
        areas: (M,) areas of the reference people, px^2.
        valid_a: (M, K) bool, joints to compare; None for all.
        valid_b: (N, K) bool, joints to compare; None for all. A joint counts where both poses have it.

    Returns:
        (M, N), inf where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> joint_distance(pose, pose + [0, 5], np.array([100.0])).tolist()
    [[0.5]]
    """
    keypoints_a, keypoints_b = np.asarray(keypoints_a, float), np.asarray(keypoints_b, float)
    valid = _both(keypoints_a, keypoints_b, valid_a, valid_b)
    offset = keypoints_a[:, None] - keypoints_b[None]
    total = (np.sqrt(np.einsum('mnki,mnki->mnk', offset, offset)) * valid).sum(-1)
    count = valid.sum(-1)
    size = np.sqrt(np.maximum(np.asarray(areas, float), 1e-6))[:, None]
    return np.where(count > 0, total / np.maximum(count, 1), np.inf) / size


def joint_likelihood(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    scales: np.ndarray,
    areas: np.ndarray,
    valid_a: np.ndarray | None = None,
    valid_b: np.ndarray | None = None,
    noise: float = 0.1,
) -> np.ndarray:
    """How likely the joints of all pairs of poses are the predicted ones, and not anywhere: p / (1 + p) with p the
    geometric mean of the joints' s sqrt(A) / (s^2 + d^2), the root of their density (see `uncertainty`, but for a
    constant) in units of the person's area A.

    Args:
        keypoints_a: (M, K, 2) predicted poses, image px.
        keypoints_b: (N, K, 2) image px.
        scales: (M, K) image px, the radius s that holds a predicted joint with a probability of one half.
        areas: (M,) areas of the predicted people, px^2.
        valid_a: (M, K) bool, joints to compare; None for all.
        valid_b: (N, K) bool, joints to compare; None for all. A joint counts where both poses have it.
        noise: of estimated poses and of what no prediction knows, in units of sqrt(A); s is at least so large.

    Returns:
        (M, N) in [0, 1); 0 where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> joint_likelihood(pose, pose + [0, 2], np.full((1, 2), 1.0), np.array([100.0]), noise=0).round(4).tolist()
    [[0.6667]]
    """
    keypoints_a, keypoints_b = np.asarray(keypoints_a, float), np.asarray(keypoints_b, float)
    valid = _both(keypoints_a, keypoints_b, valid_a, valid_b)
    offset = keypoints_a[:, None] - keypoints_b[None]
    size = np.sqrt(np.maximum(np.asarray(areas, float), 1e-6))[:, None]
    scales = np.maximum(np.hypot(scales, noise * size), 1e-6)
    density = (scales * size)[:, None] / (scales[:, None] ** 2 + np.einsum('mnki,mnki->mnk', offset, offset))
    count = valid.sum(-1)
    mean = np.exp((np.log(density) * valid).sum(-1) / np.maximum(count, 1))
    return np.where(count > 0, mean / (1 + mean), 0.0)


def _both(
    keypoints_a: np.ndarray, keypoints_b: np.ndarray, valid_a: np.ndarray | None, valid_b: np.ndarray | None
) -> np.ndarray:
    """(M, N, K) which joints both poses of a pair have."""
    valid = np.ones((len(keypoints_a), *keypoints_b.shape[:2]), bool)
    if valid_a is not None:
        valid &= np.asarray(valid_a, bool)[:, None]
    if valid_b is not None:
        valid &= np.asarray(valid_b, bool)[None]
    return valid
