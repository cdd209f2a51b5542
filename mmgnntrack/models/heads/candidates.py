"""The paper's head: every cell of the search region is asked how likely each joint is there."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .base import Decode, Prediction
from .graph import GraphHead

#: People whose candidates are held at once: 112 x 112 of them with 256 channels are 13 MB a layer and person.
_AT_ONCE = 8


class GNNDynamicsHead(GraphHead):
    """Predicts joint heatmaps from the last poses and the image in the search regions: messages go from the joints of
    the last pose to every cell, the candidates (Yang et al., CVPR 2021, section 3.2).

    Args:
        num_keypoints: K.
        num_prediction_layers: layers that pass messages from the last pose's joints to the candidates.
        motion_prior: multiply the heatmaps by a Gaussian, of a width that is learned, around where each joint would be
            if the person went on as before. Without it, as in the paper, only training teaches the head that people do
            not jump to somebody nearby.
        **settings: see `GraphHead` and `Graph`.
    """

    needs_heatmaps = True
    usual_loss = 'mmpose.KeypointMSELoss'

    def __init__(
        self, num_keypoints: int, num_prediction_layers: int = 2, motion_prior: bool = False, **settings: object
    ) -> None:
        super().__init__(num_keypoints, **settings)
        self.motion_prior = motion_prior
        self.prediction_layers = self.graph.layers(num_prediction_layers)
        self._add_output(num_keypoints)
        if motion_prior:
            self._add_inertia()
            self.log_spread = nn.Parameter(torch.full((num_keypoints,), -2.0))  # in sizes of the last crop

    def forward(self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None = None) -> Tensor:
        """(M, K, H, W) heatmaps, raw scores, on `history.regions`. Arguments as in `predict`."""
        last = self.aggregate(history)[:, -1]
        self._check_visual(len(history), grid_size, visual)
        sends = self._tensor(history.valid)[:, -1:].bool()
        positions = self.encoder.position(self._candidate_positions(history, grid_size))
        found = []
        for start in range(0, max(len(history), 1), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            cues = None if visual is None else visual[some].flatten(2).transpose(1, 2)
            nodes = self.encoder.candidates(positions if len(positions) == 1 else positions[some], cues)
            nodes = nodes.expand(len(last[some]), -1, -1)
            for layer in self.prediction_layers:
                nodes = layer(nodes, last[some], sends[some])
            found.append(self.output(nodes).transpose(1, 2))
        heatmaps = torch.cat(found).unflatten(2, grid_size[::-1])
        return heatmaps * self._prior(history, grid_size) if self.motion_prior else heatmaps

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        found = self(history, grid_size, visual)
        return Prediction(*decode(found, history.regions), found)

    def loss(self, history: InstanceData, visual: Tensor | None, truth: InstanceData) -> dict[str, Tensor]:
        """Squared error against the target heatmaps, weighted per joint."""
        predicted = self(history, truth.heatmaps.shape[:-3:-1], visual)
        return dict(loss_heatmaps=self.loss_module(predicted, truth.heatmaps, truth.keypoint_weights))

    @torch.no_grad()
    def attention(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, cells: np.ndarray
    ) -> Tensor:
        """That of the last prediction layer, mean over its heads."""
        if not len(self.prediction_layers):
            raise ValueError('GNNDynamicsHead: without a prediction layer there is no attention to show')
        layer, heard = self.prediction_layers[-1], []
        with layer.register_forward_pre_hook(lambda _, args: heard.append(args)):
            self(history, grid_size, visual)
        weights = torch.cat([layer.attention(*args).mean(1) for args in heard])
        x, y = torch.as_tensor(cells, device=weights.device).round().long().unbind(-1)
        nodes = y.clamp(0, grid_size[1] - 1) * grid_size[0] + x.clamp(0, grid_size[0] - 1)
        return weights.take_along_dim(nodes[..., None], 1)

    def _prior(self, history: InstanceData, grid_size: tuple[int, int]) -> Tensor:
        """(M, K, H, W) how likely each cell is by inertia alone, at most 1; 1 for joints that the last pose lacks."""
        centre = self._moved(history)
        spread = self.log_spread.exp()[:, None] * self._size(history)
        regions = self._tensor(history.regions)[:, None, None]
        profiles = []
        for axis, count in enumerate(grid_size):
            places = regions[..., axis] + regions[..., 2 + axis] * torch.arange(count, device=regions.device)
            profiles.append(torch.exp(-0.5 * ((places - centre[..., axis, None]) / spread) ** 2))
        x, y = profiles
        known = self._tensor(history.valid)[:, -1, :, None, None] > 0
        return torch.where(known, y[..., :, None] * x[..., None, :], 1)

    def _candidate_positions(self, history: InstanceData, grid_size: tuple[int, int]) -> Tensor:
        """(M, H W, 3) relative x, y and score 1 of every cell of the search regions; (1, H W, 3) in sizes of the crops,
        as the regions lie alike around them."""
        if self.graph.position_scale == 'box':
            history = history[:1]
        regions = self._tensor(history.regions)
        y, x = (torch.arange(count, dtype=regions.dtype, device=regions.device) for count in grid_size[::-1])
        cells = torch.cartesian_prod(y, x).flip(-1)  # x the faster
        position = self._relative(regions[:, None, :2] + cells * regions[:, None, 2:], history)
        return torch.cat([position, torch.ones_like(position[..., :1])], dim=-1)

    def _check_visual(self, people: int, grid_size: tuple[int, int], visual: Tensor | None) -> None:
        expected = (people, self.visual_channels, *grid_size[::-1])
        got = None if visual is None else tuple(visual.shape)
        if self.visual_channels and got != expected:
            raise ValueError(
                f'GNNDynamicsHead expects search features (people, visual_channels, H, W) of {expected}, got {got}. '
                'Does visual_channels fit the backbone and its feature_layers?'
            )
