"""Drawing tracked poses into an image. Colours are BGR, positions are pixels of the image drawn into, (x, y)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.posetrack.joints import JOINTS, SKELETON

from .colors import contrasting, identity_color, lightened

if TYPE_CHECKING:
    from .trails import Trails

Color = tuple[int, int, int]
Links = Sequence[tuple[int, int]]

#: The limbs of PoseTrack's 15 joints as pairs of joint indices.
POSETRACK_LINKS = tuple((JOINTS.index(start), JOINTS.index(end)) for start, end in SKELETON)

_OUTLINE = (25, 25, 25)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Of notes, relative to the text before them.
_NOTE_SIZE = 0.85
#: Binary digits of OpenCV's fixed-point coordinates: skeletons move smoothly, not from pixel to pixel.
SHIFT = 4
#: Farther out than any image, and safe in fixed point.
_FAR = 1e5


def draw_tracks(
    image: np.ndarray,
    tracks: InstanceData,
    skeleton: Links | None = None,
    score_thr: float = 0.2,
    min_width: int = 640,
    head: Sequence[int] = (0, 1, 2),
    trails: 'Trails | None' = None,
) -> np.ndarray:
    """Draws the people of a frame, each as a skeleton in the colour of the identity, with the identity at the head, and
    the age in frames where it is known, as in `7 45f`.

    People whom only the prediction shows are lighter, dashed, with hollow joints.

    Args:
        image: (H, W, 3) uint8 BGR; stays as it is.
        tracks: instances_id (n,), keypoints (n, K, 2) image px, keypoint_scores (n, K), bboxes (n, 4) xyxy image px,
            predicted (n,) bool; perhaps ages (n,) frames.
        skeleton: pairs of joint indices; None for the limbs of PoseTrack's 15 joints.
        score_thr: joints below it are not drawn, nor are limbs that end there.
        min_width: narrower images are enlarged to it, so that lines and identities do not hide people.
        head: joints over which the identity is written; the first three are of the head in PoseTrack and in COCO.
        trails: of the people, up to this frame; drawn below the skeletons.

    Returns:
        (H', W', 3) uint8 BGR, of the image's size or enlarged.

    Raises:
        ValueError: for another kind of image, or a skeleton that does not fit the joints.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'expected a BGR image (H, W, 3) of uint8, got {image.shape} of {image.dtype}')
    canvas = enlarged(image, min_width)
    scale = np.divide(canvas.shape[1::-1], image.shape[1::-1])
    if trails is not None:
        trails.draw(canvas, scale)
    if len(tracks.keypoints) == 0:
        return canvas
    links = checked_links(skeleton, tracks.keypoints.shape[1])
    points, shown = to_canvas(tracks.keypoints, scale), shown_joints(tracks, score_thr)

    # Near people over far ones, and no skeleton over a label.
    people = [person for person in np.argsort(tracks.bboxes[:, 3], kind='stable') if shown[person].any()]
    colors = [identity_color(identity) for identity in tracks.instances_id]
    for person in people:
        draw_pose(canvas, points[person], shown[person], links, colors[person], tracks.predicted[person])
    for person in people:
        color = lightened(colors[person]) if tracks.predicted[person] else colors[person]
        bottom = _above_head(points[person], shown[person], head)
        age = f'{tracks.ages[person]}f' if 'ages' in tracks else ''
        draw_label(canvas, str(tracks.instances_id[person]), bottom, color, age)
    return canvas


def to_canvas(points: np.ndarray, scale: Sequence[float]) -> np.ndarray:
    """Image points (..., 2) in px of a canvas that is `scale` (x, y) times as large."""
    return np.clip((points + 0.5) * scale - 0.5, -_FAR, _FAR)  # pixel centres are whole numbers


def shown_joints(poses: InstanceData, score_thr: float) -> np.ndarray:
    """(..., K) which joints of poses with keypoints (..., K, 2) and keypoint_scores (..., K) are drawn."""
    return (poses.keypoint_scores >= score_thr) & np.isfinite(poses.keypoints).all(-1)


def resized(image: np.ndarray, width: int) -> np.ndarray:
    """The image at another width, in its proportions."""
    size = (width, max(1, round(image.shape[0] * width / image.shape[1])))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_CUBIC)


