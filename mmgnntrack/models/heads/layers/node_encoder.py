"""From the cues of a joint to the feature of its node."""

from torch import Tensor, nn

from .message_passing import mlp


class NodeEncoder(nn.Module):
    """Three MLPs map the visual cue, the position and the joint's type to the same width; a node is the mean of
    the cues it has (paper section 3.2).

    Args:
        num_keypoints: joint types K.
        visual_channels: channels C_v of the visual cue; 0 for none (poses alone).
        channels: feature width d.
        motion_channels: channels C_m of a fourth cue, how a joint moves; 0 for none, as in the paper.
        time_channels: channels C_t of a fifth cue, when it was seen; 0 for none, as in the paper.
    """

    def __init__(
        self,
        num_keypoints: int,
        visual_channels: int,
        channels: int,
        motion_channels: int = 0,
        time_channels: int = 0,
    ) -> None:
        super().__init__()
        self.visual = mlp(visual_channels, channels, channels) if visual_channels else None
        self.position = mlp(3, channels, channels)
        self.embedding = nn.Embedding(num_keypoints, channels)
        self.joint_type = mlp(channels, channels, channels)
        self.motion = mlp(motion_channels, channels, channels) if motion_channels else None
        self.time = mlp(time_channels, channels, channels) if time_channels else None

    def joints(
        self, position: Tensor, visual: Tensor | None, motion: Tensor | None = None, time: Tensor | None = None
    ) -> Tensor:
        """Nodes (..., K, d) of joints with position (..., K, 3: x, y, score), visual cue (..., K, C_v), motion
        (..., K, C_m) and time (..., K, C_t)."""
        cues = [self.position(position), self.joint_type(self.embedding.weight).expand(*position.shape[:-1], -1)]
        if self.motion is not None:
            cues.append(self.motion(motion))
        if self.time is not None:
            cues.append(self.time(time))
        return self._mean(cues, visual)

    def candidates(self, position: Tensor, visual: Tensor | None) -> Tensor:
        """Nodes (..., d) of candidate locations, which have no joint type, with an encoded position (..., d) and visual
        cue (..., C_v)."""
        return self._mean([position], visual)

    def _mean(self, cues: list[Tensor], visual: Tensor | None) -> Tensor:
        if self.visual is not None:
            cues.append(self.visual(visual))
        return sum(cues) / len(cues)
