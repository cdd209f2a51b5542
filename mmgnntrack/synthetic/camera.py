"""The camera: world metres to image pixels."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along +z, moves sideways, tilts and zooms over S time steps.

    Attributes:
        size: (width, height) of the image in pixels.
        x: (S,) position in metres.
        tilt: (S,) downward shift of the image in pixels.
        zoom: (S,) factor on the focal length.
        eye: Height above the ground in metres.
    """

    size: tuple[int, int]
    x: np.ndarray
    tilt: np.ndarray
    zoom: np.ndarray
    eye: float

    def focal(self, step: int) -> float:
        """Focal length in pixels: at 4 m it makes a person of 1.72 m half the image's height."""
        return 1.25 * self.size[1] * float(self.zoom[step])

    def project(self, points: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
        """World points (..., 3) to image pixels (..., 2) and depths (...) in metres."""
        width, height = self.size
        depth = points[..., 2]
        scale = self.focal(step) / depth
        u = (width - 1) / 2 + scale * (points[..., 0] - self.x[step])
        horizon = height * (0.5 - 0.16 * self.zoom[step]) + self.tilt[step]
        return np.stack([u, horizon + scale * (self.eye - points[..., 1])], axis=-1), depth


def make_camera(
    rng: np.random.Generator,
    size: tuple[int, int],
    steps: int,
    motion: float,
    follow: np.ndarray | None = None,
) -> Camera:
    """A camera with smooth random motion.

    Args:
        rng: Source of randomness.
        size: (width, height) in pixels.
        steps: Number of time steps.
        motion: Factor on how far it moves; 0 keeps it still.
        follow: (steps,) x in metres of somebody to keep in view, if any.
    """
    ways = rng.normal(size=(steps + 1, 3)).cumsum(axis=0)[1:]
    ways = gaussian_filter1d(ways - ways.mean(axis=0), steps / 6, axis=0, mode='nearest')
    ways /= np.abs(ways).max(axis=0) + 1e-9
    pan, tilt, zoom = (motion * rng.uniform(0, 1, size=3) * (0.5, 0.02 * size[1], 0.1) * ways).T
    if follow is not None and motion > 0:
        pan = pan + 0.8 * gaussian_filter1d(follow, steps / 8, mode='nearest')
    return Camera(size, pan, tilt, np.exp(zoom), rng.uniform(1.35, 1.75))