def enlarged(image: np.ndarray, min_width: int) -> np.ndarray:
    """A copy of the image, at least this wide."""
    return image.copy() if image.shape[1] >= min_width else resized(image, min_width)


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
    cv2.polylines(image, lines, False, _OUTLINE, width + 2, cv2.LINE_AA, SHIFT)
    cv2.polylines(image, lines, False, color, width, cv2.LINE_AA, SHIFT)
    radius = (width + 1) << SHIFT
    for x, y in fixed_point(points[shown]).tolist():
        cv2.circle(image, (x, y), radius + (1 << SHIFT), _OUTLINE, cv2.FILLED, cv2.LINE_AA, SHIFT)
        cv2.circle(image, (x, y), radius, color, 1 if predicted else cv2.FILLED, cv2.LINE_AA, SHIFT)


def draw_label(image: np.ndarray, text: str, bottom: np.ndarray, color: Color, note: str = '') -> None:
    """Writes on an outlined patch of the colour, `bottom` (2,) being the middle of its lower edge, and keeps the patch
    inside the image. A note follows in smaller letters."""
    size = max(0.45, image.shape[1] / 1600)
    pad = round(7 * size)
    stroke = max(1, round(2 * size))
    (width, height), _ = cv2.getTextSize(text, _FONT, size, stroke)
    note_left = width + pad
    if note:
        width = note_left + cv2.getTextSize(note, _FONT, _NOTE_SIZE * size, 1)[0][0]
    patch = np.array([width + 2 * pad, height + 2 * pad])
    corner = bottom - patch * (0.5, 1)
    left, top = np.clip(corner, 1, np.maximum(1, np.array(image.shape[1::-1]) - patch - 2)).round().astype(int).tolist()
    right, low = left + int(patch[0]), top + int(patch[1])
    cv2.rectangle(image, (left - 1, top - 1), (right + 1, low + 1), _OUTLINE, cv2.FILLED)
    cv2.rectangle(image, (left, top), (right, low), color, cv2.FILLED)
    cv2.putText(image, text, (left + pad, low - pad), _FONT, size, contrasting(color), stroke, cv2.LINE_AA)
    place = (left + pad + note_left, low - pad)
    cv2.putText(image, note, place, _FONT, _NOTE_SIZE * size, contrasting(color), 1, cv2.LINE_AA)


def checked_links(skeleton: Links | None, num_joints: int) -> np.ndarray:
    """(m, 2) the links as an array."""
    if skeleton is None:
        if num_joints != len(JOINTS):
            raise ValueError(
                f'the default skeleton has the {len(JOINTS)} joints of PoseTrack, the poses have {num_joints}: '
                'give `skeleton` as pairs of joint indices'
            )
        skeleton = POSETRACK_LINKS
    links = np.asarray(skeleton, int).reshape(-1, 2)
    if links.size and not (0 <= links.min() and links.max() < num_joints):
        raise ValueError(f'skeleton: expected pairs of joint indices below {num_joints}, got {links.tolist()}')
    return links


def line_width(points: np.ndarray) -> int:
    """Pixels, growing with the root of the pose's size: clear on large people, not hiding small ones."""
    return round(float(np.clip(np.sqrt(np.ptp(points, axis=0).max()) / 7, 1, 8)))


def _dashed(segments: np.ndarray, dash: float) -> np.ndarray:
    """Cuts lines (m, 2, 2) into dashes (m', 2, 2), about this long and as far apart, that start and end at the
    lines' ends."""
    pieces = [segments[:0]]
    for start, end in segments:
        count = max(2, round((np.linalg.norm(end - start) / dash + 1) / 2))
        pieces.append(np.linspace(start, end, 2 * count).reshape(count, 2, 2))
    return np.concatenate(pieces)


def _above_head(points: np.ndarray, shown: np.ndarray, head: Sequence[int]) -> np.ndarray:
    """(2,) a place just above the shown joints of the head, or above the uppermost joint where none is shown."""
    above = points[[joint for joint in head if shown[joint]]]
    if not len(above):
        above = points[shown]
        above = above[above[:, 1].argmin()][None]
    return np.array([above[:, 0].mean(), above[:, 1].min() - 2 * line_width(points[shown]) - 4])


def fixed_point(points: np.ndarray) -> np.ndarray:
    """Points in OpenCV's fixed-point coordinates, with `SHIFT` binary digits."""
    return np.round(points * (1 << SHIFT)).astype(np.int32)
