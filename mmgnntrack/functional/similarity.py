"""How alike two poses are."""

from collections.abc import Callable

import numpy as np

from .regions import extents

#: COCO's ratio of a person's segmented area to the area of the box, for use where only the box is known.
AREA_OF_BBOX = 0.53
#: So few pairs are compared faster than the near ones are found.
_FEW = 1000
#: Pairs that are compared at once: what they take stays in a processor's cache.
_CHUNK = 2048


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
    enough: float = 0.0,
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
        enough: pairs too far apart to be so similar may have 0.

    Returns:
        (M, N) in [0, 1]; 0 where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> oks(pose, pose + [0, 2], np.array([100.0]), np.array([0.1, 0.1])).round(4).tolist()
    [[0.6065]]
    """
    variance = np.maximum(np.asarray(areas, float), 1e-6)[:, None] * (2 * np.asarray(sigmas, float)) ** 2
    reach = np.sqrt(variance.max(-1) * -2 * log_similarity(enough))

    def compare(squared: np.ndarray, valid: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (np.exp(-squared / (2 * variance[rows])) * valid).sum(-1) / np.maximum(valid.sum(-1), 1)

    return _compared(keypoints_a, keypoints_b, valid_a, valid_b, reach, compare)


def joint_nearness(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    areas: np.ndarray,
    valid_a: np.ndarray | None = None,
    valid_b: np.ndarray | None = None,
    enough: float = 0.0,
) -> np.ndarray:
    """exp(-d) of all pairs of poses, d the mean distance of their joints over the square root of the reference person's
    area. Where OKS is zero for everybody, beyond about a third of a body, it still says who is nearer.

    Args:
        keypoints_a: (M, K, 2) reference poses, image px.
        keypoints_b: (N, K, 2) image px.
        areas: (M,) areas of the reference people, px^2.
        valid_a: (M, K) bool, joints to compare; None for all.
        valid_b: (N, K) bool, joints to compare; None for all. A joint counts where both poses have it.
        enough: pairs too far apart to be so near may have 0.

    Returns:
        (M, N) in [0, 1]; 0 where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> joint_nearness(pose, pose + [0, 5], np.array([100.0])).round(4).tolist()
    [[0.6065]]
    """
    size = np.sqrt(np.maximum(np.asarray(areas, float), 1e-6))

    def compare(squared: np.ndarray, valid: np.ndarray, rows: np.ndarray) -> np.ndarray:
        total, count = (np.sqrt(squared) * valid).sum(-1), valid.sum(-1)
        return np.where(count > 0, np.exp(-(total / np.maximum(count, 1) / size[rows])), 0.0)

    return _compared(keypoints_a, keypoints_b, valid_a, valid_b, -log_similarity(enough) * size, compare)


def joint_likelihood(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    scales: np.ndarray,
    areas: np.ndarray,
    valid_a: np.ndarray | None = None,
    valid_b: np.ndarray | None = None,
    noise: float = 0.1,
    enough: float = 0.0,
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
        enough: pairs too far apart to be so likely may have 0.

    Returns:
        (M, N) in [0, 1); 0 where no joint counts.

    >>> pose = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> joint_likelihood(pose, pose + [0, 2], np.full((1, 2), 1.0), np.array([100.0]), noise=0).round(4).tolist()
    [[0.6667]]
    """
    size = np.sqrt(np.maximum(np.asarray(areas, float), 1e-6))[:, None]
    scales = np.maximum(np.hypot(scales, noise * size), 1e-6)
    # The joints' mean is at most the density of the likeliest.
    squares = scales * (size * (1 - enough) / enough - scales) if enough > 0 else np.full(scales.shape, np.inf)
    reach = np.sqrt(np.maximum(squares, 0.0).max(-1, initial=0.0))

    def compare(squared: np.ndarray, valid: np.ndarray, rows: np.ndarray) -> np.ndarray:
        scale, count = scales[rows], valid.sum(-1)
        density = scale * size[rows] / (scale**2 + squared)
        mean = np.exp((np.log(density) * valid).sum(-1) / np.maximum(count, 1))
        return np.where(count > 0, mean / (1 + mean), 0.0)

    return _compared(keypoints_a, keypoints_b, valid_a, valid_b, reach, compare)


