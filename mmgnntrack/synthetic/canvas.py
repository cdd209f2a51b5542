"""A picture that remembers who is drawn at each pixel, and how far away."""

import cv2
import numpy as np

NOBODY = -1


class Canvas:
    """A picture that textures are pasted on, the nearer after the farther.

    Args:
        picture: (H, W, 3) float32 BGR, 0 to 255; drawn on in place.
        tracked: Whether to keep `owners` and `depths`, which costs time.

    Attributes:
        owners: (H, W) int16 number of what is drawn at the pixel, `NOBODY` for the background.
        depths: (H, W) float32 its depth in metres.
    """

    def __init__(self, picture: np.ndarray, tracked: bool = False) -> None:
        self.picture = picture
        self.tracked = tracked
        if tracked:
            self.owners = np.full(picture.shape[:2], NOBODY, np.int16)
            self.depths = np.full(picture.shape[:2], np.inf, np.float32)

    def paste(self, texture: np.ndarray, to_canvas: np.ndarray, shade: float, owner: int, depth: float) -> None:
        """Blend a texture in.

        Args:
            texture: (h, w, 4) float32 BGR multiplied by alpha, and alpha (0 to 1).
            to_canvas: (2, 3) affine map of texture to canvas pixels.
            shade: Factor on the colour.
            owner: Who it belongs to; `NOBODY` leaves owners and depths alone.
            depth: Its depth in metres.
        """
        rows, columns = texture.shape[:2]
        corners = np.array([[0, columns - 1, 0, columns - 1], [0, 0, rows - 1, rows - 1], [1, 1, 1, 1]], float)
        xy = to_canvas @ corners
        height, width = self.picture.shape[:2]
        x0, y0 = np.maximum(np.floor(xy.min(axis=1)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(xy.max(axis=1)).astype(int) + 2, (width, height))
        if x0 >= x1 or y0 >= y1:
            return
        shifted = np.asarray(to_canvas, float) - np.array([[0, 0, x0], [0, 0, y0]])
        patch = cv2.warpAffine(texture, shifted, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
        alpha = patch[..., 3:]
        region = self.picture[y0:y1, x0:x1]
        region *= 1 - alpha
        region += patch[..., :3] * np.float32(shade)
        if self.tracked and owner != NOBODY:
            solid = alpha[..., 0] > 0.5
            self.owners[y0:y1, x0:x1][solid] = owner
            self.depths[y0:y1, x0:x1][solid] = depth


def premultiplied(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 4) float32 texture of colours (h, w, 3) and alphas (h, w)."""
    return np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)


def limb_transform(
    start: np.ndarray, end: np.ndarray, radius: float, shape: tuple[int, ...], overshoot: float | None = None
) -> np.ndarray:
    """(2, 3) map that lays a texture of (rows, columns, ...) along a limb, `overshoot` pixels beyond its two points."""
    overshoot = 0.8 * radius if overshoot is None else overshoot
    along = end - start
    length = float(np.hypot(*along))
    unit = along / length if length > 1e-6 else np.array([0.0, 1.0])
    across = np.array([unit[1], -unit[0]]) * radius
    row = unit * (length + 2 * overshoot) / (shape[0] - 1)
    column = 2 * across / (shape[1] - 1)
    return np.stack([column, row, start - unit * overshoot - across], axis=1)


def upright_transform(left: float, top: float, width: float, height: float, shape: tuple[int, ...]) -> np.ndarray:
    """(2, 3) map of a texture of (rows, columns, ...) to an upright rectangle of the canvas."""
    return np.array([[width / (shape[1] - 1), 0, left], [0, height / (shape[0] - 1), top]])
