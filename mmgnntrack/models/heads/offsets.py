"""A head that says how far each joint will move."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .base import Decode, Prediction, drawn
from .graph import GraphHead


class GNNOffsetsHead(GraphHead):
    """Each joint of the last pose says how far it will move. Cheap and exact to parts of a cell, but without any look
    at the current frame. Joints have the scores of the last pose.

    Args:
        num_keypoints: K.
        sigma: of the Gaussians that are drawn where heatmaps are asked for, in cells.
        fading: the joints' scores relative to the last ones, so that people who are not seen again become unlikely.
        **settings: see `GraphHead` and `Graph`; the loss compares positions in sizes of the last crop.
    """

    usual_loss = 'mmpose.L1Loss'

    def __init__(self, num_keypoints: int, sigma: float = 2.0, fading: float = 1.0, **settings: object) -> None:
        super().__init__(num_keypoints, **settings)
        self.sigma = sigma
        self.fading = fading
        self._add_output(2)
        self._add_inertia()
        nn.init.zeros_(self.output[-1].weight)
        nn.init.zeros_(self.output[-1].bias)

    def forward(
        self, history: InstanceData, grid_size: tuple[int, int] | None = None, visual: Tensor | None = None
    ) -> Tensor:
        """(M, K, 2) image px where the joints will be; those that the last pose lacks mean nothing. Only the history
        (see `DynamicsHead`) counts."""
        return self._moved(history, self.output(self.aggregate(history)[:, -1]))

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        keypoints = self(history).detach().cpu().numpy()
        scores = self.fading * np.asarray(history.keypoint_scores)[:, -1] * np.asarray(history.valid)[:, -1]
        maps = self._tensor(drawn(keypoints, scores, history.regions, grid_size, self.sigma)) if heatmaps else None
        return Prediction(keypoints, scores, maps)

    def loss(self, history: InstanceData, visual: Tensor | None, truth: InstanceData) -> dict[str, Tensor]:
        """Distance from the true keypoints, weighted per joint."""
        known = (truth.keypoint_weights * self._tensor(history.valid)[:, -1])[..., None].expand_as(truth.keypoints)
        places = (self._relative(points, history) for points in (self(history), truth.keypoints))
        return dict(loss_positions=self.loss_module(*places, known))

    @torch.no_grad()
    def attention(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, cells: np.ndarray
    ) -> Tensor:
        """That of the last spatial layer among the joints of the last pose, mean over its heads."""
        kinds = zip(self.graph.aggregation, self.aggregation_layers)
        spatial = [layer for kind, layer in kinds if kind == 'spatial']
        if not spatial:
            raise ValueError('GNNDynamicsHead: without a spatial layer there is no attention to show')
        heard = []
        with spatial[-1].register_forward_pre_hook(lambda _, args: heard.extend(args)):
            self(history)
        weights = spatial[-1].attention(*heard).mean(1)
        return weights[:, -self.num_keypoints :, -self.num_keypoints :]
