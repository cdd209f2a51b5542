"""Tracking of annotated poses that were made as bad as estimated ones, with and without learned dynamics."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from mmgnntrack.evaluation.functional import evaluate
from mmgnntrack.models import PoseTracker, track_given_poses
from mmgnntrack.posetrack import PoseVideo
from mmgnntrack.registry import MODELS

from .pose_corruption import HARD, MILD, Corruption, corrupted

LEVELS: dict[str, Corruption] = dict(mild=MILD, hard=HARD)
COLUMNS = ('MOTA', 'IDF1', 'HOTA', 'Switch')
#: Of each tracker the settings that are tried; those with the best MOTA on the tuning videos are taken.
MIN_SIMILARITIES = (0.05, 0.3)
TRACKERS: dict[str, list[dict]] = {
    'iou': [{}],
    'oks': [{}],
    'Kalman filter, oks': [
        dict(
            matching='gnn',
            memory=dict(type='mmgnntrack.TrackMemory', length=15),
            dynamics_head=dict(type='mmgnntrack.KalmanDynamics', noise=noise, acceleration=0.005),
        )
        for noise in (0.01, 0.03)
    ],
    'gnn': [{}],
    'full': [dict(predicted_score_thr=score, predicted_weight=0.25) for score in (0.5, 0.7)],
}


def track_all(
    config: Config,
    weights: dict[str, Tensor],
    tuning: Sequence[PoseVideo],
    videos: Sequence[PoseVideo],
    level: str,
    seed: int,
) -> dict[str, list[PoseVideo]]:
    """What each tracker makes of videos.

    Args:
        config: of the tracker.
        weights: of the dynamics head, trained on others than `videos`.
        tuning: annotated videos on which the settings are chosen.
        videos: annotated videos to track.
        level: key of `LEVELS`.
        seed: of the corruption.
    """
    torch.set_num_threads(1)
    init_default_scope(config.default_scope)
    rng = np.random.default_rng(seed)
    bad_tuning, bad = ([corrupted(video, LEVELS[level], rng) for video in group] for group in (tuning, videos))
    found = {}
    for name, variants in TRACKERS.items():
        choices = [dict(variant, min_similarity=least) for variant in variants for least in MIN_SIMILARITIES]
        trackers = [build(config, name, choice, weights) for choice in choices]
        scores = [score(tuning, tracked(tracker, bad_tuning))['MOTA'] for tracker in trackers]
        found[name] = tracked(trackers[int(np.argmax(scores))], bad)
    return found


def build(config: Config, name: str, choice: dict, weights: dict[str, Tensor]) -> PoseTracker:
    """A tracker of `TRACKERS`."""
    settings = dict(config.model.tracker, matching=name, init_score_thr=0.0) | choice
    if name in ('iou', 'oks'):
        settings['dynamics_head'] = None
    tracker = MODELS.build(settings).eval()
    if name in ('gnn', 'full'):
        tracker.dynamics_head.load_state_dict(weights)
    return tracker


@torch.no_grad()
def tracked(tracker: PoseTracker, videos: Sequence[PoseVideo]) -> list[PoseVideo]:
    """The videos with the tracked poses."""
    return [replace(video, frames=list(track_given_poses(tracker, video.frames))) for video in videos]


def score(truth: Sequence[PoseVideo], found: Sequence[PoseVideo]) -> dict[str, float]:
    """Percentages, of all joints."""
    result = evaluate(truth, found, official_quirks=False)
    values = (result.mota, result.idf1, result.hota, result.switch_rate)
    return {column: float(figure[-1]) for column, figure in zip(COLUMNS, values, strict=True)}
