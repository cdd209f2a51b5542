"""Tracklets that continue each other become one, its gaps are filled, its joints smoothed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmgnntrack.functional import assign, bbox_areas, combined, crop_boxes, distance_within, probability_within
from mmgnntrack.models.heads import DynamicsHead, KalmanDynamics
from mmgnntrack.models.tracker import SIMILARITIES, Association, PoseTracker
from mmgnntrack.posetrack import PoseFrame, PoseTable, frame_numbers

from .tracklets import Tracklet, table_of, tracklets_of

#: The filter that stands in where no head was learned that predicts any number of frames ahead.
_FILTER = dict(noise=0.02, acceleration=0.02)
_FILTER_LENGTH = 15
#: The probability that an estimated joint is right, as right as predictions have to be.
_SURENESS = 0.94
#: Histories at a time.
_BATCH = 512


@dataclass
class TrackletJoiner:
    """Joins the tracklets of a video that is over, in both directions of time.

    Args:
        head: predicts poses of any time (`DynamicsHead.any_time`) without a visual cue.
        length: poses that the head sees.
        association: compares poses.
        max_gap: frames in which somebody may be missing.
        score_thr: mean joint score that poses which fill a gap need.
    """

    head: DynamicsHead
    length: int
    association: Association
    max_gap: int
    score_thr: float

    @torch.no_grad()
    def __call__(self, frames: Sequence[PoseFrame]) -> list[PoseFrame]:
        """The frames with ids, joints and poses as they are afterwards.

        - Tracklets are joined where the prediction from the end of one and that from the beginning of the other, back
          in time, are likely the same in the middle between them.
        - Joints, and whole people, that are missing in at most `max_gap` frames are put where both predictions
          together have them, their scores multiplied by the probability that they are right; people only where
          nobody stands.
        - Joints that are there move towards what is predicted of the frames before and after, as far as that is sure.

        Poses without a tracklet stay as they are.
        """
        table = PoseTable.gather(frames)
        frame_ids = np.array(frame_numbers([frame.frame_id for frame in frames]))
        tracklets = self.joined(tracklets_of(table, frame_ids))
        joints = table.keypoints.shape[1]
        completed = {identity: self.completed(tracklet, frame_ids) for identity, tracklet in tracklets.items()}
        filled = table_of(completed, frame_ids, joints)
        filled.bboxes = self.association.boxes(filled.keypoints, filled.keypoint_scores)
        seen = np.isin(_keys(filled), _keys(table_of(tracklets, frame_ids, joints)))
        filled = filled.select(self._free(filled, ~seen))
        found = [replace(frame) for frame in frames]
        PoseTable.cat([filled, table.select(table.track_ids < 0)]).fill(found, lambda _, got: ValueError(got))
        return found

    def joined(self, tracklets: dict[int, Tracklet]) -> dict[int, Tracklet]:
        """Those that continue each other as one, under the first one's id."""
        ids, pieces = [*tracklets], [*tracklets.values()]
        starts = np.array([piece.frame_ids[0] for piece in pieces])
        ends = np.array([piece.frame_ids[-1] for piece in pieces])
        # As `pieces` are in the order of their starts, those that may follow another one are neighbours.
        first, last = np.searchsorted(starts, ends, 'right'), np.searchsorted(starts, ends + self.max_gap + 1, 'right')
        rows = np.repeat(np.arange(len(pieces)), last - first)
        cols = np.concatenate([np.zeros(0, int), *(np.arange(*bounds) for bounds in zip(first, last))])
        if not len(rows):
            return tracklets
        middles = (ends[rows] + starts[cols]) / 2
        ahead = self._predicted([(pieces[row], middles[[pair]]) for pair, row in enumerate(rows)])
        back = self._predicted([(pieces[col].backwards(), -middles[[pair]]) for pair, col in enumerate(cols)])
        ahead.scales = np.hypot(ahead.scales, back.scales)
        likelihood, rules = SIMILARITIES['likelihood'], self.association
        pairs = ((ahead[i], back[i]) for i in range(len(rows)))
        likely = [likelihood.compare(rules, *pair, likelihood.enough)[0, 0] for pair in pairs]
        into = {}
        for row, col in _assigned(rows, cols, np.array(likely), len(pieces), likelihood.enough):
            into[col] = into.get(row, row)
        found = {}
        for index, piece in enumerate(pieces):
            found.setdefault(ids[into.get(index, index)], []).append(piece)
        return {identity: Tracklet(*map(np.concatenate, zip(*parts))) for identity, parts in found.items()}

    def completed(self, tracklet: Tracklet, frame_ids: np.ndarray) -> Tracklet:
        """The tracklet with a pose in each of the frames (F,) from its first to its last, as far as it is known."""
        start, end = tracklet.frame_ids[[0, -1]]
        when = frame_ids[(frame_ids >= start) & (frame_ids <= end)]
        if len(when) < 2:
            return tracklet
        seen = np.isin(when, tracklet.frame_ids)
        keypoints = np.zeros((len(when), *tracklet.keypoints.shape[1:]))
        scores = np.zeros(keypoints.shape[:2])
        keypoints[seen], scores[seen] = tracklet.keypoints, tracklet.keypoint_scores
        found = self._both_ways(tracklet, when)

        certainty = probability_within(found.radius, found.scales)
        missing = (scores == 0) & (_gap(scores > 0, when) <= self.max_gap)
        expected = np.where(missing, found.keypoint_scores * certainty, 0.0)
        missing &= (seen | (expected.mean(-1) >= self.score_thr))[:, None]

        off = np.square(found.keypoints - keypoints).sum(-1)
        own = (found.radius / distance_within(_SURENESS, 1.0)) ** 2  # scale of an estimated joint, squared
        share = np.where(scores > 0, own / (own + found.scales**2 + off), missing)
        keypoints += share[..., None] * (found.keypoints - keypoints)
        return Tracklet(when, keypoints, np.where(missing, expected, scores))

    def _both_ways(self, tracklet: Tracklet, when: np.ndarray) -> InstanceData:
        """What the poses before each frame (T,) and those after it together say of it: keypoints (T, K, 2) and, each
        (T, K), their scales, keypoint_scores and `radius` (see `_predicted`)."""
        ways = self._predicted([(tracklet, when)]), self._predicted([(tracklet.backwards(), -when[::-1])])[::-1]
        stacked = {field: np.stack([way[field] for way in ways]) for field in ways[0].keys()}
        known = stacked['keypoint_scores'] > 0
        keypoints, scales = combined(stacked['keypoints'], np.where(known, stacked['scales'], np.inf))
        found = {field: stacked[field].max(0) for field in ('keypoint_scores', 'radius')}
        return InstanceData(keypoints=keypoints, scales=scales, **found)

    def _predicted(self, asked: Sequence[tuple[Tracklet, np.ndarray]]) -> InstanceData:
        """What the poses of tracklets say of later times (n,), all one after the other: keypoints, keypoint_scores,
        0 where nothing is known, scales, the `radius` within which a joint is right, image px, and the `extents`
        (n,) px^2 of the poses."""
        history = InstanceData.cat([tracklet.histories(times, self.length) for tracklet, times in asked])
        last = self.association.boxes(history.keypoints[:, -1], history.keypoint_scores[:, -1])
        history.crops = crop_boxes(last, aspect=0.75)
        count = len(history)
        known = np.flatnonzero(history.valid.any((1, 2)))
        keypoints = np.zeros((count, *history.keypoints.shape[2:]))
        scores, radius, scales = (np.zeros(keypoints.shape[:2]) for _ in range(3))
        for start in range(0, len(known), _BATCH):
            rows = known[start : start + _BATCH]
            found = self.head.predict(history[rows], (0, 0), None, None, heatmaps=False)
            keypoints[rows], scores[rows] = found.keypoints, _last_scores(history[rows])
            scales[rows], radius[rows] = found.scales, distance_within(found.certainty, found.scales)
        return InstanceData(
            keypoints=keypoints,
            keypoint_scores=scores,
            scales=scales,
            radius=radius,
            extents=bbox_areas(self.association.boxes(keypoints, scores)),
        )

    def _free(self, poses: PoseTable, filled: np.ndarray) -> np.ndarray:
        """(N,) which poses stay: all but those that fill a gap where somebody stands."""
        stay = np.ones(len(poses), bool)
        for frame in np.unique(poses.frame_index[filled]):
            rows = np.flatnonzero(poses.frame_index == frame)
            scores = poses.keypoint_scores[rows]
            rank = scores.mean(-1) + 2 * ~filled[rows]
            stay[rows] = ~filled[rows] | self.association.distinct(poses.keypoints[rows], scores, rank)
        return stay


