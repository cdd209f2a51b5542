"""HOTA per joint, and its parts: detection (DetA), association (AssA), fragmentation (FragA) and localisation (LocA).

Source: J. Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021, computed as in
the authors' TrackEval. In place of the overlap of boxes, two joints at a distance of d head sizes have the similarity
S = max(0, 1 - d), so that S >= 0.5 is PoseTrack's PCKh match. PoseTrack21's kit defines it otherwise, see
`hota_posetrack21`; FragA is from there.
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
        fragmentation: sum over the true positives of TPF / (TPA + FNA + FPA), where TPF are those of them in the same
            fragment, a row of true positives of a person with one track, whatever is missed between.
        similarity: sum over the true positives.
    """

    shape: ClassVar[tuple[int, ...]] = (len(ALPHAS), NUM_JOINTS)

    true_positives: np.ndarray
    false_negatives: np.ndarray
    false_positives: np.ndarray
    association: np.ndarray
    fragmentation: np.ndarray
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
    links = Links.of(video, pairs, joints)
    around = sum(_sums(side[pairs], joints, similarity) for side in (video.pair_gt, video.pair_pred))
    shared = np.bincount(links.of_candidates, similarity / (around - similarity), len(links.lengths))
    aligned = (shared / (links.lengths - shared))[links.of_candidates]
    matched = match_candidates(video, pairs, joints, similarity * aligned)
    return sums_over_matches(links, matched, similarity, video.has_gt.sum(0), video.has_pred.sum(0))


def sums_over_matches(
    links: 'Links', matched: np.ndarray, similarity: np.ndarray, annotated: np.ndarray, predicted: np.ndarray
) -> HotaCounts:
    """The counts that follow from a matching.

    Args:
        links: of L candidates, in the order of frames.
        matched: (L,) which of them match.
        similarity: (L,).
        annotated: (K,) annotated joints.
        predicted: (K,) predicted joints.
    """
    link, similarity = links.of_candidates[matched], similarity[matched]
    joints = links.joints[link]
    passed = np.searchsorted(ALPHAS - _EPSILON, similarity, side='right')
    true_positives = _at_each_alpha(joints, passed, np.ones(len(joints)), NUM_JOINTS)
    frames = _at_each_alpha(link, passed, np.ones(len(link)), len(links.lengths))
    either = links.lengths - frames
    of_joint = links.joints[:, None] == np.arange(NUM_JOINTS)
    return HotaCounts(
        true_positives=true_positives,
        false_negatives=annotated - true_positives,
        false_positives=predicted - true_positives,
        association=frames**2 / either @ of_joint,
        fragmentation=_fragments(links, link, passed) / either @ of_joint,
        similarity=_at_each_alpha(joints, passed, similarity, NUM_JOINTS),
    )


def _fragments(links: 'Links', link: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """(A, U) the sum over the fragments of a link of their squared lengths, for the links (m,) of matches in the order
    of frames, each of which passes so many (m,) alphas."""
    order = np.argsort(links.people[link] * NUM_JOINTS + links.joints[link], kind='stable')
    link, passed = link[order], passed[order]
    found = np.zeros((len(ALPHAS), len(links.lengths)))
    for alpha, row in enumerate(found):
        own = link[passed > alpha]
        begins = np.append(True, own[1:] != own[:-1])[: len(own)]  # another track, joint or person
        lengths = np.bincount(np.cumsum(begins) - 1)
        np.add.at(row, own[begins], lengths**2)
    return found


@dataclass
class Links:
    """The links among candidates for a match. A link is a joint of a person and a track, in whatever frames.

    Attributes:
        of_candidates: (L,) the link of each candidate.
        joints: (U,) the joint of each link.
        people: (U,) its person.
        lengths: (U,) in how many frames its person has the joint plus in how many its track has it.
    """

    of_candidates: np.ndarray
    joints: np.ndarray
    people: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, video: MatchedVideo, pairs: np.ndarray, joints: np.ndarray) -> 'Links':
        """Those of candidates in a video.

        Args:
            video: M pairs.
            pairs: (L,) the pair of each candidate.
            joints: (L,) its joint.
        """
        people, tracks = video.gt_tracks[video.pair_gt[pairs]], video.pred_tracks[video.pair_pred[pairs]]
        shape = (NUM_JOINTS, video.gt_tracks.max(initial=0) + 1, video.pred_tracks.max(initial=0) + 1)
        _, first, link = np.unique(
            np.ravel_multi_index((joints, people, tracks), shape), return_index=True, return_inverse=True
        )
        joints, people, tracks = joints[first], people[first], tracks[first]
        lengths = _lengths(video.gt_tracks, video.has_gt)[people, joints]
        return cls(link, joints, people, lengths + _lengths(video.pred_tracks, video.has_pred)[tracks, joints])


def _sums(side: np.ndarray, joints: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """For each pair and joint the sum over all pairs of one side, a person or a prediction, on that joint."""
    keys = side * NUM_JOINTS + joints
    return np.bincount(keys, similarity)[keys]


def _lengths(tracks: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(tracks, K) in how many frames each track has each joint."""
    lengths = np.zeros((tracks.max(initial=-1) + 1, NUM_JOINTS))
    np.add.at(lengths, tracks, present)
    return lengths


def match_candidates(video: MatchedVideo, pairs: np.ndarray, joints: np.ndarray, scores: np.ndarray) -> np.ndarray:
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
    """HOTA, DetA, AssA, FragA and LocA in percent, means over all alphas.

    At each alpha DetA = TP / (TP + FN + FP), AssA and LocA are means of association and similarity over the true
    positives, and HOTA = sqrt(DetA AssA). Without true positives AssA is 0 and LocA 1, as in TrackEval.

    Returns:
        (K,) arrays under `hota`, `deta`, `assa`, `fraga` and `loca`, NaN for joints that are never annotated.
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
        'fraga': counts.fragmentation / found,
        'loca': np.where(counts.true_positives > 0, counts.similarity / found, 1.0),
    }
    annotated = counts.true_positives[0] + counts.false_negatives[0] > 0
    return {name: np.where(annotated, 100 * values.mean(0), np.nan) for name, values in figures.items()}
