"""The graph neural network that predicts where the joints of tracked people will be."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from mmpose.registry import MODELS as POSE_MODELS
from torch import Tensor, nn

from mmgnntrack.registry import MODELS

from .layers import MessagePassing, NodeEncoder, mlp

_AGGREGATIONS = ('spatial', 'temporal')
_TEMPORAL = ('both', 'past')
_POSITION_SCALES = ('box', 'pixel')


@MODELS.register_module()
class GNNDynamicsHead(BaseModule):
    """Predicts (M, K, H, W) joint heatmaps of M tracked people in the current frame from their last L poses and the
    image in their search regions, without any detection of that frame (Yang et al., CVPR 2021, section 3.2).

    Its input, `history`, is an InstanceData of M tracklets; L poses each, the newest last:
        - keypoints (M, L, K, 2): image px
        - keypoint_scores (M, L, K)
        - valid (M, L, K): whether there is such a joint; a short history is masked, never padded
        - features (M, L, K, C): visual features at the joints, where `visual_channels` is not 0
        - crops (M, 4): cx, cy, w, h of the last pose's crop, image px
        - regions (M, 4): the grid of the search region (see `functional.regions`)

    Args:
        num_keypoints: K.
        visual_channels: C, 144 for the three high-resolution branches of HRNet-W48; 0 for poses alone.
        feat_channels: feature width d; the paper does not say, 256 fits its half-width ablation with 128.
        aggregation: the kinds of the layers that pass messages among the joints of the history, in order.
        num_prediction_layers: layers that pass messages from the last pose's joints to the candidates.
        num_heads: attention heads.
        scaled_attention: see `MessagePassing`.
        temporal: whether a joint listens to the frames before and after (`both`), or to the one before only (`past`).
        position_scale: positions relative to the last crop's centre are divided by its size (`box`), which makes the
            head independent of how large people are, or left in `pixel`.
        loss: MMPose loss of heatmaps.
    """

    def __init__(
        self,
        num_keypoints: int,
        visual_channels: int = 144,
        feat_channels: int = 256,
        aggregation: Sequence[str] = ('spatial', 'temporal', 'spatial', 'temporal'),
        num_prediction_layers: int = 2,
        num_heads: int = 1,
        scaled_attention: bool = True,
        temporal: str = 'both',
        position_scale: str = 'box',
        loss: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for field, value, allowed in (
            *(('aggregation', kind, _AGGREGATIONS) for kind in aggregation),
            ('temporal', temporal, _TEMPORAL),
            ('position_scale', position_scale, _POSITION_SCALES),
        ):
            if value not in allowed:
                raise ValueError(f'GNNDynamicsHead: {field} must be one of {allowed}, got {value!r}')
        self.num_keypoints = num_keypoints
        self.visual_channels = visual_channels
        self.aggregation = tuple(aggregation)
        self.temporal = temporal
        self.position_scale = position_scale
        self.encoder = NodeEncoder(num_keypoints, visual_channels, feat_channels)

        def layers(n: int) -> nn.ModuleList:
            return nn.ModuleList(MessagePassing(feat_channels, num_heads, scaled_attention) for _ in range(n))

        self.aggregation_layers = layers(len(self.aggregation))
        self.prediction_layers = layers(num_prediction_layers)
        self.output = mlp(feat_channels, feat_channels, num_keypoints)
        self.loss_module = POSE_MODELS.build(loss or dict(type='mmpose.KeypointMSELoss', use_target_weight=True))

    def forward(
        self, history: InstanceData, grid_size: tuple[int, int], search_features: Tensor | None = None
    ) -> Tensor:
        """
        Args:
            history: M tracklets, see the class.
            grid_size: (W, H) cells of the search regions.
            search_features: (M, C, H, W) visual features of the search regions, where `visual_channels` is not 0.

        Returns:
            (M, K, H, W) heatmaps on `history.regions`: raw scores.
        """
        self._check(history, grid_size, search_features)
        last = self.aggregate(history)[:, -1]
        sends = self._tensor(history.valid)[:, -1:].bool()
        width, height = grid_size
        visual = None if search_features is None else search_features.flatten(2).transpose(1, 2)
        nodes = self.encoder.candidates(self._candidate_positions(history, grid_size), visual)
        for layer in self.prediction_layers:
            nodes = layer(nodes, last, sends)
        return self.output(nodes).transpose(1, 2).unflatten(2, (height, width))

    def aggregate(self, history: InstanceData) -> Tensor:
        """The nodes (M, L, K, d) of the joints of the history after message passing among them."""
        position = torch.cat(
            [
                self._relative(self._tensor(history.keypoints), history),
                self._tensor(history.keypoint_scores)[..., None],
            ],
            dim=-1,
        )
        nodes = self.encoder.joints(position, self._tensor(history.features) if self.visual_channels else None)
        frames, joints = nodes.shape[1:3]
        masks = self._masks(self._tensor(history.valid).bool())
        nodes = nodes.flatten(1, 2)
        for kind, layer in zip(self.aggregation, self.aggregation_layers):
            nodes = layer(nodes, nodes, masks[kind])
        return nodes.unflatten(1, (frames, joints))

    def loss(self, history: InstanceData, search_features: Tensor | None, targets: Tensor, weights: Tensor) -> dict:
        """Squared error against target heatmaps (M, K, H, W), weighted per joint (M, K)."""
        predicted = self(history, targets.shape[:-3:-1], search_features)
        return dict(loss_heatmaps=self.loss_module(predicted, targets, weights))

    def _tensor(self, value: object) -> Tensor:
        parameter = self.encoder.embedding.weight
        return torch.as_tensor(value, dtype=parameter.dtype, device=parameter.device)

    def _relative(self, points: Tensor, history: InstanceData) -> Tensor:
        """Image points (M, ..., 2) relative to the centre of the last crop, in units of its size."""
        crops = self._tensor(history.crops)
        crops = crops.reshape(len(crops), *[1] * (points.ndim - 2), 4)
        offset = points - crops[..., :2]
        return offset / crops[..., 2:].prod(-1, keepdim=True).sqrt() if self.position_scale == 'box' else offset

    def _candidate_positions(self, history: InstanceData, grid_size: tuple[int, int]) -> Tensor:
        """(M, H W, 3) relative x, y and score 1 of every cell of the search regions."""
        regions = self._tensor(history.regions)
        width, height = grid_size
        y, x = torch.meshgrid(
            torch.arange(height, device=regions.device), torch.arange(width, device=regions.device), indexing='ij'
        )
        cells = torch.stack([x, y], dim=-1).flatten(0, 1).to(regions.dtype)
        points = regions[:, None, :2] + cells * regions[:, None, 2:]
        position = self._relative(points, history)
        return torch.cat([position, torch.ones_like(position[..., :1])], dim=-1)

    def _masks(self, valid: Tensor) -> dict[str, Tensor]:
        """Who listens to whom, (M, L K, L K), for both kinds of layers, from the (M, L, K) joints that there are."""
        frame = torch.arange(valid.shape[1], device=valid.device).repeat_interleave(valid.shape[2])
        back = frame[:, None] - frame[None]
        adjacent = back == 1 if self.temporal == 'past' else back.abs() == 1
        sends = valid.flatten(1)[:, None]
        return dict(spatial=(back == 0) & sends, temporal=adjacent & sends)

    def _check(self, history: InstanceData, grid_size: tuple[int, int], search_features: Tensor | None) -> None:
        joints = history.keypoints.shape[2]
        if joints != self.num_keypoints:
            raise ValueError(f'GNNDynamicsHead was built for {self.num_keypoints} keypoints, the poses have {joints}')
        if self.visual_channels and history.features.shape[-1] != self.visual_channels:
            raise ValueError(
                f'GNNDynamicsHead was built for visual_channels={self.visual_channels}, the features of the history '
                f'have {history.features.shape[-1]} channels'
            )
        expected = (len(history), self.visual_channels, *grid_size[::-1])
        if self.visual_channels and (search_features is None or tuple(search_features.shape) != expected):
            got = None if search_features is None else tuple(search_features.shape)
            raise ValueError(
                f'GNNDynamicsHead expects search features (people, visual_channels, H, W) of {expected}, got {got}. '
                'Does visual_channels fit the backbone and its feature_layers?'
            )
