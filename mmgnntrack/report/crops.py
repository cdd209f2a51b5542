"""Pictures of people, cut out of a video."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mmgnntrack.posetrack import PoseVideo
from mmgnntrack.visualization import identity_color
from mmgnntrack.visualization.canvas import SHIFT, fixed_point, to_canvas

from .identities import Identity
from .pictures import as_data_uri

#: px, of every crop.
HEIGHT = 120
#: Of a crop, width by height: a strip of narrower or wider ones is hard to look along.
_MIN_ASPECT, _MAX_ASPECT = 0.6, 1.5
#: Around a box, relative to its larger side.
_MARGIN = 0.1
_EMPTY = (128, 128, 128)


class Crop(NamedTuple):
    """A picture of a person, and in which frame it is."""

    frame: int
    picture: str


def choose_places(identity: Identity, count: int) -> list[int]:
    """At most `count` of the frames in which an identity is seen, evenly spread over its life: their positions in
    `Identity.frames`."""
    wanted = np.linspace(identity.frames[0], identity.frames[-1], count)
    nearest = np.abs(identity.frames - wanted[:, None]).argmin(1)
    return [place for place in np.unique(nearest).tolist() if np.isfinite(identity.boxes[place]).all()]


def collect_crops(
    identities: Sequence[Identity],
    video: PoseVideo,
    frames: Iterable[tuple[int, str, np.ndarray | None]],
    count: int = 8,
) -> list[list[Crop]]:
    """Cuts people out of a video, which is read once and no further than needed.

    Args:
        identities: whom to look for.
        video: their poses.
        frames: number, name and image (H, W, 3) uint8 BGR of each frame in order; None where it is broken.
        count: at most so many of each.

    Returns:
        For each identity its crops. Broken frames give none.
    """
    wanted: dict[int, list[tuple[int, int]]] = {}
    for index, identity in enumerate(identities):
        for place in choose_places(identity, count):
            wanted.setdefault(int(identity.frames[place]), []).append((index, place))
    crops: list[list[Crop]] = [[] for _ in identities]
    last = max(wanted, default=-1)
    for number, _, image in frames if wanted else ():
        for index, place in wanted.get(number, []) if image is not None else []:
            crops[index].append(Crop(number, as_data_uri(draw_crop(image, identities[index], place, video))))
        if number >= last:
            break
    return crops


def draw_crop(image: np.ndarray, identity: Identity, place: int, video: PoseVideo) -> np.ndarray:
    """Cuts a person out, with the pose drawn.

    Args:
        image: (H, W, 3) uint8 BGR of the frame.
        identity: who.
        place: of the frame in `Identity.frames`.
        video: the poses.

    Returns:
        (120, w, 3) uint8 BGR.
    """
    # A box may reach far beyond the image.
    corner, size = _window(identity.boxes[place].clip(0, np.tile(image.shape[1::-1], 2)))
    width = round(HEIGHT * size[0] / size[1])
    scale = (width / size[0], HEIGHT / size[1])
    crop = _cut(image, corner, size, (width, HEIGHT))
    frame, row = video.frames[identity.frames[place]], identity.rows[place]
    points = to_canvas(frame.keypoints[row] - corner, scale)
    shown = frame.annotated[row] & np.isfinite(points).all(-1)
    links = np.array(video.skeleton.link_indices, int).reshape(-1, 2)
    # Thin and without joints: at this size they would hide the face.
    lines = fixed_point(points[links[shown[links].all(-1)]])
    cv2.polylines(crop, lines, False, identity_color(identity.track_id), 1, cv2.LINE_AA, SHIFT)
    return crop


def _window(box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper left corner (2,) and size (2,) in px of what is cut out around a box (4,) xyxy."""
    centre, size = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 8)
    width, height = size + 2 * _MARGIN * size.max()
    height = max(height, width / _MAX_ASPECT)
    size = np.array([max(width, _MIN_ASPECT * height), height])
    return centre - size / 2, size


def _cut(image: np.ndarray, corner: np.ndarray, size: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A part of an image, grey beyond its edges, at another size: width and height in px."""
    left, top = np.floor(corner).astype(int)
    right, bottom = np.ceil(corner + size).astype(int)
    height, width = image.shape[:2]
    inside = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if not inside.size:
        return np.full((*shape[::-1], 3), _EMPTY, np.uint8)
    edges = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    part = cv2.copyMakeBorder(inside, *map(int, edges), cv2.BORDER_CONSTANT, value=_EMPTY)
    smaller = shape[1] < part.shape[0]
    return cv2.resize(part, shape, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
