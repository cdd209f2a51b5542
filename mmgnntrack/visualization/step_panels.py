"""The panels that a tracker's steps give."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import image_to_cells
from mmgnntrack.models.pose_tracker import PoseTracker, Step
from mmgnntrack.posetrack import JOINTS

from .drawing import Links
from .panels import attention_panel, fusion_panel, heatmap_panel

#: The panels, and the matchings of a `PoseTracker` that have what they show.
PANELS = dict(fusion=('iou', 'oks', 'gnn', 'full'), heatmaps=('full',), attention=('gnn', 'full'))


def check_panels(panels: Sequence[str], tracker: PoseTracker | None = None) -> None:
    """Refuses names that are not in `PANELS`, and panels of what the tracker's matching does not do.

    Raises:
        ValueError: for those.
    """
    if isinstance(panels, str) or not set(panels) <= PANELS.keys():
        raise ValueError(f'panels must be some of {tuple(PANELS)}, got {panels!r}')
    for panel in () if tracker is None else panels:
        if tracker.matching not in PANELS[panel]:
            possible = ' or '.join(map(repr, PANELS[panel]))
            raise ValueError(f'panel {panel!r} needs matching {possible}, the tracker has {tracker.matching!r}')


def draw_panels(
    panels: Sequence[str],
    image: np.ndarray,
    step: Step,
    tracked: InstanceData,
    tracker: PoseTracker,
    skeleton: Links | None = None,
    score_thr: float = 0.2,
) -> dict[str, np.ndarray]:
    """Some of `PANELS` of a frame, by name: see `fusion_panel`, `heatmap_panel` and `attention_panel`.

    Args:
        panels: their names.
        image: (H, W, 3) uint8 BGR, the frame.
        step: what the tracker's `observer` got of it.
        tracked: the poses of it that were given out.
        tracker: whose step it is.
        skeleton: pairs of joint indices; None for the limbs of PoseTrack's 15 joints.
        score_thr: joints below it are not drawn.
    """
    drawn = {}
    if 'fusion' in panels:
        drawn['fusion'] = fusion_panel(image, step._replace(tracked=tracked), skeleton, score_thr)
    if 'heatmaps' in panels:
        drawn['heatmaps'] = heatmap_panel(image, step, tracker.fused(step.reference, step.estimated, step.matches))
    if 'attention' in panels:
        weights = _attention(step, tracker, score_thr)
        joints = JOINTS if weights.shape[-1] == len(JOINTS) else list(map(str, range(weights.shape[-1])))
        drawn['attention'] = attention_panel(weights, joints, step.reference.instances_id[step.matches.rows])
    return drawn


def _attention(step: Step, tracker: PoseTracker, score_thr: float) -> Tensor:
    """(n, K, K) of the people with a match, see `GNNDynamicsHead.attention`; NaN for joints that are not drawn."""
    rows = step.matches.rows
    history, reference = step.tracklets[rows], step.reference[rows]
    history.crops = tracker.geometry.crops(history.bboxes)
    history.regions = reference.regions
    cells = image_to_cells(reference.keypoints, reference.regions)
    size = tracker.geometry.search_grid_size
    weights = tracker.dynamics_head.attention(history, size, reference.get('feature_maps'), cells)
    weights[reference.keypoint_scores < score_thr] = torch.nan
    return weights
