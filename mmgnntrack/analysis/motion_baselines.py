"""What a learned dynamics model has to beat: simple guesses where the joints of a person will be."""

from collections.abc import Callable, Sequence

import numpy as np
from mmengine.structures import InstanceData

#: Shares of the last velocity, one of which is chosen on the training videos.
DAMPINGS = np.linspace(0, 1, 21)


def last_velocities(history: InstanceData) -> tuple[np.ndarray, np.ndarray]:
    """(M, K, 2) px a frame of each joint, and of the body, whose joints' mean it is; zero where nothing is known."""
    known = (history.valid[:, -1] & history.valid[:, -2])[..., None]
    own = np.where(known, history.keypoints[:, -1] - history.keypoints[:, -2], 0.0)
    body = own.sum(1, keepdims=True) / np.maximum(known.sum(1, keepdims=True), 1)
    return own, np.broadcast_to(body, own.shape)


def last_pose(history: InstanceData, ahead: int) -> np.ndarray:
    """(M, K, 2): people stay as they are."""
    return history.keypoints[:, -1]


def constant_velocity(history: InstanceData, ahead: int, damping: float, body: bool) -> np.ndarray:
    """(M, K, 2): each joint, or the whole body, moves on, a little slower."""
    return history.keypoints[:, -1] + ahead * damping * last_velocities(history)[int(body)]


def tuned(candidates: Sequence[Callable[[], np.ndarray]], error: Callable[[np.ndarray], float]) -> int:
    """The candidate whose guess has the least error."""
    return int(np.argmin([error(guess()) for guess in candidates]))
