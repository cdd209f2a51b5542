"""The poses of a video by person instead of by frame."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.posetrack import PoseTable


class Tracklet(NamedTuple):
    """The T poses of a person, in the order of time.

    Attributes:
        frame_ids: (T,) ascending numbers of their frames.
        keypoints: (T, K, 2) image px.
        keypoint_scores: (T, K), 0 for joints that are not known.
    """

    frame_ids: np.ndarray
    keypoints: np.ndarray
    keypoint_scores: np.ndarray

    def backwards(self) -> 'Tracklet':
        """The same poses as time would run backwards: frame t is -t."""
        return Tracklet(-self.frame_ids[::-1], self.keypoints[::-1], self.keypoint_scores[::-1])

    def histories(self, frame_ids: np.ndarray, length: int) -> InstanceData:
        """What a `DynamicsHead` gets for predictions of n frames (n,), without crops and regions: the last so many
        poses before each, of which there must be one."""
        before = np.searchsorted(self.frame_ids, frame_ids)
        index = before[:, None] - np.arange(length, 0, -1)
        there, index = index >= 0, np.maximum(index, 0)
        scores = self.keypoint_scores[index] * there[..., None]
        missing = length - np.arange(length) - before[:, None]  # they are as if they lay just before the first
        ages = frame_ids[:, None] - self.frame_ids[index] + np.maximum(missing, 0)
        return InstanceData(
            keypoints=self.keypoints[index], keypoint_scores=scores, valid=scores > 0, ages=ages.astype(np.float32)
        )


def tracklets_of(table: PoseTable, frame_ids: np.ndarray) -> dict[int, Tracklet]:
    """The tracklets of a video by their ids, in the order in which they begin. Scores that are missing count as 1.

    Args:
        table: of its poses.
        frame_ids: (F,) the numbers of its frames.
    """
    scores = np.where(np.isnan(table.keypoint_scores), 1.0, table.keypoint_scores) * table.annotated
    order = np.argsort(table.track_ids, kind='stable')
    ids, starts = np.unique(table.track_ids[order], return_index=True)
    found = {
        identity: Tracklet(frame_ids[table.frame_index[rows]], table.keypoints[rows], scores[rows])
        for identity, rows in zip(ids.tolist(), np.split(order, starts[1:]))
        if identity >= 0
    }
    return dict(sorted(found.items(), key=lambda item: item[1].frame_ids[0]))


def table_of(tracklets: Mapping[int, Tracklet], frame_ids: np.ndarray, joints: int) -> PoseTable:
    """The poses with any joint, those that lie in frames with these ascending numbers (F,), without boxes.

    Args:
        tracklets: by their ids.
        frame_ids: of the video's frames.
        joints: K.
    """
    numbers, keypoints, scores = (
        np.concatenate([np.zeros((0, *shape)), *parts])
        for shape, parts in zip(((), (joints, 2), (joints,)), zip(*tracklets.values()) if tracklets else ((),) * 3)
    )
    ids = np.repeat(np.array([*tracklets], np.int64), [len(tracklet.frame_ids) for tracklet in tracklets.values()])
    known, nowhere = scores > 0, np.full((len(ids), 4), np.nan)
    table = PoseTable(
        np.searchsorted(frame_ids, numbers), keypoints, known, known, scores, ids, nowhere, nowhere.copy()
    )
    return table.select(known.any(-1) & np.isin(numbers, frame_ids))
