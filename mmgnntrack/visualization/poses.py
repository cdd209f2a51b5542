"""Skeletons."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.posetrack import skeleton_of

from .canvas import OUTLINE, SHIFT, fixed_point
from .colors import Color, lightened

#: Limbs, as pairs of joint indices.
Links = Sequence[tuple[int, int]]


def shown_joints(poses: InstanceData, score_thr: float) -> np.ndarray:
    """(..., K) which joints of poses with keypoints (..., K, 2) and keypoint_scores (..., K) are drawn."""
    return (poses.keypoint_scores >= score_thr) & np.isfinite(poses.keypoints).all(-1)


def checked_links(skeleton: Links | None, num_joints: int) -> np.ndarray:
    """(m, 2) the links as an array."""
    if skeleton is None:
        known = skeleton_of(num_joints)
        if known is None:
            raise ValueError(
                f"poses of {num_joints} joints have no default skeleton (15 are PoseTrack's, 17 COCO's): "
                'give `skeleton` as pairs of joint indices'
            )
        skeleton = known.link_indices
    links = np.asarray(skeleton, int).reshape(-1, 2)
    if links.size and not (0 <= links.min() and links.max() < num_joints):
        raise ValueError(f'skeleton: expected pairs of joint indices below {num_joints}, got {links.tolist()}')
    return links


def line_width(points: np.ndarray) -> int:
    """Pixels, growing with the root of the pose's size: clear on large people, not hiding small ones."""
    return round(float(np.clip(np.sqrt(np.ptp(points, axis=0).max()) / 7, 1, 8)))


def draw_pose(
    image: np.ndarray, points: np.ndarray, shown: np.ndarray, links: np.ndarray, color: Color, predicted: bool
) -> None:
    """Draws the joints `shown` (K,) of `points` (K, 2), and the `links` (m, 2) between them, into the image."""
    width = line_width(points[shown])
    segments = points[links[shown[links].all(-1)]]
    if predicted:
        color = lightened(color)
        segments = _dashed(segments, 4 * width + 2)
    lines = fixed_point(segments)
    cv2.polylines(image, lines, False, OUTLINE, width + 2, cv2.LINE_AA, SHIFT)
    cv2.polylines(image, lines, False, color, width, cv2.LINE_AA, SHIFT)
    radius = (width + 1) << SHIFT
    for x, y in fixed_point(points[shown]).tolist():
        cv2.circle(image, (x, y), radius + (1 << SHIFT), OUTLINE, cv2.FILLED, cv2.LINE_AA, SHIFT)
        cv2.circle(image, (x, y), radius, color, 1 if predicted else cv2.FILLED, cv2.LINE_AA, SHIFT)


def _dashed(segments: np.ndarray, dash: float) -> np.ndarray:
    """Cuts lines (m, 2, 2) into dashes (m', 2, 2), about this long and as far apart, that start and end at the
    lines' ends."""
    pieces = [segments[:0]]
    for start, end in segments:
        count = max(2, round((np.linalg.norm(end - start) / dash + 1) / 2))
        pieces.append(np.linspace(start, end, 2 * count).reshape(count, 2, 2))
    return np.concatenate(pieces)
