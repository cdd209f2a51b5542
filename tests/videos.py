"""Small videos for the tests of the evaluation."""

from collections.abc import Sequence

import numpy as np

from mmgnntrack.posetrack import PoseFrame, PoseVideo

#: Each head box is 30 x 40 px, so the head size is 30 px and joints match within 15 px.
HEAD_SIZE = 30.0


def a_frame(people: dict[int, float], index: int = 0, score: float = 1.0) -> PoseFrame:
    """A frame whose people are given by track id and x; their 15 joints lie 100 px apart in y."""
    n = len(people)
    keypoints = np.zeros((n, 15, 2))
    keypoints[..., 0] = np.reshape(list(people.values()), (n, 1))
    keypoints[..., 1] = 100.0 * np.arange(1, 16)
    return PoseFrame(
        file_name=f'v/{index}.jpg',
        frame_id=index,
        keypoints=keypoints,
        annotated=np.ones((n, 15), bool),
        visible=np.ones((n, 15), bool),
        keypoint_scores=np.full((n, 15), score),
        track_ids=np.array(list(people), np.int64),
        bboxes=np.full((n, 4), np.nan),
        head_bboxes=np.tile([0.0, 0, 30, 40], (n, 1)),
    )


def a_video(*frames: dict[int, float], name: str = 'v') -> PoseVideo:
    """A video of `a_frame`s."""
    return PoseVideo(name=name, frames=[a_frame(people, index) for index, people in enumerate(frames)])


def people_at(*xs: float) -> dict[int, float]:
    """People with ids 0, 1, ... at these x."""
    return dict(enumerate(xs))


def same_everywhere(values: Sequence[float]) -> float:
    """The one value of all joints."""
    assert np.all(values == values[0]), values
    return float(values[0])
