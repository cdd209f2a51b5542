"""HOTA as PoseTrack21's development kit defines it, which is what papers about that data set print.

Source: https://github.com/anDoer/PoseTrack21, eval/posetrack21. It differs from the definition that `hota` follows: the
similarity falls to zero at half a head size, people and predictions are matched by similarity alone, whatever else
their tracks share, and the totals are no means of the joints' figures.
"""

from dataclasses import fields
from typing import ClassVar

import numpy as np

from mmgnntrack.posetrack import PoseVideo

from .hota import ALPHAS, HotaCounts, Links, match_candidates, sums_over_matches
from .matching import NUM_JOINTS, POSETRACK21, MatchedVideo, match_video

#: Head sizes at which the similarity is zero: a little more than the half that still counts as a match.
_REACH = 0.5001


class PoseTrack21Counts(HotaCounts):
    """What this HOTA counts, each (A, K + 1), the last the total over the joints."""

    shape: ClassVar[tuple[int, ...]] = (len(ALPHAS), NUM_JOINTS + 1)


def count_posetrack21(gt: PoseVideo, pred: PoseVideo, *, official_quirks: bool = True) -> PoseTrack21Counts:
    """HOTA counts of one sequence, over the frames that annotators looked at.

    Args:
        gt: see `match_video`.
        pred: see `match_video`.
        official_quirks: count as the kit does: a frame without annotated people has all predicted joints of the
            sequence as false positives, a frame without predictions all its annotated joints as false negatives.
    """
    video = match_video(gt, pred, POSETRACK21)
    pairs, joints = np.nonzero(video.distances < _REACH)
    similarity = 1 - video.distances[pairs, joints] / _REACH
    links = Links.of(video, pairs, joints)
    matched = match_candidates(video, pairs, joints, similarity)
    annotated, predicted = _seen(video, official_quirks)
    return _with_total(sums_over_matches(links, matched, similarity, annotated, predicted))


def _seen(video: MatchedVideo, official_quirks: bool) -> tuple[np.ndarray, np.ndarray]:
    """(K,) annotated and (K,) predicted joints."""
    annotated, predicted = video.has_gt.sum(0), video.has_pred.sum(0)
    if not official_quirks:
        return annotated, predicted
    nobody, nothing = (np.diff(bounds) == 0 for bounds in (video.gt_bounds, video.pred_bounds))
    in_others = video.has_gt[~nothing[video.gt_frames]].sum(0), video.has_pred[~nobody[video.pred_frames]].sum(0)
    return in_others[0] + (nothing & ~nobody).sum() * annotated, in_others[1] + nobody.sum() * predicted


def _with_total(counts: HotaCounts) -> PoseTrack21Counts:
    """Joints and errors total to their sums, what is divided by the true positives to the mean of the joints' means."""
    found = counts.true_positives.sum(1)

    def total(name: str, values: np.ndarray) -> np.ndarray:
        if name in ('true_positives', 'false_negatives', 'false_positives'):
            return values.sum(1)
        nothing = float(name == 'similarity')
        means = np.where(counts.true_positives > 0, values / np.maximum(counts.true_positives, 1), nothing)
        return found * means.mean(1)

    return PoseTrack21Counts(
        **{
            item.name: np.append(values, total(item.name, values)[:, None], axis=1)
            for item in fields(counts)
            for values in [getattr(counts, item.name)]
        }
    )
