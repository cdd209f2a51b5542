"""Histories of people for tests of dynamics heads."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.models.heads import GraphHead, Prediction, gnn_dynamics_head

GRID = (12, 10)  # W, H
CHANNELS = 5


def a_head(k: int = 4, **options: object) -> GraphHead:
    torch.manual_seed(0)
    settings = {'visual_channels': CHANNELS, 'feat_channels': 16, **options}
    return gnn_dynamics_head(num_keypoints=k, **settings).eval()


def an_offsets_head(k: int = 4, **options: object) -> GraphHead:
    return a_head(k, **{'output': 'offsets', 'visual_channels': 0, **options})


def a_history(m: int, k: int = 4, length: int = 3, channels: int = CHANNELS, seed: int = 0) -> InstanceData:
    """People around (100, 100) in crops of 60 x 80 px; cells of 10 px."""
    rng = np.random.default_rng(seed)
    crops = np.concatenate([rng.uniform(90, 110, (m, 2)), np.tile([60.0, 80], (m, 1))], -1)
    return InstanceData(
        keypoints=rng.uniform(70, 130, (m, length, k, 2)).astype(np.float32),
        keypoint_scores=rng.uniform(0.3, 1, (m, length, k)).astype(np.float32),
        valid=np.ones((m, length, k), bool),
        ages=np.tile(np.arange(length, 0, -1), (m, 1)),
        features=torch.from_numpy(rng.normal(size=(m, length, k, channels))).float(),
        crops=crops,
        regions=np.concatenate([crops[:, :2] - crops[:, 2:], np.full((m, 2), 10.0)], -1),
    )


def walking(k: int = 4, step: float = 6.0) -> InstanceData:
    """Two people all of whose joints move by so many px a frame, to the right and down."""
    history = a_history(2, k, channels=0)
    history.keypoints[:] = history.keypoints[:, :1]
    history.keypoints[0, ..., 0] += step * np.arange(3)[:, None]
    history.keypoints[1, ..., 1] += step * np.arange(3)[:, None]
    return history


def search_features(m: int, channels: int = CHANNELS, grid: tuple[int, int] = GRID) -> Tensor:
    return torch.randn(m, channels, *grid[::-1], generator=torch.Generator().manual_seed(m))


def a_truth(keypoints: Tensor | np.ndarray, weights: Tensor, heatmaps: Tensor | None = None) -> InstanceData:
    truth = InstanceData(keypoints=torch.as_tensor(keypoints), keypoint_weights=weights)
    if heatmaps is not None:
        truth.heatmaps = heatmaps
    return truth


@torch.no_grad()
def predict(head: GraphHead, history: InstanceData, visual: Tensor | None) -> Tensor:
    return head(history, GRID, visual)


@torch.no_grad()
def predicted(head: GraphHead, history: InstanceData) -> Prediction:
    """Poses and heatmaps of a head that needs no image and no codec."""
    return head.predict(history, GRID, None, None, heatmaps=True)


def cells_of(m: int, k: int = 4) -> np.ndarray:
    """(m, k, 2) one cell for each joint."""
    return np.random.default_rng(m).integers(0, GRID, (m, k, 2))
