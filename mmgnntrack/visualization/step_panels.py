"""The panels that a tracker's steps give."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmengine.structures import InstanceData

from mmgnntrack.models import PoseTracker, Step
from mmgnntrack.models.tracker import MODES, Mode
from mmgnntrack.posetrack import skeleton_of

from .panels import attention_panel, fusion_panel, heatmap_panel
from .poses import Links

#: The frame (H, W, 3) uint8 BGR, what the tracker did in it, the tracker, the skeleton's links and the score below
#: which joints are not drawn, to a picture (H', W', 3) uint8 BGR.
Draw = Callable[[np.ndarray, Step, PoseTracker, Links | None, float], np.ndarray]


class Panel(NamedTuple):
    """A kind of picture, and whether a tracker of some mode does what it shows."""

    possible: Callable[[Mode], bool]
    draw: Draw


def _fusion(
    image: np.ndarray, step: Step, tracker: PoseTracker, skeleton: Links | None, score_thr: float
) -> np.ndarray:
    return fusion_panel(image, step, skeleton, score_thr)


def _heatmaps(
    image: np.ndarray, step: Step, tracker: PoseTracker, skeleton: Links | None, score_thr: float
) -> np.ndarray:
    return heatmap_panel(image, step)


def _attention(
    image: np.ndarray, step: Step, tracker: PoseTracker, skeleton: Links | None, score_thr: float
) -> np.ndarray:
    """Of the people with a match; joints that are not drawn are blank."""
    rows = step.matches.rows
    reference = step.reference[rows]
    weights = tracker.predictor.attention(step.tracklets[rows], step.frame_id, reference)
    weights[reference.keypoint_scores < score_thr] = torch.nan
    known = skeleton_of(weights.shape[-1])
    joints = known.joints if known else list(map(str, range(weights.shape[-1])))
    return attention_panel(weights, joints, reference.instances_id)


#: By their names on the command line.
PANELS = dict(
    fusion=Panel(lambda mode: True, _fusion),
    heatmaps=Panel(lambda mode: mode.fuses, _heatmaps),
    attention=Panel(lambda mode: mode.predicts, _attention),
)


def check_panels(panels: Sequence[str], tracker: PoseTracker | None = None) -> None:
    """Refuses names that are not in `PANELS`, and panels of what the tracker's matching does not do.

    Raises:
        ValueError: for those.
    """
    if isinstance(panels, str) or not set(panels) <= PANELS.keys():
        raise ValueError(f'panels must be some of {tuple(PANELS)}, got {panels!r}')
    for panel in () if tracker is None else panels:
        if not PANELS[panel].possible(tracker.mode):
            possible = ' or '.join(repr(name) for name, mode in MODES.items() if PANELS[panel].possible(mode))
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
        skeleton: pairs of joint indices; None for PoseTrack's 15 or COCO's 17 joints.
        score_thr: joints below it are not drawn.
    """
    step = step._replace(tracked=tracked)
    return {name: PANELS[name].draw(image, step, tracker, skeleton, score_thr) for name in PANELS if name in panels}
