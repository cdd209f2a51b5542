"""IDF1 per joint: for how much of the annotated and predicted time a person has the one track that is theirs.

Source: E. Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", ECCV Workshops
2016, with PoseTrack's PCKh match in place of the overlap of boxes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .counts import JointCounts
from .matching import DISTANCE_THRESHOLD, NUM_JOINTS, MatchedVideo


@dataclass
class IdentityCounts(JointCounts):
    """What IDF1 counts, each (K,) for joints in the official order.

    Attributes:
        true_positives: joints within the threshold in frames where person and track belong together (IDTP).
        objects: annotated joints, IDTP + IDFN.
        predicted: predicted joints, IDTP + IDFP.
    """

    true_positives: np.ndarray
    objects: np.ndarray
    predicted: np.ndarray


def count_identities(video: MatchedVideo) -> IdentityCounts:
    """IDF1 counts of one sequence, over all its annotated frames.

    For each joint, people and tracks are paired one to one over the whole sequence such that their joints lie within
    half a head size of one another in as many frames as possible. That is the pairing of least IDFN + IDFP.
    """
    shape = (NUM_JOINTS, video.gt_tracks.max(initial=-1) + 1, video.pred_tracks.max(initial=-1) + 1)
    pairs, joints = np.nonzero(video.distances <= DISTANCE_THRESHOLD)
    ends = video.gt_tracks[video.pair_gt[pairs]], video.pred_tracks[video.pair_pred[pairs]]
    together = np.bincount(np.ravel_multi_index((joints, *ends), shape), minlength=np.prod(shape)).reshape(shape)
    return IdentityCounts(
        true_positives=np.array([frames[linear_sum_assignment(frames, maximize=True)].sum() for frames in together]),
        objects=video.has_gt.sum(0),
        predicted=video.has_pred.sum(0),
    )


def identity_f1(counts: IdentityCounts) -> np.ndarray:
    """(K,) IDF1 = 2 IDTP / (2 IDTP + IDFP + IDFN) in percent, NaN for joints that are never annotated."""
    with np.errstate(invalid='ignore', divide='ignore'):
        f1 = 100 * (2 * counts.true_positives / (counts.objects + counts.predicted))
    return np.where(counts.objects > 0, f1, np.nan)
