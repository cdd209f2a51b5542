"""CLEAR-MOT per joint: misses, false positives and switches of identity.

Source: K. Bernardin and R. Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics",
EURASIP Journal on Image and Video Processing, 2008, with the matching of the library py-motmetrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import linear_sum_assignment

from .matching import NUM_JOINTS, MatchedFrame


@dataclass
class MotCounts:
    """What CLEAR-MOT counts, each (K,) for joints in the official order.

    Attributes:
        misses: annotated joints without a match.
        switches: matches with another track than the last one the person was matched with, however long ago.
        false_positives: predicted joints without a match.
        objects: annotated joints.
        detections: matches, switches among them.
        distance: sum of distances in head sizes.
    """

    misses: np.ndarray
    switches: np.ndarray
    false_positives: np.ndarray
    objects: np.ndarray
    detections: np.ndarray
    distance: np.ndarray

    @classmethod
    def zeros(cls) -> 'MotCounts':
        """Nothing counted yet."""
        return cls(*(np.zeros(NUM_JOINTS) for _ in fields(cls)))

    def __add__(self, other: 'MotCounts') -> 'MotCounts':
        return MotCounts(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))


def match_joints(distances: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Match people and predictions of a frame, each joint by itself.

    Who was matched last stays matched if that is still possible, even if another is nearer; of two people with the same
    last partner the first has it. The others are matched so that there are as many matches as possible, and among
    those with the least total distance.

    Args:
        distances: (G, P, K), inf where a pair must not match.
        previous: (G, K) the prediction that a person was last matched with, -1 where it is not in this frame.

    Returns:
        (G, P, K) bool.
    """
    possible = np.isfinite(distances)
    same = possible & (previous[:, None] == np.arange(distances.shape[1])[:, None])
    matches = same & (same.cumsum(0) == 1)
    free = possible & ~matches.any(0) & ~matches.any(1)[:, None]
    if not free.any():
        return matches
    contested = ((free.sum(0) > 1).any(0)) | ((free.sum(1) > 1).any(0))
    matches |= free & ~contested
    for joint in np.flatnonzero(contested):
        rows, columns = _assign(np.where(free[..., joint], distances[..., joint], np.inf))
        matches[rows, columns, joint] = True
    return matches


