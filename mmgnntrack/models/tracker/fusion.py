"""One heatmap of what was estimated and what was predicted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import Matches, centred_regions, upload
from mmgnntrack.functional.heatmaps import fuse_heatmaps, resample_heatmaps
from mmgnntrack.settings import in_range, one_of

#: People whose heatmaps are fused at once: what they take stays near the processor.
_AT_ONCE = 64

#: Estimated and predicted heatmaps (n, K, H, W) on one grid, the cells (n, 1, H, W) that the prediction covers, its
#: share (n, 1, 1, 1) and the confidence's power, to fused heatmaps.
FUSIONS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]] = dict(mean=fuse_heatmaps)


@dataclass
class HeatmapFusion:
    """Fuses the heatmaps of matches.

    Args:
        fusion: the rule, one of `FUSIONS`.
        predicted_weight: share of the predicted heatmap in the fusion; the paper averages (0.5).
        confidence_power: how much the surer of the two heatmaps outweighs the other (see `functional.fuse_heatmaps`);
            0 for the paper's fixed average.
        unseen_power: how much less the prediction weighs for people who were not seen lately: its share is divided by
            this power of the frames since they were.
        alignment: whether the predicted heatmap is fused where it lies in the image (`exact`, both regions are known),
            or with its centre on that of the estimated one (`centre`), as in the paper.
    """

    fusion: str = 'mean'
    predicted_weight: float = 0.5
    confidence_power: float = 0.0
    unseen_power: float = 0.0
    alignment: str = 'exact'

    def __post_init__(self) -> None:
        one_of('PoseTracker', 'fusion', self.fusion, FUSIONS)
        one_of('PoseTracker', 'alignment', self.alignment, ('exact', 'centre'))
        in_range('PoseTracker', 0, 1, predicted_weight=self.predicted_weight)
        in_range('PoseTracker', 0, 100, confidence_power=self.confidence_power, unseen_power=self.unseen_power)

    def fuse(self, reference: InstanceData, estimated: InstanceData, matches: Matches) -> Tensor:
        """(n, K, H, W) fused heatmaps of the n matches, on the estimated ones' regions.

        Args:
            reference: M predicted poses with heatmaps (M, K, H', W') on regions (M, 4), and `unseen` (M,) frames.
            estimated: N poses with heatmaps (N, K, H, W) on regions (N, 4).
            matches: of the two.
        """
        own = estimated.heatmaps
        fused = own.new_empty(len(matches.rows), *own.shape[1:], dtype=torch.float32)
        for start in range(0, len(fused), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            fused[some] = self._fused(reference, estimated, matches.rows[some], matches.cols[some])
        return fused

    def _fused(self, reference: InstanceData, estimated: InstanceData, rows: np.ndarray, cols: np.ndarray) -> Tensor:
        """`fuse` of the matches of rows (n,) with cols (n,)."""
        own = estimated.heatmaps[upload(cols, estimated.heatmaps)].float()
        predicted = reference.heatmaps[upload(rows, estimated.heatmaps)]
        regions, place = estimated.regions[cols], reference.regions[rows]
        weight = self.predicted_weight / reference.unseen[rows] ** self.unseen_power
        size = own.shape[:-3:-1]
        if self.alignment == 'centre':
            place = centred_regions(place, predicted.shape[:-3:-1], regions, size)
        aligned, covered = resample_heatmaps(predicted, place, regions, size)
        weight = upload(weight, own, own.dtype)[:, None, None, None]
        return FUSIONS[self.fusion](own, aligned, covered, weight, self.confidence_power)