def near_pairs(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    valid_a: np.ndarray,
    valid_b: np.ndarray,
    reach: np.ndarray,
    few: int = _FEW,
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of poses of which one joint may be so near to one of the other: whose joints' boxes are.

    Args:
        keypoints_a: (M, K, 2) any unit.
        keypoints_b: (N, K, 2) same unit.
        valid_a: (M, K) bool, joints to look at.
        valid_b: (N, K) bool, joints to look at.
        reach: (M,) same unit, may be inf.
        few: no more pairs than this are all taken, near or not.

    Returns:
        (P,) rows of the first and (P,) of the second.

    >>> poses, every = np.array([[[0.0, 0.0]], [[9.0, 0.0]]]), np.ones((2, 1), bool)
    >>> [rows.tolist() for rows in near_pairs(poses, poses, every, every, np.array([8.0, 9.0]), few=0)]
    [[0, 1, 1], [0, 0, 1]]
    """
    if len(keypoints_a) * len(keypoints_b) <= few:
        return tuple(np.indices((len(keypoints_a), len(keypoints_b))).reshape(2, -1))
    some_a, some_b = valid_a.any(1, keepdims=True), valid_b.any(1, keepdims=True)
    (low_a, high_a), (low_b, high_b) = extents(keypoints_a, valid_a | ~some_a), extents(keypoints_b, valid_b | ~some_b)
    reach = (reach * (1 + 1e-9))[:, None]  # what lies at its end is near
    near = some_a & some_b.T
    for low, high, lowest, highest in zip((low_a - reach).T, (high_a + reach).T, low_b.T, high_b.T):
        near &= highest >= low[:, None]
        near &= lowest <= high[:, None]
    return np.divmod(np.flatnonzero(near), len(keypoints_b))  # of flat arrays numpy finds them faster


def _compared(
    keypoints_a: np.ndarray,
    keypoints_b: np.ndarray,
    valid_a: np.ndarray | None,
    valid_b: np.ndarray | None,
    reach: np.ndarray,
    compare: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """(M, N) what `compare` says of the pairs of poses that may have joints within `reach` (M,), 0 of all others. It is
    given the squared distances (P, K) of the joints of P pairs, which of them count, and the (P,) rows."""
    keypoints_a, keypoints_b = np.asarray(keypoints_a, float), np.asarray(keypoints_b, float)
    valid_a, valid_b = (
        np.ones(keypoints.shape[:2], bool) if valid is None else np.asarray(valid, bool)
        for keypoints, valid in ((keypoints_a, valid_a), (keypoints_b, valid_b))
    )
    rows, cols = near_pairs(keypoints_a, keypoints_b, valid_a, valid_b, reach)
    axes_a, axes_b = (np.ascontiguousarray(keypoints.transpose(2, 0, 1)) for keypoints in (keypoints_a, keypoints_b))
    found = np.zeros((len(keypoints_a), len(keypoints_b)))
    for start in range(0, len(rows), _CHUNK):
        of_a, of_b = rows[start : start + _CHUNK], cols[start : start + _CHUNK]
        x, y = (one.take(of_a, 0) - other.take(of_b, 0) for one, other in zip(axes_a, axes_b))
        found[of_a, of_b] = compare(x * x + y * y, valid_a.take(of_a, 0) & valid_b.take(of_b, 0), of_a)
    return found


def log_similarity(enough: float) -> float:
    """The logarithm of a similarity in (0, 1], -inf below and 0 above."""
    return np.log(min(enough, 1.0)) if enough > 0 else -np.inf
