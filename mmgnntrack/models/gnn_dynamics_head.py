"""The graph neural network that predicts where the joints of tracked people will be."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from mmpose.registry import MODELS as POSE_MODELS
from torch import Tensor, nn

from mmgnntrack.functional import gaussian_heatmaps, image_to_cells
from mmgnntrack.registry import MODELS

from .layers import MessagePassing, NodeEncoder, mlp, past, velocities

_AGGREGATIONS = ('spatial', 'temporal')
_TEMPORAL = ('both', 'past')
_POSITION_SCALES = ('box', 'pixel')
_OUTPUTS = ('candidates', 'offsets')
#: What frames move is a few percent of a box: this makes it as large as the other cues.
_MOTION_SCALE = 20.0
#: Channels of the motion cue: the joint's own motion, that of the body, and whether the joint's own is known.
_MOTION_CHANNELS = 5


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
        motion: give the joints a fourth cue, how far they and the whole body moved in each of so many frames before.
        motion_prior: multiply the `candidates`' heatmaps by a Gaussian, of a width that is learned, around where each
            joint would be if the person went on as before. Without it, as in the paper, only training teaches the head
            that people do not jump to somebody nearby.
        output: `candidates`, as in the paper: messages go from the last pose to every cell of the search region. Or
            `offsets`: each joint of the last pose says how far it will move, which is drawn as a Gaussian as high as
            the joint's last score. Cheap and exact to parts of a cell, but without any look at the current frame.
        sigma: of these Gaussians, in cells.
        fading: how high they are relative to the last scores, so that people who are not seen again become unlikely.
        loss: MMPose loss of heatmaps, or for `offsets` of positions in sizes of the last crop.
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
        motion: int = 0,
        motion_prior: bool = False,
        output: str = 'candidates',
        sigma: float = 2.0,
        fading: float = 1.0,
        loss: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for field, value, allowed in (
            *(('aggregation', kind, _AGGREGATIONS) for kind in aggregation),
            ('temporal', temporal, _TEMPORAL),
            ('position_scale', position_scale, _POSITION_SCALES),
            ('output', output, _OUTPUTS),
        ):
            if value not in allowed:
                raise ValueError(f'GNNDynamicsHead: {field} must be one of {allowed}, got {value!r}')
        self.num_keypoints = num_keypoints
        self.visual_channels = visual_channels
        self.aggregation = tuple(aggregation)
        self.temporal = temporal
        self.position_scale = position_scale
        self.motion = motion
        self.motion_prior = motion_prior
        self.sigma = sigma
        self.fading = fading
        self.encoder = NodeEncoder(num_keypoints, visual_channels, feat_channels, _MOTION_CHANNELS * motion)

        def layers(n: int) -> nn.ModuleList:
            return nn.ModuleList(MessagePassing(feat_channels, num_heads, scaled_attention) for _ in range(n))

        self.aggregation_layers = layers(len(self.aggregation))
        self.predicts_offsets = output == 'offsets'
        self.prediction_layers = layers(0 if self.predicts_offsets else num_prediction_layers)
        self.output = mlp(feat_channels, feat_channels, 2 if self.predicts_offsets else num_keypoints)
        usual = 'mmpose.L1Loss' if self.predicts_offsets else 'mmpose.KeypointMSELoss'
        self.loss_module = POSE_MODELS.build(loss or dict(type=usual, use_target_weight=True))
        if self.predicts_offsets or motion_prior:
            # Shares of the last motions, the joint's own and the body's, the newest last. Without training people go on
            # as the body moved, a little slower.
            self.inertia = nn.Parameter(torch.zeros(2, max(motion, 1)))
            nn.init.constant_(self.inertia[1, -1:], 0.7)
        if motion_prior:
            self.log_spread = nn.Parameter(torch.full((num_keypoints,), -2.0))  # in sizes of the last crop
        if self.predicts_offsets:
            nn.init.zeros_(self.output[-1].weight)
            nn.init.zeros_(self.output[-1].bias)

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
        if self.predicts_offsets:
            return self.draw(*self.poses(history), history.regions, grid_size)
        last = self.aggregate(history)[:, -1]
        self._check_search(len(history), grid_size, search_features)
        sends = self._tensor(history.valid)[:, -1:].bool()
        visual = None if search_features is None else search_features.flatten(2).transpose(1, 2)
        nodes = self.encoder.candidates(self._candidate_positions(history, grid_size), visual)
        for layer in self.prediction_layers:
            nodes = layer(nodes, last, sends)
        heatmaps = self.output(nodes).transpose(1, 2).unflatten(2, grid_size[::-1])
        return heatmaps * self._prior(history, grid_size) if self.motion_prior else heatmaps

    def aggregate(self, history: InstanceData) -> Tensor:
        """The nodes (M, L, K, d) of the joints of the history after message passing among them; (M, 1, K, d), those of
        the last pose, where no layer is temporal."""
        self._check(history)
        heard = slice(None) if 'temporal' in self.aggregation else slice(-1, None)
        scores = self._tensor(history.keypoint_scores)[..., None]
        position = torch.cat([self._relative(self._tensor(history.keypoints), history), scores], dim=-1)[:, heard]
        features = self._tensor(history.features)[:, heard] if self.visual_channels else None
        motion = self._motion(history)[:, heard] if self.motion else None
        nodes = self.encoder.joints(position, features, motion)
        frames, joints = nodes.shape[1:3]
        masks = self._masks(self._tensor(history.valid)[:, heard].bool())
        nodes = nodes.flatten(1, 2)
        for kind, layer in zip(self.aggregation, self.aggregation_layers):
            nodes = layer(nodes, nodes, masks[kind])
        return nodes.unflatten(1, (frames, joints))

    def positions(self, history: InstanceData) -> Tensor:
        """(M, K, 2) image px where `offsets` predict the joints; those that the last pose lacks mean nothing."""
        return self._moved(history, self.output(self.aggregate(history)[:, -1]))

    @torch.no_grad()
    def attention(
        self, history: InstanceData, grid_size: tuple[int, int], search_features: Tensor | None, cells: np.ndarray
    ) -> Tensor:
        """(M, K, K) how much each joint, predicted at `cells` (M, K, 2) x, y of the search regions, listens to each of
        the last pose's joints (last axis) in the last prediction layer, mean over heads. Of `offsets` it is the last
        spatial layer, and `cells` do not count. The other arguments are those of `forward`."""
        spatial = [layer for kind, layer in zip(self.aggregation, self.aggregation_layers) if kind == 'spatial']
        layers = spatial if self.predicts_offsets else self.prediction_layers
        if not len(layers):
            raise ValueError('GNNDynamicsHead: without a spatial or a prediction layer there is no attention to show')
        heard = []
        with layers[-1].register_forward_pre_hook(lambda _, args: heard.extend(args)):
            self(history, grid_size, search_features)
        weights = layers[-1].attention(*heard).mean(1)
        if self.predicts_offsets:
            return weights[:, -self.num_keypoints :, -self.num_keypoints :]
        x, y = torch.as_tensor(cells, device=weights.device).round().long().unbind(-1)
        nodes = y.clamp(0, grid_size[1] - 1) * grid_size[0] + x.clamp(0, grid_size[0] - 1)
        return weights.take_along_dim(nodes[..., None], 1)

    def poses(self, history: InstanceData) -> tuple[np.ndarray, np.ndarray]:
        """(M, K, 2) image px and (M, K) scores of the poses that `offsets` predict, exact where heatmaps have cells."""
        scores = self.fading * np.asarray(history.keypoint_scores)[:, -1] * np.asarray(history.valid)[:, -1]
        return self.positions(history).detach().cpu().numpy(), scores

    def draw(
        self, keypoints: np.ndarray, scores: np.ndarray, regions: np.ndarray | Tensor, grid_size: tuple[int, int]
    ) -> Tensor:
        """(M, K, H, W) Gaussians on regions (M, 4), as high as the scores (M, K), at keypoints (M, K, 2) image px."""
        cells = image_to_cells(keypoints, np.asarray(regions))
        return self._tensor(gaussian_heatmaps(cells, scores, grid_size, self.sigma))

    def loss(
        self,
        history: InstanceData,
        search_features: Tensor | None,
        targets: Tensor | None,
        weights: Tensor,
        keypoints: Tensor | None = None,
    ) -> dict:
        """Squared error against target heatmaps (M, K, H, W), or for `offsets`, which need none, distance from
        keypoints (M, K, 2) image px, weighted per joint (M, K)."""
        if self.predicts_offsets:
            known = (weights * self._tensor(history.valid)[:, -1])[..., None].expand_as(keypoints)
            places = (self._relative(points, history) for points in (self.positions(history), keypoints))
            return dict(loss_positions=self.loss_module(*places, known))
        if targets is None:
            raise ValueError('GNNDynamicsHead: candidates need target heatmaps: PackTubeInputs(heatmaps=True)')
        predicted = self(history, targets.shape[:-3:-1], search_features)
        return dict(loss_heatmaps=self.loss_module(predicted, targets, weights))

    def _moved(self, history: InstanceData, offset: Tensor | float = 0.0) -> Tensor:
        """(M, K, 2) image px: the last pose if people go on as before, and by an offset (M, K, 2) in sizes of the last
        crop beyond that."""
        moved = past(self._velocities(history)[0], self.inertia.shape[1])[:, -1]
        inertia = torch.einsum('mksci,cs->mki', moved.unflatten(-1, (2, 2)), self.inertia)
        return self._tensor(history.keypoints)[:, -1] + (inertia + offset) * self._size(history)

    def _prior(self, history: InstanceData, grid_size: tuple[int, int]) -> Tensor:
        """(M, K, H, W) how likely each cell is by inertia alone, at most 1; 1 for joints that the last pose lacks."""
        expected = self._moved(history)
        spread = self.log_spread.exp()[:, None] * self._size(history)
        regions = self._tensor(history.regions)[:, None, None]
        profiles = []
        for axis, count in enumerate(grid_size):
            places = regions[..., axis] + regions[..., 2 + axis] * torch.arange(count, device=regions.device)
            profiles.append(torch.exp(-0.5 * ((places - expected[..., axis, None]) / spread) ** 2))
        x, y = profiles
        known = self._tensor(history.valid)[:, -1, :, None, None] > 0
        return torch.where(known, y[..., :, None] * x[..., None, :], 1)

    def _motion(self, history: InstanceData) -> Tensor:
        moved, known = self._velocities(history)
        cue = torch.cat([moved * _MOTION_SCALE, known], dim=-1)
        return past(cue, self.motion).flatten(-2)

    def _velocities(self, history: InstanceData) -> tuple[Tensor, Tensor]:
        """See `velocities`, in sizes of the last crop."""
        return velocities(self._tensor(history.keypoints) / self._size(history)[..., None], self._tensor(history.valid))

    def _tensor(self, value: object) -> Tensor:
        parameter = self.encoder.embedding.weight
        return torch.as_tensor(value, dtype=parameter.dtype, device=parameter.device)

    def _size(self, history: InstanceData) -> Tensor:
        """(M, 1, 1) px of the last crop."""
        return self._tensor(history.crops)[:, None, 2:].prod(-1, keepdim=True).sqrt()

    def _relative(self, points: Tensor, history: InstanceData) -> Tensor:
        """Image points (M, ..., 2) relative to the centre of the last crop, in units of its size."""
        crops = self._tensor(history.crops)
        crops = crops.reshape(len(crops), *[1] * (points.ndim - 2), 4)
        offset = points - crops[..., :2]
        return offset / crops[..., 2:].prod(-1, keepdim=True).sqrt() if self.position_scale == 'box' else offset

    def _candidate_positions(self, history: InstanceData, grid_size: tuple[int, int]) -> Tensor:
        """(M, H W, 3) relative x, y and score 1 of every cell of the search regions."""
        regions = self._tensor(history.regions)
        y, x = (torch.arange(count, dtype=regions.dtype, device=regions.device) for count in grid_size[::-1])
        cells = torch.cartesian_prod(y, x).flip(-1)  # x the faster
        position = self._relative(regions[:, None, :2] + cells * regions[:, None, 2:], history)
        return torch.cat([position, torch.ones_like(position[..., :1])], dim=-1)

    def _masks(self, valid: Tensor) -> dict[str, Tensor]:
        """Who listens to whom, (M, L K, L K), for both kinds of layers, from the (M, L, K) joints that there are."""
        frame = torch.arange(valid.shape[1], device=valid.device).repeat_interleave(valid.shape[2])
        back = frame[:, None] - frame[None]
        adjacent = back == 1 if self.temporal == 'past' else back.abs() == 1
        sends = valid.flatten(1)[:, None]
        return dict(spatial=(back == 0) & sends, temporal=adjacent & sends)

    def _check(self, history: InstanceData) -> None:
        joints = history.keypoints.shape[2]
        if joints != self.num_keypoints:
            raise ValueError(f'GNNDynamicsHead was built for {self.num_keypoints} keypoints, the poses have {joints}')
        if self.visual_channels and history.features.shape[-1] != self.visual_channels:
            raise ValueError(
                f'GNNDynamicsHead was built for visual_channels={self.visual_channels}, the features of the history '
                f'have {history.features.shape[-1]} channels'
            )

    def _check_search(self, people: int, grid_size: tuple[int, int], search_features: Tensor | None) -> None:
        expected = (people, self.visual_channels, *grid_size[::-1])
        got = None if search_features is None else tuple(search_features.shape)
        if self.visual_channels and got != expected:
            raise ValueError(
                f'GNNDynamicsHead expects search features (people, visual_channels, H, W) of {expected}, got {got}. '
                'Does visual_channels fit the backbone and its feature_layers?'
            )
