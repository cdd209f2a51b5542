"""CLEAR-MOT per joint: misses, false positives and switches of identity.

Source: K. Bernardin and R. Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics",
EURASIP Journal on Image and Video Processing, 2008, with the matching of the library py-motmetrics.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .counts import JointCounts
from .matching import DISTANCE_THRESHOLD, NUM_JOINTS, MatchedVideo, contested


@dataclass
class MotCounts(JointCounts):
    """What CLEAR-MOT counts, each (K,) for joints in the official order.

    Attributes:
        misses: annotated joints without a match.
        switches: matches with another track than the last one the person was matched with, however long ago.
        false_positives: predicted joints without a match.
        objects: annotated joints.
        detections: matches, switches among them.
        distance: sum of distances in head sizes.
        mostly_tracked: joints of people over the sequence with a match, of any track, in 80 % of frames or more.
        mostly_lost: those that have one in less than 20 %.
        fragments: how often they have a match again after they had none.
    """

    misses: np.ndarray
    switches: np.ndarray
    false_positives: np.ndarray
    objects: np.ndarray
    detections: np.ndarray
    distance: np.ndarray
    mostly_tracked: np.ndarray
    mostly_lost: np.ndarray
    fragments: np.ndarray


def match_joints(distances: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Match people and predictions of a frame, each joint by itself.

    Who was matched last stays matched if that is still possible, even if another is nearer; of two people with the same
    last partner the first has it. The others are matched so that there are as many matches as possible, and among
    those with the least total distance.

    Args:
        distances: (G, P, K), inf where a pair must not match.
        partners: (G, P, K) bool, whether the prediction's track is the one that the person was last matched with.

    Returns:
        (G, P, K) bool.
    """
    possible = np.isfinite(distances)
    same = possible & partners
    matches = same & (same.cumsum(0) == 1)
    free = possible & ~matches.any(0) & ~matches.any(1)[:, None]
    if not free.any():
        return matches
    ambiguous = ((free.sum(0) > 1).any(0)) | ((free.sum(1) > 1).any(0))
    matches |= free & ~ambiguous
    for joint in np.flatnonzero(ambiguous):
        rows, columns = _assign(np.where(free[..., joint], distances[..., joint], np.inf))
        matches[rows, columns, joint] = True
    return matches


