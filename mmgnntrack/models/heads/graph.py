"""The graph neural network over the joints of a person's last poses."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS as POSE_MODELS
from torch import Tensor, nn
from torch.nn.functional import pad

from mmgnntrack.functional import upload
from mmgnntrack.settings import one_of, share_out

from .base import DynamicsHead
from .layers import MessagePassing, NodeEncoder, mlp, past, velocities

#: What frames move is a few percent of a box: this makes it as large as the other cues.
_MOTION_SCALE = 20.0
#: Channels of the motion cue: the joint's own motion, that of the body, and whether the joint's own is known.
_MOTION_CHANNELS = 5


@dataclass(frozen=True)
class Graph:
    """How the joints of the history exchange messages.

    Args:
        feat_channels: feature width d; the paper does not say, 256 fits its half-width ablation with 128.
        aggregation: the kinds of the layers, `spatial` or `temporal`, in order.
        num_heads: attention heads of all layers.
        scaled_attention: see `MessagePassing`.
        temporal: whether a joint listens to the frames before and after (`both`), or to the one before only (`past`).
        position_scale: positions relative to the last crop's centre are divided by its size (`box`), which makes the
            head independent of how large people are, or left in `pixel`.
        motion: give the joints a fourth cue, how far they and the whole body moved in each of so many frames before.
    """

    feat_channels: int = 256
    aggregation: Sequence[str] = ('spatial', 'temporal', 'spatial', 'temporal')
    num_heads: int = 1
    scaled_attention: bool = True
    temporal: str = 'both'
    position_scale: str = 'box'
    motion: int = 0

    def __post_init__(self) -> None:
        for kind in self.aggregation:
            one_of('GNNDynamicsHead', 'aggregation', kind, ('spatial', 'temporal'))
        one_of('GNNDynamicsHead', 'temporal', self.temporal, ('both', 'past'))
        one_of('GNNDynamicsHead', 'position_scale', self.position_scale, ('box', 'pixel'))

    def layers(self, count: int) -> nn.ModuleList:
        """So many layers of message passing."""
        layers = (MessagePassing(self.feat_channels, self.num_heads, self.scaled_attention) for _ in range(count))
        return nn.ModuleList(layers)


class GraphHead(DynamicsHead):
    """A head whose joints of the history exchange messages (Yang et al., CVPR 2021, section 3.2).

    Args:
        num_keypoints: K.
        visual_channels: C, 144 for the three high-resolution branches of HRNet-W48; 0 for poses alone.
        loss: MMPose loss, None for the head's usual one.
        timed: whether the joints know when they were seen; then the history has `joint_ages` (M, L, K).
        **settings: see `Graph`.
    """

    #: Type of the MMPose loss.
    usual_loss: str

    def __init__(
        self,
        num_keypoints: int,
        visual_channels: int = 144,
        loss: dict | None = None,
        timed: bool = False,
        init_cfg: dict | None = None,
        **settings: object,
    ) -> None:
        super().__init__(init_cfg)
        (settings,) = share_out('GNNDynamicsHead', settings, Graph, besides=('visual_channels', 'loss', 'output'))
        self.num_keypoints = num_keypoints
        self.visual_channels = visual_channels
        self.graph = graph = Graph(**settings)
        self.timed = timed
        cues = _MOTION_CHANNELS * graph.motion, timed * (graph.motion + 2)
        self.encoder = NodeEncoder(num_keypoints, visual_channels, graph.feat_channels, *cues)
        self.aggregation_layers = graph.layers(len(graph.aggregation))
        self.loss_module = POSE_MODELS.build(loss or dict(type=self.usual_loss, use_target_weight=True))

    def aggregate(self, history: InstanceData) -> Tensor:
        """The nodes (M, L, K, d) of the joints of the history after message passing among them; (M, 1, K, d), those of
        the last pose, where no layer is temporal."""
        self._check(history)
        heard = slice(None) if 'temporal' in self.graph.aggregation else slice(-1, None)
        scores = self._tensor(history.keypoint_scores)[..., None]
        position = torch.cat([self._relative(self._tensor(history.keypoints), history), scores], dim=-1)[:, heard]
        features = self._tensor(history.features)[:, heard] if self.visual_channels else None
        motion = self._motion(history)[:, heard] if self.graph.motion else None
        time = self._time(history)[:, heard] if self.timed else None
        nodes = self.encoder.joints(position, features, motion, time)
        frames, joints = nodes.shape[1:3]
        masks = self._masks(self._tensor(history.valid)[:, heard].bool())
        nodes = nodes.flatten(1, 2)
        for kind, layer in zip(self.graph.aggregation, self.aggregation_layers):
            nodes = layer(nodes, nodes, masks[kind])
        return nodes.unflatten(1, (frames, joints))

    def _add_output(self, channels: int) -> None:
        """Adds the MLP that makes so many channels of a node."""
        self.output = mlp(self.graph.feat_channels, self.graph.feat_channels, channels)

    def _add_inertia(self) -> None:
        """Adds the shares of the last motions, the joint's own and the body's, the newest last. Without training people
        go on as the body moved, a little slower."""
        self.inertia = nn.Parameter(torch.zeros(2, max(self.graph.motion, 1)))
        nn.init.constant_(self.inertia[1, -1:], 0.7)

    def _moved(self, history: InstanceData, offset: Tensor | float = 0.0) -> Tensor:
        """(M, K, 2) image px: the last pose if people go on as before, and by an offset (M, K, 2) in sizes of the last
        crop a frame beyond that."""
        moved = past(self._velocities(history)[0], self.inertia.shape[1])[:, -1]
        inertia = torch.einsum('mksci,cs->mki', moved.unflatten(-1, (2, 2)), self.inertia)
        age = self._tensor(history.ages)[:, -1, None, None]
        return self._tensor(history.keypoints)[:, -1] + (inertia + offset) * self._size(history) * age

    def _motion(self, history: InstanceData) -> Tensor:
        moved, known = self._velocities(history)
        cue = torch.cat([moved * _MOTION_SCALE, known], dim=-1)
        return past(cue, self.graph.motion).flatten(-2)

    def _time(self, history: InstanceData) -> Tensor:
        """(M, L, K, motion + 2) the logarithms of the frames between the last poses, since the pose, and since the
        joint was seen."""
        ages, joints = history.ages, history.joint_ages[..., None]
        between = pad(ages[:, :-1] - ages[:, 1:], (1, 0), value=1.0)
        steps = past(torch.log(between)[..., None, None].expand_as(joints), self.graph.motion).flatten(-2)
        return torch.cat([steps, torch.log(ages)[..., None, None].expand_as(joints), torch.log(joints)], dim=-1)

    def _velocities(self, history: InstanceData) -> tuple[Tensor, Tensor]:
        """See `velocities`, in sizes of the last crop."""
        places = self._tensor(history.keypoints) / self._size(history)[..., None]
        return velocities(places, self._tensor(history.valid), self._tensor(history.ages))

    def _tensor(self, value: object) -> Tensor:
        parameter = self.encoder.embedding.weight
        return upload(value, parameter, parameter.dtype)

    def _size(self, history: InstanceData) -> Tensor:
        """(M, 1, 1) px of the last crop."""
        return self._tensor(history.crops)[:, None, 2:].prod(-1, keepdim=True).sqrt()

    def _relative(self, points: Tensor, history: InstanceData) -> Tensor:
        """Image points (M, ..., 2) relative to the centre of the last crop, in units of its size."""
        crops = self._tensor(history.crops)
        crops = crops.reshape(len(crops), *[1] * (points.ndim - 2), 4)
        offset = points - crops[..., :2]
        boxes = self.graph.position_scale == 'box'
        return offset / crops[..., 2:].prod(-1, keepdim=True).sqrt() if boxes else offset

    def _masks(self, valid: Tensor) -> dict[str, Tensor]:
        """Who listens to whom, (M, L K, L K), for both kinds of layers, from the (M, L, K) joints that there are."""
        frame = torch.arange(valid.shape[1], device=valid.device).repeat_interleave(valid.shape[2])
        back = frame[:, None] - frame[None]
        adjacent = back == 1 if self.graph.temporal == 'past' else back.abs() == 1
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