def _assign(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the largest assignment of finite costs, of these the cheapest."""
    finite = np.isfinite(costs)
    # Dearer than any set of finite pairs, so that none of these is given up for a cheaper sum.
    forbidden = 2 * min(costs.shape) * (costs[finite].max() + 1) + 1
    rows, columns = linear_sum_assignment(np.where(finite, costs, forbidden))
    real = finite[rows, columns]
    return rows[real], columns[real]


def count_sequence(frames: Sequence[MatchedFrame], *, official_quirks: bool = True) -> MotCounts:
    """CLEAR-MOT counts of one sequence.

    Args:
        frames: its frames with annotated people, in order. Track ids must be unique within a frame.
        official_quirks: count as the official evaluator does. It leaves out the last frame; a frame without
            predictions, or without people left after ignoring, counts one object, one miss and one false positive for
            each joint; and distances are summed over all events that the library records: each pair within the
            threshold, each match, and changes of a partner once more for each kind of change.
    """
    counts = MotCounts.zeros()
    if official_quirks:
        frames = frames[:-1]
    if not frames:
        return counts
    gt_index = _dense([frame.gt_ids for frame in frames])
    pred_index = _dense([frame.pred_ids for frame in frames])
    partners = np.full((1 + _highest(gt_index), NUM_JOINTS), -1)
    owners = np.full((1 + _highest(pred_index), NUM_JOINTS), -1)
    columns = np.full(2 + _highest(pred_index), -1)  # the last entry stands for "no partner" (-1)
    for frame, people, tracks in zip(frames, gt_index, pred_index, strict=True):
        if official_quirks and not (len(people) and len(tracks)):
            counts.misses += 1
            counts.false_positives += 1
            counts.objects += 1
            continue
        columns[tracks] = np.arange(len(tracks))
        distances = frame.distances.transpose(1, 0, 2)
        matches = match_joints(distances, columns[partners[people]])
        columns[tracks] = -1
        _count_matches(counts, frame, distances, matches)
        rows, places, joints = np.nonzero(matches)
        changes = _Changes(partners, owners, people[rows], tracks[places], joints)
        counts.switches += np.bincount(joints, changes.switch, NUM_JOINTS)
        if official_quirks:
            counts.distance += distances.sum((0, 1), where=np.isfinite(distances))
            counts.distance += np.bincount(joints, changes.kinds * distances[matches], NUM_JOINTS)
    return counts


def _dense(ids: list[np.ndarray]) -> list[np.ndarray]:
    """The ids of each frame as numbers from 0 without gaps."""
    _, index = np.unique(np.concatenate(ids), return_inverse=True)
    return np.split(index, np.cumsum([len(own) for own in ids])[:-1])


def _highest(index: list[np.ndarray]) -> int:
    return max(int(own.max(initial=-1)) for own in index)


class _Changes:
    """What the matches of a frame change about who belongs to whom; remembers it.

    Args:
        partners: (people, K) the track that a person was last matched with, -1 for none; updated.
        owners: (tracks, K) the person that a track last came to, -1 for none; updated.
        people: (m,) the person of each match.
        tracks: (m,) its track.
        joints: (m,) its joint.

    Attributes:
        switch: (m,) bool, whether the person had another track before.
        kinds: (m,) how many further events py-motmetrics records: a switch to a new track, a track that comes to
            another person, and that person being new.
    """

    def __init__(
        self, partners: np.ndarray, owners: np.ndarray, people: np.ndarray, tracks: np.ndarray, joints: np.ndarray
    ) -> None:
        partner, owner = partners[people, joints], owners[tracks, joints]
        changed = partner != tracks
        self.switch = changed & (partner >= 0)
        ascend = self.switch & (owner < 0)
        transfer = changed & (owner >= 0) & (owner != people)
        migrate = transfer & (partner < 0)
        self.kinds = ascend.astype(np.int64) + transfer + migrate
        partners[people, joints] = tracks
        owners[tracks[changed], joints[changed]] = people[changed]


def _count_matches(counts: MotCounts, frame: MatchedFrame, distances: np.ndarray, matches: np.ndarray) -> None:
    objects, found = frame.has_gt.sum(0), matches.sum((0, 1))
    counts.objects += objects
    counts.detections += found
    counts.misses += objects - found
    counts.false_positives += frame.has_pred.sum(0) - found
    counts.distance += distances.sum((0, 1), where=matches)


def mot_percentages(counts: MotCounts) -> dict[str, np.ndarray]:
    """MOTA, MOTP, precision, recall and the three kinds of error, in percent of the objects.

    Returns:
        (K,) arrays under `mota`, `motp`, `precision`, `recall`, `miss_rate`, `switch_rate` and `false_positive_rate`.
        Joints that are never annotated have NaN, joints without any match a MOTP of zero.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        objects = np.where(counts.objects > 0, counts.objects, np.nan)
        predicted = counts.false_positives + counts.detections
        predicted = np.where(predicted > 0, predicted, np.nan)
        motp = 100 * (1 - counts.distance / counts.detections)
        errors = counts.misses + counts.switches + counts.false_positives
        return {
            'mota': 100 * (1 - errors / objects),
            'motp': np.where(counts.detections > 0, motp, 0.0),
            'precision': 100 * (counts.detections / predicted),
            'recall': 100 * (counts.detections / objects),
            'miss_rate': 100 * (counts.misses / objects),
            'switch_rate': 100 * (counts.switches / objects),
            'false_positive_rate': 100 * (counts.false_positives / objects),
        }
