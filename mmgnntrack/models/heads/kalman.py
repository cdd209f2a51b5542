"""A head without anything to learn: a Kalman filter for each joint."""

import numpy as np
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.registry import MODELS

from .base import Decode, DynamicsHead, Prediction, drawn


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
        """(M, K, 2) where the joints are likeliest, so many frames after the last of L poses.

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


@MODELS.register_module()
class KalmanDynamics(DynamicsHead):
    """Predicts joints where a `KalmanFilter` over the history has them, with the scores of the last pose.

    Args:
        num_keypoints: K; the filter does not need it.
        noise: standard deviation of a joint's position, in sizes of the last crop.
        acceleration: standard deviation of its velocity's change in a frame, in sizes of the last crop.
        sigma: of the Gaussians that are drawn where heatmaps are asked for, in cells.
    """

    def __init__(
        self, num_keypoints: int, noise: float = 0.01, acceleration: float = 0.005, sigma: float = 2.0
    ) -> None:
        super().__init__()
        self.filter = KalmanFilter(noise, acceleration)
        self.sigma = sigma

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        size = np.sqrt(history.crops[:, 2:].prod(-1))[:, None, None]
        relative = history.keypoints / size[:, None]
        keypoints = self.filter.forecast(relative, history.valid, ahead=1) * size
        scores = history.keypoint_scores[:, -1] * history.valid[:, -1]
        maps = drawn(keypoints, scores, history.regions, grid_size, self.sigma) if heatmaps else None
        return Prediction(keypoints, scores, maps)
