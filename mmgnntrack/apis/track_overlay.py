"""The video of a source with its tracks drawn."""

import base64
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.posetrack import PoseFrame
from mmgnntrack.visualization import OverlayVideo, Trails, draw_tracks

from .frame_source import Frame, FrameSource


class TrackOverlay:
    """Writes an mp4 with the tracks of a source drawn, their trails included, and its contact sheet.

    Args:
        path: of the mp4.
        fps: frames per second.
        length: frames, where that is known.
        **drawing: `skeleton` and `score_thr`, see `draw_tracks`.
    """

    def __init__(self, path: Path, fps: float, length: int | None, **drawing: object) -> None:
        self._video = OverlayVideo(path, fps, length)
        self._trails = Trails()
        self._drawing = drawing

    def add(self, frame: Frame, tracks: InstanceData) -> None:
        """Draws the next frame. One that is broken shows the one before."""
        picture = None
        if frame.image is not None:
            self._trails.update(tracks, frame.number)
            picture = draw_tracks(frame.image, tracks, trails=self._trails, **self._drawing)
        self._video.write(picture)

    def add_all(self, source: FrameSource, tracks: Iterable[InstanceData]) -> None:
        """Draws the tracks of the source's first frames."""
        with closing(source.frames()) as frames:
            for people, frame in zip(tracks, frames):
                self.add(frame, people)

    def close(self) -> None:
        """Finishes the video."""
        self._video.close()


def as_tracks(frame: PoseFrame) -> InstanceData:
    """The tracked people of a frame that was written."""
    return InstanceData(
        instances_id=frame.track_ids,
        keypoints=frame.keypoints,
        keypoint_scores=frame.keypoint_scores,
        bboxes=frame.bboxes,
        predicted=np.zeros(len(frame), bool),
    )


def as_text(tracks: InstanceData) -> str:
    """All of tracked people that is drawn, to the last bit; `from_text` reads it."""
    if not len(tracks):
        return ''
    columns = (tracks.instances_id, tracks.ages, tracks.predicted, tracks.bboxes, tracks.keypoint_scores)
    columns = [np.float32(column).reshape(len(tracks), -1) for column in (*columns, tracks.keypoints)]
    return base64.b64encode(np.concatenate(columns, 1).tobytes()).decode()


def from_text(text: str, joints: int) -> InstanceData:
    """Tracked people with so many joints."""
    table = np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, 7 + 3 * joints)
    return InstanceData(
        instances_id=table[:, 0].astype(np.int64),
        ages=table[:, 1].astype(np.int64),
        predicted=table[:, 2].astype(bool),
        bboxes=table[:, 3:7],
        keypoint_scores=table[:, 7 : 7 + joints],
        keypoints=table[:, 7 + joints :].reshape(-1, joints, 2),
    )
