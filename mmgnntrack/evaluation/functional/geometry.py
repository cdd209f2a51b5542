"""Points in polygons, and items of the same frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmgnntrack.posetrack import PoseTable

#: Bounds the memory that many points near large polygons take.
_EDGES_AT_ONCE = 2**20


def inside_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Whether points lie strictly inside a polygon; its border does not belong to it.

    Args:
        points: (..., 2) x, y.
        polygon: (..., C, 2) corners, one polygon for all points or one for each; self-intersections follow the
            even-odd rule. Corners may be repeated.

    Returns:
        (...) bool.

    >>> inside_polygon(np.array([[1.0, 1.0], [0.0, 1.0], [3.0, 1.0]]), np.array([[0, 0], [2, 0], [2, 2], [0, 2]]))
    array([ True, False, False])
    """
    x, y = points[..., 0, None], points[..., 1, None]
    after = np.roll(polygon, -1, axis=-2)
    x1, y1, x2, y2 = polygon[..., 0], polygon[..., 1], after[..., 0], after[..., 1]
    side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
    within = (x >= np.minimum(x1, x2)) & (x <= np.maximum(x1, x2))
    within &= (y >= np.minimum(y1, y2)) & (y <= np.maximum(y1, y2))
    crosses = ((y1 > y) != (y2 > y)) & ((side > 0) == (y2 > y1))
    return (crosses.sum(-1) % 2 == 1) & ~((side == 0) & within).any(-1)


def pairs_within_frames(first: np.ndarray, second: np.ndarray, num_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of an item of one kind and an item of another in the same frame.

    Args:
        first: (N,) the frame of each item, not falling.
        second: (M,) the frame of each item of the other kind, not falling.
        num_frames: more than the highest frame.

    Returns:
        The indices of the first and of the second of each pair, in the order of frames, first and second items.

    >>> pairs_within_frames(np.array([0, 0, 2]), np.array([0, 0, 1, 2]), 3)
    (array([0, 0, 1, 1, 2]), array([0, 1, 0, 1, 3]))
    """
    counts = np.bincount(second, minlength=num_frames)
    partners = counts[first]
    rows = np.repeat(np.arange(len(first)), partners)
    places = np.arange(len(rows)) - np.repeat(partners.cumsum() - partners, partners)
    return rows, places + (counts.cumsum() - counts)[first[rows]]


def drop_ignored(poses: PoseTable, regions: Sequence[list[np.ndarray]]) -> PoseTable:
    """Poses without their joints inside ignore regions.

    Only in frames with regions are poses without joints dropped: so does the official evaluator.

    Args:
        poses: ground truth or predictions.
        regions: for each frame its polygons (m, 2), those of the ground truth.
    """
    per_frame = np.array([len(own) for own in regions], np.int64)
    polygons = [polygon for own in regions for polygon in own]
    if not polygons:
        return poses
    frames = np.repeat(np.arange(len(regions)), per_frame)
    corners = np.concatenate(polygons)
    lengths = np.array([len(polygon) for polygon in polygons])
    starts = lengths.cumsum() - lengths
    low, high = np.minimum.reduceat(corners, starts), np.maximum.reduceat(corners, starts)
    rows, own = pairs_within_frames(poses.frame_index, frames, len(regions))
    points = poses.keypoints[rows]
    near, joints = np.nonzero(((points > low[own, None]) & (points < high[own, None])).all(-1))
    rows, own = rows[near], own[near]
    ignored = np.zeros(poses.annotated.shape, bool)
    sizes = np.frexp(lengths)[1]  # within powers of two, so that one long polygon does not make all as long
    for size in np.unique(sizes[own]):
        some = np.flatnonzero(sizes[own] == size)
        kind, place = np.unique(own[some], return_inverse=True)
        longest = lengths[kind].max()
        # The last corner again and again changes nothing, so polygons of several lengths fit one array.
        padded = corners[starts[kind, None] + np.minimum(np.arange(longest), lengths[kind, None] - 1)]
        for part in np.array_split(np.arange(len(some)), 1 + len(some) * longest // _EDGES_AT_ONCE):
            at = some[part]
            inside = at[inside_polygon(poses.keypoints[rows[at], joints[at]], padded[place[part]])]
            ignored[rows[inside], joints[inside]] = True
    kept = poses.annotated & ~ignored
    return replace(poses, annotated=kept).select(kept.any(-1) | (per_frame == 0)[poses.frame_index])
