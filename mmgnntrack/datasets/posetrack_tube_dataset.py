"""People over time, for training the dynamics head."""

from typing import NamedTuple

import numpy as np

from mmgnntrack.posetrack import PoseVideo
from mmgnntrack.registry import DATASETS

from .posetrack_folder import PoseTrackFolder


class Track(NamedTuple):
    """One person of one video, in the F frames in which it is annotated."""

    frames: np.ndarray  # (F,) frame indices, ascending
    img_paths: list[str]
    keypoints: np.ndarray  # (F, K, 2) image px
    annotated: np.ndarray  # (F, K)


@DATASETS.register_module()
class PoseTrackTubeDataset(PoseTrackFolder):
    """One sample for each annotated pose that the same person's annotation precedes by at most `max_gap` frames.

    A sample is a dict with the whole track (`frames`, `track_img_paths`, `track_keypoints`, `track_annotated`) and the
    index `current` of the pose to predict; `SampleTube` chooses from it.

    Args:
        max_gap: frames from one annotation of a person to the next, at most.
        min_joints: annotated joints that the pose to predict and the one before must have.
        videos: names of the videos to read, None for all.
    """

    def __init__(self, *args: object, max_gap: int = 4, min_joints: int = 3, **kwargs: object) -> None:
        self.max_gap = max_gap
        self.min_joints = min_joints
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        self.tracks = [track for video in self.read_videos() for track in self._tracks(video)]
        samples = [
            dict(track=index, current=int(current))
            for index, track in enumerate(self.tracks)
            for current in np.flatnonzero(np.diff(track.frames) <= self.max_gap) + 1
        ]
        if not samples:
            raise ValueError(f'{self.ann_file}: no person is annotated in two frames at most {self.max_gap} apart')
        return samples

    def get_data_info(self, idx: int) -> dict:
        info = super().get_data_info(idx)
        track = self.tracks[info['track']]
        return dict(
            frames=track.frames,
            track_img_paths=track.img_paths,
            track_keypoints=track.keypoints,
            track_annotated=track.annotated,
            current=info['current'],
        )

    def _tracks(self, video: PoseVideo) -> list[Track]:
        poses: dict[int, list[tuple[int, int]]] = {}
        for index, frame in enumerate(video.frames):
            for row in np.flatnonzero((frame.track_ids >= 0) & (frame.annotated.sum(-1) >= self.min_joints)):
                poses.setdefault(int(frame.track_ids[row]), []).append((index, row))
        return [
            Track(
                frames=np.array([index for index, _ in of_person]),
                img_paths=[self.image_path(video.frames[index].file_name) for index, _ in of_person],
                keypoints=np.stack([video.frames[index].keypoints[row] for index, row in of_person]),
                annotated=np.stack([video.frames[index].annotated[row] for index, row in of_person]),
            )
            for of_person in poses.values()
        ]
