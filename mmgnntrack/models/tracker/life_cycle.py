"""Who is tracked, and who is shown."""

from dataclasses import dataclass

import numpy as np

from mmgnntrack.settings import in_range, of_type

from .modes import Mode


@dataclass
class LifeCycle:
    """When a tracklet begins, goes on without a detection, and is given out without one.

    Args:
        mode: of the tracker.
        init_score_thr: mean joint score that starts a tracklet.
        max_tracks: tracklets at a time, where it is known how many people there are; the surest begin. None for any.
        predicted_score_thr: mean joint score at which an unmatched prediction is given out as the pose.
        coasting: whether people without a match are remembered where they are predicted, also if that is not given out,
            so that they are looked for there; otherwise, as in the paper, where they were seen last.
    """

    mode: Mode
    init_score_thr: float = 0.3
    max_tracks: int | None = None
    predicted_score_thr: float = 0.3
    coasting: bool = False

    def __post_init__(self) -> None:
        in_range('PoseTracker', init_score_thr=self.init_score_thr, predicted_score_thr=self.predicted_score_thr)
        of_type('PoseTracker', bool, coasting=self.coasting)
        if self.max_tracks is not None:
            of_type('PoseTracker', int, max_tracks=self.max_tracks)
            in_range('PoseTracker', 1, max_tracks=self.max_tracks)

    def seen(self, scores: np.ndarray) -> np.ndarray:
        """(n,) which poses, with joint scores (n, K), show somebody clearly enough to start a tracklet."""
        return scores.mean(-1) >= self.init_score_thr

    def born(self, scores: np.ndarray, living: int) -> np.ndarray:
        """The indices of the poses without a match, with joint scores (n, K), that start a tracklet beside so many."""
        new = np.flatnonzero(self.seen(scores))
        if self.max_tracks is None:
            return new
        surest = np.argsort(-scores[new].mean(-1), kind='stable')
        return np.sort(new[surest[: max(self.max_tracks - living, 0)]])

    def kept(self, scores: np.ndarray) -> np.ndarray:
        """(n,) who of people without a match is remembered as predicted, with joint scores (n, K)."""
        return self.shown(scores) | (self.mode.predicts and self.coasting)

    def shown(self, scores: np.ndarray) -> np.ndarray:
        """(n,) which predictions, with joint scores (n, K), are given out as poses that the detector missed."""
        return (scores.mean(-1) >= self.predicted_score_thr) & self.mode.fuses
