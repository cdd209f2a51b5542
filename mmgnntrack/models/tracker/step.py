"""A frame of the tracker, for pictures."""

from typing import NamedTuple

from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import Matches


class Step(NamedTuple):
    """What the tracker saw and did in a frame.

    Attributes:
        frame_id: number of the frame.
        tracklets: the memory before the frame (see `TrackMemory`).
        reference: M predicted or last poses, see `PoseTracker.reference`.
        estimated: N poses.
        matches: of the two.
        fused: (n, K, H, W) heatmaps of the n matches on the estimated ones' regions; None where nothing is fused.
        tracked: the final poses, also those that are remembered but not given out.
    """

    frame_id: int
    tracklets: InstanceData
    reference: InstanceData
    estimated: InstanceData
    matches: Matches
    fused: Tensor | None
    tracked: InstanceData
