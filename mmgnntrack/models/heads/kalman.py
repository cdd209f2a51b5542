"""A head without anything to learn: a Kalman filter for each joint."""

import numpy as np
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import probability_within
from mmgnntrack.registry import MODELS

from .base import Decode, DynamicsHead, Prediction, drawn

#: Standard deviations of a coordinate within which a Gaussian in the plane lies with a probability of one half.
_HALF_OF_A_GAUSSIAN = np.sqrt(2 * np.log(2))


class KalmanFilter:
    """A constant-velocity filter for each coordinate of each joint of people.

    Args:
        noise: standard deviation of a measurement.
        acceleration: standard deviation of the velocity's change in a frame, in the same unit.
    """

    def __init__(self, noise: float, acceleration: float) -> None:
        self.measurement = noise**2
        self.acceleration = acceleration

    def forecast(self, keypoints: np.ndarray, valid: np.ndarray, ages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the joints are likeliest, and how sure that is.

        Args:
            keypoints: (M, L, K, 2), in the unit of the standard deviations.
            valid: (M, L, K) which of them were measured.
            ages: (M, L) frames since each pose.

        Returns:
            (M, K, 2) positions and (M, K) the radius that holds the joint with a probability of one half.
        """
        people, length, joints = valid.shape
        state = np.zeros((people, joints, 2, 2))  # position and velocity, of x and y
        unknown = np.diag([1e6, 1.0])
        spread = np.broadcast_to(unknown, (people, joints, 2, 2)).copy()
        steps = -np.diff(ages, axis=1, append=0.0)
        for index in range(length):
            gain = spread[..., :1] / (spread[..., :1, :1] + self.measurement) * valid[:, index, :, None, None]
            state = state + gain * (keypoints[:, index, :, None] - state[..., :1, :])
            spread = spread - gain * spread[..., :1, :]
            transition, process = self._step(steps[:, index])
            state = transition @ state
            spread = transition @ spread @ transition.swapaxes(-1, -2) + process
        return state[..., 0, :], _HALF_OF_A_GAUSSIAN * np.sqrt(spread[..., 0, 0])

    def _step(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M, 1, 2, 2) the transition over so many (M,) frames, in each of which the velocity changes, and the noise
        that it adds."""
        zero, one = np.zeros_like(frames), np.ones_like(frames)
        process = np.stack([frames**3 / 3 - frames / 12, frames**2 / 2, frames**2 / 2, frames], axis=-1)
        transition = np.stack([one, frames, zero, one], axis=-1)
        shape = -1, 1, 2, 2
        return transition.reshape(shape), self.acceleration**2 * process.reshape(shape)


@MODELS.register_module()
class KalmanDynamics(DynamicsHead):
    """Predicts joints where a `KalmanFilter` over the history has them, with the scores of the last pose.

    Args:
        num_keypoints: K; the filter does not need it.
        noise: standard deviation of a joint's position, in sizes of the last crop.
        acceleration: standard deviation of its velocity's change in a frame, in sizes of the last crop.
        sigma: of the Gaussians that are drawn where heatmaps are asked for, in cells.
        tolerance: a joint is right if it is at most so many sizes of the last crop off.
    """

    any_time = True

    def __init__(
        self,
        num_keypoints: int,
        noise: float = 0.01,
        acceleration: float = 0.005,
        sigma: float = 2.0,
        tolerance: float = 0.08,
    ) -> None:
        super().__init__()
        self.filter = KalmanFilter(noise, acceleration)
        self.sigma = sigma
        self.tolerance = tolerance

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        size = np.sqrt(history.crops[:, 2:].prod(-1))[:, None]
        relative = history.keypoints / size[:, None, None]
        keypoints, scales = self.filter.forecast(relative, history.valid, history.ages)
        scores = history.keypoint_scores[:, -1] * history.valid[:, -1]
        certainty = probability_within(self.tolerance, scales)
        keypoints, scales, maps = keypoints * size[..., None], scales * size, None
        if heatmaps:
            maps = drawn(keypoints, scores * certainty, history.regions, grid_size, self.sigma, scales)
        return Prediction(keypoints, scores, maps, scales, certainty)
