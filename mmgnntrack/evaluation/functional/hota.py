"""HOTA per joint, and its parts: detection (DetA), association (AssA) and localisation (LocA).

Source: J. Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021, computed as in
the authors' TrackEval. In place of the overlap of boxes, two joints at a distance of d head sizes have the similarity
S = max(0, 1 - d), so that S >= 0.5 is PoseTrack's PCKh match.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from .counts import JointCounts
from .matching import NUM_JOINTS, MatchedVideo, contested

#: The similarities from which on a match counts as a true positive; the figures are means over them.
ALPHAS = np.arange(1, 20) / 20
_EPSILON = np.finfo(np.float64).eps


@dataclass
class HotaCounts(JointCounts):
    """What HOTA counts, each (A, K) for the values of `ALPHAS` and the joints in the official order.

    Attributes:
        true_positives: matches whose similarity reaches alpha (TP).
        false_negatives: annotated joints without one (FN).
        false_positives: predicted joints without one (FP).
        association: sum over the true positives of TPA / (TPA + FNA + FPA), where TPA are the frames in which the same
            person and track are a true positive, FNA and FPA those in which the person's or the track's joint is not
            part of such a one.
        similarity: sum over the true positives.
    """

    shape: ClassVar[tuple[int, ...]] = (len(ALPHAS), NUM_JOINTS)

    true_positives: np.ndarray
    false_negatives: np.ndarray
    false_positives: np.ndarray
    association: np.ndarray
    similarity: np.ndarray


def count_hota(video: MatchedVideo) -> HotaCounts:
    """HOTA counts of one sequence, over all its annotated frames.

    In each frame and for each joint, people and predictions are matched one to one such that the sum of similarity x
    alignment is as high as possible. The alignment of a person and a track is the Jaccard index of their joints over
    the whole sequence, before any matching: sum of J / (length of person + length of track - sum of J), where J of a
    pair is its similarity over all similarities that the two have in the frame, its own counted once.
    """
    pairs, joints = np.nonzero(video.distances < 1)
    similarity = 1 - video.distances[pairs, joints]
    link, link_joints, lengths = _links(video, pairs, joints)
    around = sum(_sums(side[pairs], joints, similarity) for side in (video.pair_gt, video.pair_pred))
    shared = np.bincount(link, similarity / (around - similarity), len(lengths))
    matched = _match(video, pairs, joints, similarity * (shared / (lengths - shared))[link])

    link, joints, similarity = link[matched], joints[matched], similarity[matched]
    passed = np.searchsorted(ALPHAS - _EPSILON, similarity, side='right')
    true_positives = _at_each_alpha(joints, passed, np.ones(len(joints)), NUM_JOINTS)
    frames = _at_each_alpha(link, passed, np.ones(len(link)), len(lengths))
    return HotaCounts(
        true_positives=true_positives,
        false_negatives=video.has_gt.sum(0) - true_positives,
        false_positives=video.has_pred.sum(0) - true_positives,
        association=frames**2 / (lengths - frames) @ (link_joints[:, None] == np.arange(NUM_JOINTS)),
        similarity=_at_each_alpha(joints, passed, similarity, NUM_JOINTS),
    )


def _links(video: MatchedVideo, pairs: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The links among candidates for a match. A link is a joint of a person and a track, in whatever frames.

    Args:
        video: M pairs.
        pairs: (L,) the pair of each candidate.
        joints: (L,) its joint.

    Returns:
        (L,) the link of each candidate; (U,) the joint of each link; (U,) in how many frames its person has the joint
        plus in how many its track has it.
    """
    people, tracks = video.gt_tracks[video.pair_gt[pairs]], video.pred_tracks[video.pair_pred[pairs]]
    shape = (NUM_JOINTS, video.gt_tracks.max(initial=0) + 1, video.pred_tracks.max(initial=0) + 1)
    _, first, link = np.unique(
        np.ravel_multi_index((joints, people, tracks), shape), return_index=True, return_inverse=True
    )
    joints, people, tracks = joints[first], people[first], tracks[first]
    lengths = _lengths(video.gt_tracks, video.has_gt)[people, joints]
    return link, joints, lengths + _lengths(video.pred_tracks, video.has_pred)[tracks, joints]


def _sums(side: np.ndarray, joints: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """For each pair and joint the sum over all pairs of one side, a person or a prediction, on that joint."""
    keys = side * NUM_JOINTS + joints
    return np.bincount(keys, similarity)[keys]


def _lengths(tracks: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(tracks, K) in how many frames each track has each joint."""
    lengths = np.zeros((tracks.max(initial=-1) + 1, NUM_JOINTS))
    np.add.at(lengths, tracks, present)
    return lengths


def _match(video: MatchedVideo, pairs: np.ndarray, joints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Which of the candidates (pair, joint) belong to the matching of highest total score; scores are positive."""
    table = np.zeros(video.distances.shape)
    table[pairs, joints] = scores
    matches = table > 0
    frames = video.gt_frames[video.pair_gt[pairs]]
    cells = np.unique((frames * NUM_JOINTS + joints)[contested(video, pairs, joints)])
    for frame, joint in zip(*np.divmod(cells, NUM_JOINTS)):
        own = slice(*video.pair_bounds[frame : frame + 2])
        in_frame = table[own, joint].reshape(video.gt_bounds[frame + 1] - video.gt_bounds[frame], -1)
        chosen = np.zeros(in_frame.shape, bool)
        chosen[linear_sum_assignment(in_frame, maximize=True)] = True
        matches[own, joint] &= chosen.ravel()
    return matches[pairs, joints]


def _at_each_alpha(groups: np.ndarray, passed: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """(A, size) sums of weights over the members of each group that reach alpha.

    Args:
        groups: (m,) below `size`.
        passed: (m,) how many values of `ALPHAS` each reaches.
        weights: (m,).
        size: the number of groups.
    """
    exactly = np.bincount(passed * size + groups, weights, (len(ALPHAS) + 1) * size).reshape(len(ALPHAS) + 1, size)
    return exactly[:0:-1].cumsum(0)[::-1]


def hota_percentages(counts: HotaCounts) -> dict[str, np.ndarray]:
    """HOTA, DetA, AssA and LocA in percent, means over all alphas.

    At each alpha DetA = TP / (TP + FN + FP), AssA and LocA are means of association and similarity over the true
    positives, and HOTA = sqrt(DetA AssA). Without true positives AssA is 0 and LocA 1, as in TrackEval.

    Returns:
        (K,) arrays under `hota`, `deta`, `assa` and `loca`, NaN for joints that are never annotated.
    """
    found = np.maximum(counts.true_positives, 1)
    detection = counts.true_positives / np.maximum(
        counts.true_positives + counts.false_negatives + counts.false_positives, 1
    )
    association = counts.association / found
    figures = {
        'hota': np.sqrt(detection * association),
        'deta': detection,
        'assa': association,
        'loca': np.where(counts.true_positives > 0, counts.similarity / found, 1.0),
    }
    annotated = counts.true_positives[0] + counts.false_negatives[0] > 0
    return {name: np.where(annotated, 100 * values.mean(0), np.nan) for name, values in figures.items()}
