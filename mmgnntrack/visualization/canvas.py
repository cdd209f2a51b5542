"""Images to draw into. Colours are BGR, positions are pixels of the image drawn into, (x, y)."""

from collections.abc import Sequence

import cv2
import numpy as np

from .colors import Color, contrasting

#: Around all that is drawn.
OUTLINE = (25, 25, 25)
#: Binary digits of OpenCV's fixed-point coordinates: skeletons move smoothly, not from pixel to pixel.
SHIFT = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: As high for their width images are enlarged at most.
_HIGHEST = 4
#: Of notes, relative to the text before them.
_NOTE_SIZE = 0.85
#: Farther out than any image, and safe in fixed point.
_FAR = 1e5


def to_canvas(points: np.ndarray, scale: Sequence[float]) -> np.ndarray:
    """Image points (..., 2) in px of a canvas that is `scale` (x, y) times as large."""
    return np.clip((points + 0.5) * scale - 0.5, -_FAR, _FAR)  # pixel centres are whole numbers


def resized(image: np.ndarray, width: int) -> np.ndarray:
    """The image at another width, in its proportions."""
    size = (width, max(1, round(image.shape[0] * width / image.shape[1])))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_CUBIC)


def enlarged(image: np.ndarray, min_width: int) -> np.ndarray:
    """A copy of the image, at least this wide, unless it would become more than `_HIGHEST` times as high."""
    width = min(min_width, image.shape[1] * max(1, _HIGHEST * min_width // image.shape[0]))
    return image.copy() if image.shape[1] >= width else resized(image, width)


def fixed_point(points: np.ndarray) -> np.ndarray:
    """Points in OpenCV's fixed-point coordinates, with `SHIFT` binary digits."""
    return np.round(points * (1 << SHIFT)).astype(np.int32)


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
    cv2.rectangle(image, (left - 1, top - 1), (right + 1, low + 1), OUTLINE, cv2.FILLED)
    cv2.rectangle(image, (left, top), (right, low), color, cv2.FILLED)
    cv2.putText(image, text, (left + pad, low - pad), _FONT, size, contrasting(color), stroke, cv2.LINE_AA)
    place = (left + pad + note_left, low - pad)
    cv2.putText(image, note, place, _FONT, _NOTE_SIZE * size, contrasting(color), 1, cv2.LINE_AA)
