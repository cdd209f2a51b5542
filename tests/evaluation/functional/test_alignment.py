from dataclasses import replace

import numpy as np
import pytest
from videos import a_video

from mmgnntrack.evaluation.functional import evaluate
from mmgnntrack.evaluation.functional.alignment import aligned
from mmgnntrack.posetrack import PoseTrackFormatError, PoseVideo


def walk(**fields: list) -> PoseVideo:
    """A person who walks fast through six frames, which are named and numbered as said."""
    video = a_video(*({0: 100.0 * t, 1: 2000 - 100.0 * t} for t in range(6)))
    frames = [
        replace(frame, **{field: values[index] for field, values in fields.items()})
        for index, frame in enumerate(video.frames)
    ]
    return replace(video, frames=frames)


def turned(video: PoseVideo) -> PoseVideo:
    return replace(video, frames=video.frames[::-1])


def test_as_they_are() -> None:
    video = walk()
    assert aligned(video, video) == (video, None)


@pytest.mark.parametrize(
    ('fields', 'by'),
    [
        ({}, 'image names'),
        (dict(file_name=[f'elsewhere\\{t:06}.png' for t in range(6)], frame_id=list(range(50, 56))), 'image names'),
        (dict(file_name=['frame'] * 6), 'frame ids'),
        (dict(file_name=list('abcdef')), 'frame ids'),
    ],
)
def test_another_order(fields: dict, by: str) -> None:
    gt = walk()
    gt = replace(gt, frames=[replace(frame, file_name=f'v/{t:06}.jpg') for t, frame in enumerate(gt.frames)])
    pred = turned(walk(**{'file_name': [frame.file_name for frame in gt.frames], **fields}))
    found, note = aligned(gt, pred)
    assert note == f'its frames are in another order than the annotations: they were taken by their {by}'
    for frame, truth in zip(found.frames, gt.frames):
        np.testing.assert_array_equal(frame.keypoints, truth.keypoints)
    assert evaluate([gt], [pred], official_quirks=False).mota[-1] == 100


def test_nothing_is_said() -> None:
    pred = walk(file_name=list('abcdef'), frame_id=list(range(100, 106)))
    found, note = aligned(walk(), pred)
    assert found is pred and 'by position' in note
    one_more = walk(file_name=list('abcdef'), frame_id=list(range(1, 7)))
    assert 'by position' in aligned(walk(), one_more)[1]


def test_frames_of_others() -> None:
    gt = walk()
    names = [frame.file_name for frame in gt.frames]
    with pytest.raises(PoseTrackFormatError, match="frame 2, field 'image': expected one of video v, got other.jpg"):
        aligned(gt, walk(file_name=[*names[:2], 'other.jpg', *names[3:]]))


def test_names_and_ids_that_differ() -> None:
    gt = walk()
    ids = [frame.frame_id for frame in gt.frames]
    with pytest.raises(PoseTrackFormatError, match="field 'frame_id': expected its id to be that of"):
        aligned(gt, walk(frame_id=[ids[1], ids[0], *ids[2:]]))