def _last_scores(history: InstanceData) -> np.ndarray:
    """(M, K) of the joints where they were seen last, whatever a head says of joints that the last pose lacks."""
    newest = history.valid.shape[1] - 1 - history.valid[:, ::-1].argmax(1, keepdims=True)
    return np.take_along_axis(history.keypoint_scores, newest, 1)[:, 0]


def _keys(poses: PoseTable) -> np.ndarray:
    """(N,) a number for each pair of frame and track id."""
    return poses.frame_index * (poses.track_ids.max(initial=0) + 1) + poses.track_ids


def _gap(known: np.ndarray, when: np.ndarray) -> np.ndarray:
    """(T, K) frames without a joint around each frame (T,) in which it is not known (T, K), inf at the ends."""
    when = when[:, None].astype(float)
    before = np.maximum.accumulate(np.where(known, when, -np.inf))
    after = np.minimum.accumulate(np.where(known, when, np.inf)[::-1])[::-1]
    return after - before - 1


def _assigned(rows: np.ndarray, cols: np.ndarray, similarity: np.ndarray, count: int, least: float) -> list[np.ndarray]:
    """The one-to-one pairs of rows and cols (n,), below a count, of the largest total similarity, by ascending col.
    Each connected part of the graph by itself, since all tracklets of a long video together would be a huge matrix."""
    likely = similarity >= least
    rows, cols, similarity = rows[likely], cols[likely], similarity[likely]
    graph = coo_array((similarity, (rows, cols + count)), shape=(2 * count, 2 * count))
    part = connected_components(graph, directed=False)[1][rows]
    pairs = []
    for index in np.unique(part):
        own = part == index
        (ends, row), (starts, col) = (np.unique(values[own], return_inverse=True) for values in (rows, cols))
        table = np.zeros((len(ends), len(starts)))
        table[row, col] = similarity[own]
        found = assign(table, least)
        pairs += zip(ends[found.rows].tolist(), starts[found.cols].tolist())
    return sorted(pairs, key=lambda pair: pair[1])


def join_tracklets(tracker: PoseTracker, frames: Sequence[PoseFrame], max_gap: int) -> list[PoseFrame]:
    """Goes over a tracked video once more, see `TrackletJoiner`. The tracker's dynamics head predicts if it can do so
    over any time and without images; otherwise a Kalman filter.

    Args:
        tracker: that tracked it.
        frames: of the video, with increasing `frame_id`s.
        max_gap: frames in which somebody may be missing.
    """
    head, length = tracker.dynamics_head, tracker.memory.length
    if not tracker.mode.predicts or not head.any_time or head.visual_channels:
        head, length = KalmanDynamics(len(tracker.sigmas), **_FILTER), _FILTER_LENGTH
    return TrackletJoiner(head, length, tracker.association, max_gap, tracker.life_cycle.predicted_score_thr)(frames)
