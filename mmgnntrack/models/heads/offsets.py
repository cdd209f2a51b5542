"""A head that says how far each joint will move, and how sure that is."""

from typing import NamedTuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmgnntrack.functional import probability_within

from .base import Decode, Prediction, drawn
from .graph import GraphHead
from .layers import carried

#: Where the head has learned nothing: half of the joints within so many sizes of the person a frame.
_UNTRAINED_SCALE = 0.03
#: The largest logarithm of that: somebody of whom a single joint was ever seen has no size.
_UNKNOWN = 3.0


class Forecast(NamedTuple):
    """Joints of M people some frames after their last pose.

    Attributes:
        keypoints: (M, K, 2) image px.
        scales: (M, K) image px, the radius that holds the joint with a probability of one half.
        keypoint_scores: (M, K) of the joints where they were seen last; 0 for those that never were.
        size: (M, 1) image px, of the people.
    """

    keypoints: Tensor
    scales: Tensor
    keypoint_scores: Tensor
    size: Tensor


class GNNOffsetsHead(GraphHead):
    """Each joint says how far it will move until the current frame, however long ago it was seen, and how sure that is.
    Cheap and exact to parts of a cell, but without any look at the current frame. Joints that the last pose lacks are
    expected where they were seen last, moved with the body.

    Args:
        num_keypoints: K.
        sigma: of the Gaussians that are drawn where heatmaps are asked for, in cells; uncertain joints have wider ones.
        tolerance: a joint is right if it is at most so many sizes of the person off.
        **settings: see `GraphHead` and `Graph`.
    """

    usual_loss = 'mmgnntrack.StudentLoss'
    any_time = True

    def __init__(self, num_keypoints: int, sigma: float = 2.0, tolerance: float = 0.08, **settings: object) -> None:
        super().__init__(num_keypoints, timed=True, **settings)
        self.sigma = sigma
        self.tolerance = tolerance
        self._add_output(3)
        self._add_inertia()
        nn.init.zeros_(self.output[-1].weight)
        nn.init.zeros_(self.output[-1].bias)
        nn.init.constant_(self.output[-1].bias[2:], np.log(_UNTRAINED_SCALE))

    def forward(
        self, history: InstanceData, grid_size: tuple[int, int] | None = None, visual: Tensor | None = None
    ) -> Forecast:
        """Where the joints will be. Only the history (see `DynamicsHead`) counts."""
        self._check(history)
        history = self._carried(history)
        found = self.output(self.aggregate(history)[:, -1])
        size, age = self._size(history)[..., 0], history.ages[:, -1:]
        return Forecast(
            keypoints=self._moved(history, found[..., :2]),
            scales=found[..., 2].clamp(max=_UNKNOWN).exp() * size * age,
            keypoint_scores=history.keypoint_scores[:, -1] * history.valid[:, -1],
            size=size,
        )

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        keypoints, scales, scores, size = (values.detach().cpu().numpy() for values in self(history))
        certainty, maps = probability_within(self.tolerance * size, scales), None
        if heatmaps:
            maps = self._tensor(drawn(keypoints, scores * certainty, history.regions, grid_size, self.sigma, scales))
        return Prediction(keypoints, scores, maps, scales, certainty)

    def loss(self, history: InstanceData, visual: Tensor | None, truth: InstanceData) -> dict[str, Tensor]:
        """How unlikely the true keypoints are, weighted per joint, in sizes of the person."""
        found = self(history)
        known = truth.keypoint_weights * (found.keypoint_scores > 0)
        size = found.size[..., None]
        off = torch.where(known[..., None] > 0, found.keypoints - truth.keypoints, 0.0) / size
        output = torch.cat([off, torch.log(found.scales[..., None] / size)], dim=-1)
        return dict(loss_positions=self.loss_module(output, torch.zeros_like(off), known))

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

    def _carried(self, history: InstanceData) -> InstanceData:
        """The history as tensors, with the joints that a pose lacks (see `layers.carried`), the `joint_ages` (M, L, K)
        since they were seen, and `crops` around the last pose, as large as the largest."""
        keypoints, scores, valid, ages = (
            self._tensor(history[field]) for field in ('keypoints', 'keypoint_scores', 'valid', 'ages')
        )
        places, known, source = carried(keypoints, valid)
        found = InstanceData(
            keypoints=places,
            keypoint_scores=scores.gather(1, source),
            valid=known,
            ages=ages,
            joint_ages=ages[..., None].expand_as(scores).gather(1, source),
        )
        if self.visual_channels:
            found.features = history.features
        there = known[..., None] > 0
        low, high = (places.masked_fill(~there, empty) for empty in (torch.inf, -torch.inf))
        low, high = low.amin(2), high.amax(2)
        # Of all poses, since people whose arms or legs come together do not become smaller.
        side = (high - low).amax((1, 2)).clamp(min=1)[:, None]
        centre = ((low + high)[:, -1] / 2).nan_to_num()  # of somebody without any joint
        found.crops = torch.cat([centre, side, side], dim=-1)
        return found
