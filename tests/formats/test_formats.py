import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.formats import OUTPUTS, READERS, WRITERS, output_path, read, recognise, video_name, video_paths
from mmgnntrack.posetrack import COCO, PoseTrackFormatError, PoseVideo, read_video

FILES = {
    'a.csv': ('', 'deeplabcut'),
    'b.h5': ('', 'deeplabcut'),
    'c.slp': ('', 'sleap'),
    'd.json': ('[{"image_id": "0.jpg", "keypoints": [', 'alphapose'),
    'e.json': ('[{"keypoints": [' + '1.25, ' * 408 + '0], "image_id" : "0.jpg"}]', 'alphapose'),
    'f.json': ('[{"image_id": 10, "keypoints": []}]', 'posetrack'),
    'g.json': ('{"images": [], "annotations": [{"image_id": "x"}]}', 'posetrack'),
    'h.json': (' [ [], [{"keypoints": {}}]]', 'ultralytics'),
    'i.json': ('[]', 'posetrack'),
}


@pytest.mark.parametrize('name', FILES)
def test_recognise_files(tmp_path: Path, name: str) -> None:
    text, format = FILES[name]
    (tmp_path / name).write_text(text)
    assert recognise(tmp_path / name) == format and format in READERS
    assert video_paths(tmp_path / name) == [tmp_path / name] and video_name(tmp_path / name) == name[0]


def test_folders(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    for name in (
        'open/dance_000000000000_keypoints.json',
        'yolo/7.txt',
        'other/notes.md',
        'mixed/1.txt',
        'mixed/b.csv',
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'notes.txt').touch()
    assert video_paths(tmp_path) == [*(tmp_path / name for name in FILES), tmp_path / 'open', tmp_path / 'yolo']
    assert video_paths(tmp_path / 'open') == [tmp_path / 'open'] and recognise(tmp_path / 'open') == 'openpose'
    assert video_paths(tmp_path / 'yolo') == [tmp_path / 'yolo'] and recognise(tmp_path / 'yolo') == 'ultralytics'
    assert video_paths(tmp_path / 'mixed') == [tmp_path / 'mixed/b.csv']
    assert [video_name(tmp_path / name) for name in ('open', 'yolo')] == ['dance', 'yolo']
    for name, message in (
        ('other', r'at least one \*\.json file'),
        ('nowhere', 'a file or folder of poses, got nothing'),
    ):
        with pytest.raises(PoseTrackFormatError, match=f"{name}, field 'folder': expected {message}"):
            video_paths(tmp_path / name)
    with pytest.raises(PoseTrackFormatError, match="other, field 'folder': expected a video's frames"):
        read(tmp_path / 'other')


def test_unknown_formats(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="format: expected one of posetrack, openpose, .*, got 'bvh'"):
        read(tmp_path, 'bvh')
    with pytest.raises(PoseTrackFormatError, match="nowhere.json, field 'file': expected a JSON file, got nothing"):
        read(tmp_path / 'nowhere.json')


def test_no_two_formats_write_the_same(tmp_path: Path) -> None:
    assert OUTPUTS.keys() == WRITERS.keys() >= READERS.keys()
    assert len({output_path(tmp_path, 'v', format) for format in OUTPUTS}) == len(OUTPUTS)
    assert output_path(tmp_path, 'v', 'mot') == tmp_path / 'v.txt'


def test_posetrack(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    path = output_path(tmp_path, 'dance', 'posetrack')
    WRITERS['posetrack'](path, tracked(), None)
    same_poses(read(path), tracked())
    assert [frame.track_ids.tolist() for frame in read_video(path, skeleton=COCO).frames] == [[5, 2], [], [2]]


def test_coco(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    video = tracked()
    video.frames[0].keypoint_scores[1] = np.nan
    path = output_path(tmp_path, 'dance', 'coco')
    WRITERS['coco'](path, video, None)
    assert [file.name for file in tmp_path.iterdir()] == ['dance.coco.json']
    entries = json.loads(path.read_text())
    assert [(entry['image_id'], entry['track_id']) for entry in entries] == [(0, 5), (0, 2), (3, 2)]
    assert [entry['score'] for entry in entries] == [0.045, 1, pytest.approx(0.045 - 6 / 200 / 17, abs=1e-4)]
    assert entries[0]['keypoints'][:3] == [500, 50, 0.005] and entries[2]['keypoints'][3:6] == [0, 0, 0]
    video.frames[0].keypoint_scores[1] = 1
    del video.frames[1]
    same_poses(read(path), video)
