from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmgnntrack.formats.mot import write_mot
from mmgnntrack.posetrack import PoseVideo


def test_boxes_around_the_joints(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    video.frames[2].keypoints[0, 0] = [203.12346, 50]
    write_mot(tmp_path / 'dance.txt', video)
    # The mean of (k + 1) / 200 is 0.045 over all 17 joints, and 0.049 without joints 1 and 3.
    assert (tmp_path / 'dance.txt').read_text().splitlines() == [
        '1,5,500,50,16,32,0.045,-1,-1,-1',
        '1,2,200,50,16,32,0.045,-1,-1,-1',
        '4,2,203.1235,50,15.8765,32,0.049,-1,-1,-1',
    ]


def test_boxes_of_the_poses(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    video.frames[0].bboxes[0] = [10, 20, 40, 60.5]
    video.frames[0].keypoint_scores = np.full((2, 17), np.nan)
    for frame in video.frames:
        frame.frame_id += 10340010  # a number that names a video besides
    write_mot(tmp_path / 'dance.txt', video)
    lines = (tmp_path / 'dance.txt').read_text().splitlines()
    assert lines[:2] == ['1,5,10,20,30,40.5,1,-1,-1,-1', '1,2,200,50,16,32,1,-1,-1,-1']
    assert lines[2].startswith('4,2,')


def test_frames_that_count_from_one_keep_their_numbers(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    for frame in video.frames:
        frame.frame_id += 3
    write_mot(tmp_path / 'dance.txt', video)
    lines = (tmp_path / 'dance.txt').read_text().splitlines()
    assert [line.split(',')[0] for line in lines] == ['3', '3', '6']


def test_nobody(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    video.frames = video.frames[1:2]
    write_mot(tmp_path / 'dance.txt', video)
    assert (tmp_path / 'dance.txt').read_text() == ''
