"""What a learned dynamics model has to beat: simple guesses where the joints of a person will be."""

from collections.abc import Callable, Sequence

import numpy as np
from mmengine.model import BaseModule
from mmengine.structures import InstanceData

from mmgnntrack.registry import MODELS

#: Shares of the last velocity, one of which is chosen on the training videos.
DAMPINGS = np.linspace(0, 1, 21)


def velocities(history: InstanceData) -> tuple[np.ndarray, np.ndarray]:
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
    return history.keypoints[:, -1] + ahead * damping * velocities(history)[int(body)]


class KalmanFilter:
    """A constant-velocity filter for each coordinate of each joint of people.

    Args:
        noise: standard deviation of a measurement.
        acceleration: standard deviation of the velocity's change in a frame, in the same unit.
    """

    def __init__(self, noise: float, acceleration: float) -> None:
        self.measurement = noise**2
        self.process = acceleration**2 * np.array([[0.25, 0.5], [0.5, 1.0]])
        self.transition = np.array([[1.0, 1.0], [0.0, 1.0]])

    def forecast(self, keypoints: np.ndarray, valid: np.ndarray, ahead: int) -> np.ndarray:
        """(M, K, 2) expected positions, so many frames after the last of L poses.

        Args:
            keypoints: (M, L, K, 2), in the unit of the standard deviations.
            valid: (M, L, K) which of them were measured.
            ahead: frames.
        """
        people, length, joints = valid.shape
        state = np.zeros((people, joints, 2, 2))  # position and velocity, of x and y
        unknown = np.diag([1e6, 1.0])
        spread = np.broadcast_to(unknown, (people, joints, 2, 2)).copy()
        for index in range(length):
            state = self.transition @ state
            spread = self.transition @ spread @ self.transition.T + self.process
            gain = spread[..., :1] / (spread[..., :1, :1] + self.measurement) * valid[:, index, :, None, None]
            state = state + gain * (keypoints[:, index, :, None] - state[..., :1, :])
            spread = spread - gain * spread[..., :1, :]
        return (np.linalg.matrix_power(self.transition, ahead) @ state)[..., 0, :]


def tuned(candidates: Sequence[Callable[[], np.ndarray]], error: Callable[[np.ndarray], float]) -> int:
    """The candidate whose guess has the least error."""
    return int(np.argmin([error(guess()) for guess in candidates]))


@MODELS.register_module()
class KalmanDynamics(BaseModule):
    """The Kalman filter in the place of the dynamics head: with `matching='gnn'` poses are matched by OKS with those
    that it expects.

    Args:
        num_keypoints: K; the filter does not need it.
        noise, acceleration: see `KalmanFilter`, in sizes of the last crop.
    """

    visual_channels = 0
    predicts_offsets = True

    def __init__(self, num_keypoints: int, noise: float = 0.01, acceleration: float = 0.005) -> None:
        super().__init__()
        self.filter = KalmanFilter(noise, acceleration)

    def poses(self, history: InstanceData) -> tuple[np.ndarray, np.ndarray]:
        """(M, K, 2) image px and (M, K) scores, as `GNNDynamicsHead.poses` gives them."""
        size = np.sqrt(history.crops[:, 2:].prod(-1))[:, None, None]
        relative = history.keypoints / size[:, None]
        expected = self.filter.forecast(relative, history.valid, ahead=1) * size
        return expected, history.keypoint_scores[:, -1] * history.valid[:, -1]
