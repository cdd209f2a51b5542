"""All poses of a video as flat arrays, and their way into frames."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .errors import RowError
from .video import PoseFrame


@dataclass
class PoseTable:
    """The N poses of a video in the file's order; the fields are those of `PoseFrame` with N for n.

    Attributes:
        frame_index: (N,) the position of the pose's frame in the video.
        keypoint_scores: (N, K), NaN where the file has none.
    """

    frame_index: np.ndarray
    keypoints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    keypoint_scores: np.ndarray
    track_ids: np.ndarray
    bboxes: np.ndarray
    head_bboxes: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints)

    @classmethod
    def gather(cls, frames: Sequence[PoseFrame]) -> 'PoseTable':
        """The poses of all frames, one frame after the other."""
        frame_index = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
        sources = frames or [PoseFrame(file_name='', frame_id=0)]
        columns = (np.concatenate([getattr(frame, item.name) for frame in sources]) for item in fields(cls)[1:])
        return cls(frame_index, *columns)

    @classmethod
    def cat(cls, tables: Sequence['PoseTable']) -> 'PoseTable':
        """The poses of several tables of one video, one table after the other."""
        return cls(*(np.concatenate([getattr(table, item.name) for table in tables]) for item in fields(cls)))

    def select(self, poses: np.ndarray) -> 'PoseTable':
        """Some of the poses, by their indices or by a mask (N,)."""
        return PoseTable(*(getattr(self, item.name)[poses] for item in fields(self)))

    def fill(self, frames: Sequence[PoseFrame], duplicate: RowError) -> None:
        """Give each frame its poses, in the file's order.

        Args:
            frames: the frames of the video, filled in place.
            duplicate: called with a pose's index and its track id where another pose of its frame has the same.
        """
        repeated = self.repeated_track()
        if repeated is not None:
            raise duplicate(repeated, f'track id {self.track_ids[repeated]} twice')
        order = np.argsort(self.frame_index, kind='stable')
        bounds = np.searchsorted(self.frame_index[order], np.arange(len(frames) + 1)).tolist()
        columns = {item.name: getattr(self, item.name)[order] for item in fields(self)[1:]}
        for frame, start, stop in zip(frames, bounds, bounds[1:], strict=False):
            for name, column in columns.items():
                setattr(frame, name, column[start:stop])

    def repeated_track(self) -> int | None:
        """The first pose with the track id of another before it in its frame, None if there is none."""
        tracked = np.flatnonzero(self.track_ids >= 0)
        order = tracked[np.lexsort((self.track_ids[tracked], self.frame_index[tracked]))]
        same_frame = np.diff(self.frame_index[order]) == 0
        repeated = order[1:][same_frame & (np.diff(self.track_ids[order]) == 0)]
        return int(repeated.min()) if len(repeated) else None
