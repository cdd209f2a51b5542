"""Smoothing of tracked joints."""

import numpy as np


class OneEuroFilter:
    """Takes the jitter out of joints that rest, and follows those that move (Casiez et al., "1 Euro Filter", CHI 2012).

    Each person is filtered alone, all joints at once. Whoever is not there for a frame begins anew.

    Args:
        fps: frames per second.
        min_cutoff: Hz; lower is smoother, and slower to follow.
        beta: how much faster joints that move are followed, per box size and second.
        speed_cutoff: Hz of the filter of the speed.
    """

    def __init__(self, fps: float, min_cutoff: float = 1.0, beta: float = 2.0, speed_cutoff: float = 1.0) -> None:
        self.fps = fps
        self.min_cutoff = min_cutoff
        self.beta = beta
        self.speed_cutoff = speed_cutoff
        self._people: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def state(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """What the filter knows of whoever was in the last frame: joints and speeds (K, 2); `restore` takes it back."""
        return dict(self._people)

    def restore(self, state: dict[int, tuple[np.ndarray, np.ndarray]]) -> None:
        """Goes on where another filter was when its `state` was taken."""
        self._people = dict(state)

    def __call__(self, ids: np.ndarray, keypoints: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """The smoothed joints of the next frame.

        Args:
            ids: (n,) of the people.
            keypoints: (n, K, 2) px.
            sizes: (n,) px of their boxes.

        Returns:
            (n, K, 2) px
        """
        if not len(ids):
            self._people = {}
            return keypoints
        new = (keypoints[0], np.zeros_like(keypoints[0]))
        known = np.array([identity in self._people for identity in ids.tolist()])
        last, speed = (np.stack(part) for part in zip(*(self._people.get(identity, new) for identity in ids.tolist())))
        last[~known] = keypoints[~known]
        moved = (keypoints - last) * self.fps
        speed += (moved - speed) * self._share(self.speed_cutoff)
        relative = np.linalg.norm(speed, axis=-1, keepdims=True) / np.maximum(sizes, 1)[:, None, None]
        smooth = last + (keypoints - last) * self._share(self.min_cutoff + self.beta * relative)
        self._people = dict(zip(ids.tolist(), zip(smooth, speed)))
        return smooth

    def _share(self, cutoff: float | np.ndarray) -> float | np.ndarray:
        """Of the new value in the mean with the last one."""
        rate = 2 * np.pi * cutoff / self.fps
        return rate / (rate + 1)
