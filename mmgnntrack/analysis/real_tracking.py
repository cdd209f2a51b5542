"""Tracking of annotated poses that were made as bad as estimated ones, with and without learned dynamics."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from mmgnntrack.posetrack import PoseVideo

from .given_pose_trackers import our_tracker, score, tracked
from .pose_corruption import HARD, MILD, Corruption, corrupted

LEVELS: dict[str, Corruption] = dict(mild=MILD, hard=HARD)
COLUMNS = ('MOTA', 'IDF1', 'HOTA', 'Switch')
#: Of each tracker the settings that are tried; those with the best MOTA on the tuning videos are taken.
MIN_SIMILARITIES = (0.05, 0.3)
TRACKERS: dict[str, list[dict]] = {
    'iou': [dict(matching='iou')],
    'oks': [dict(matching='oks')],
    'Kalman filter, oks': [
        dict(
            matching='gnn',
            similarity='oks',
            memory=dict(type='mmgnntrack.TrackMemory', length=15),
            dynamics_head=dict(type='mmgnntrack.KalmanDynamics', noise=noise, acceleration=0.005),
        )
        for noise in (0.01, 0.03)
    ],
    'gnn': [dict(matching='gnn')],
    'full': [dict(matching='full', predicted_score_thr=least) for least in (0.4, 0.6)],
    'distance, joined': [dict(matching='distance', join=15)],
    'gnn, joined': [dict(matching='gnn', join=15)],
    'full, joined': [dict(matching='full', predicted_score_thr=least, join=15) for least in (0.4, 0.6)],
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
        trackers = [our_tracker(config.model.tracker, choice, weights) for choice in choices]
        scores = [score(tuning, tracked(tracker, bad_tuning))['MOTA'] for tracker in trackers]
        found[name] = tracked(trackers[int(np.argmax(scores))], bad)
    return found