def _assign(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the largest assignment of finite costs, the cheapest of equally large ones."""
    finite = np.isfinite(costs)
    # Dearer than any set of finite pairs, so that none of these is given up for a cheaper sum.
    forbidden = 2 * min(costs.shape) * (costs[finite].max() + 1) + 1
    rows, columns = linear_sum_assignment(np.where(finite, costs, forbidden))
    real = finite[rows, columns]
    return rows[real], columns[real]


def match_tracks(video: MatchedVideo) -> np.ndarray:
    """(M, K) bool, the pairs of a video that match under CLEAR-MOT, each joint by itself.

    Where neither side of a possible pair has another choice, the past does not matter: they match. Only the other
    frames are gone through in order.
    """
    matches = video.distances <= DISTANCE_THRESHOLD
    costs = np.where(matches, video.distances, np.inf)
    partners = np.full((video.gt_tracks.max(initial=-1) + 1, NUM_JOINTS), -1)
    candidates = np.nonzero(matches)
    frames = video.gt_frames[video.pair_gt[candidates[0]]]
    done = 0
    for frame in np.unique(frames[contested(video, *candidates)]):
        start, stop = video.pair_bounds[frame : frame + 2]
        pairs, joints = np.nonzero(matches[done:start])
        pairs += done
        partners[video.gt_tracks[video.pair_gt[pairs]], joints] = video.pred_tracks[video.pair_pred[pairs]]
        people = video.gt_tracks[slice(*video.gt_bounds[frame : frame + 2])]
        tracks = video.pred_tracks[slice(*video.pred_bounds[frame : frame + 2])]
        shape = (len(people), len(tracks), NUM_JOINTS)
        matched = match_joints(costs[start:stop].reshape(shape), partners[people][:, None] == tracks[:, None])
        matches[start:stop] = matched.reshape(-1, NUM_JOINTS)
        done = start
    return matches


def count_sequence(video: MatchedVideo, *, official_quirks: bool = True) -> MotCounts:
    """CLEAR-MOT counts of one sequence.

    Args:
        video: its frames with annotated people. Track ids must be unique within a frame.
        official_quirks: count as the official evaluator does. It leaves out the last frame; a frame without
            predictions, or without people left after ignoring, counts one object, one miss and one false positive for
            each joint; and distances are summed over all events that the library records: each pair within the
            threshold, each match, and changes of a partner once more for each kind of change.
    """
    if official_quirks:
        video = video.without_last_frame()
    matches = match_tracks(video)
    pairs, joints = np.nonzero(matches)
    people, tracks = video.gt_tracks[video.pair_gt[pairs]], video.pred_tracks[video.pair_pred[pairs]]
    switches, kinds = _changes(people, tracks, joints)
    objects, predicted = video.has_gt, video.has_pred
    distance = video.distances.sum(0, where=matches)
    empty = 0
    if official_quirks:
        one_sided = np.diff(video.pair_bounds) == 0
        empty = one_sided.sum()
        objects, predicted = objects[~one_sided[video.gt_frames]], predicted[~one_sided[video.pred_frames]]
        distance += video.distances.sum(0, where=video.distances <= DISTANCE_THRESHOLD)
        distance += np.bincount(joints, kinds * video.distances[pairs, joints], NUM_JOINTS)
    detections = matches.sum(0)
    return MotCounts(
        misses=objects.sum(0) - detections + empty,
        switches=np.bincount(joints, switches, NUM_JOINTS),
        false_positives=predicted.sum(0) - detections + empty,
        objects=objects.sum(0) + empty,
        detections=detections,
        distance=distance,
        **_coverage(video, matches),
    )


def _coverage(video: MatchedVideo, matches: np.ndarray) -> dict[str, np.ndarray]:
    """How much of each joint of a person has the matches (M, K), see `MotCounts`, as in py-motmetrics."""
    hit = np.zeros(video.has_gt.shape, bool)
    pairs, joints = np.nonzero(matches)
    hit[video.pair_gt[pairs], joints] = True
    people, joints = np.nonzero(video.has_gt)  # in the order of frames
    hit, keys = hit[people, joints], video.gt_tracks[people] * NUM_JOINTS + joints
    size = NUM_JOINTS * (video.gt_tracks.max(initial=-1) + 1)
    length, found = np.bincount(keys, minlength=size), np.bincount(keys, hit, size)
    begun = np.bincount(keys, hit & (_last_before(keys, hit) < 1), size)
    share = found / np.maximum(length, 1)
    counted = {
        'mostly_tracked': (length > 0) & (share >= 0.8),
        'mostly_lost': (length > 0) & (share < 0.2),
        'fragments': np.maximum(begun - 1, 0),
    }
    return {name: values.reshape(-1, NUM_JOINTS).sum(0) for name, values in counted.items()}


def _changes(people: np.ndarray, tracks: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the matches of a sequence change about who belongs to whom.

    Args:
        people: (m,) the person of each match, in the order of frames.
        tracks: (m,) its track.
        joints: (m,) its joint.

    Returns:
        (m,) bool, whether the person was last matched with another track; (m,) how many further events py-motmetrics
        records: a switch to a new track, a track that comes to another person, and that person being new.
    """
    partners = _last_before(people * NUM_JOINTS + joints, tracks)
    changed = partners != tracks
    owners = np.full(len(tracks), -1)
    owners[changed] = _last_before((tracks * NUM_JOINTS + joints)[changed], people[changed])
    switches = changed & (partners >= 0)
    ascends = switches & (owners < 0)
    transfers = changed & (owners >= 0) & (owners != people)
    migrates = transfers & (partners < 0)
    return switches, ascends.astype(np.int64) + transfers + migrates


def _last_before(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each element the value of the last one before it with the same key, -1 where there is none.

    >>> _last_before(np.array([7, 8, 7, 7]), np.array([1, 2, 3, 4]))
    array([-1, -1,  1,  3])
    """
    order = np.argsort(keys, kind='stable')
    again = keys[order[1:]] == keys[order[:-1]]
    values_before = np.full(len(keys), -1)
    values_before[order[1:][again]] = values[order[:-1][again]]
    return values_before


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
