import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.disk_list import DiskList
from mmgnntrack.posetrack import PoseVideo, large, read_poses, write_video
from mmgnntrack.posetrack.large import UnfitError, read_annotations, read_top

VIDEO = a_video(people_at(10, 50), {}, people_at(12), people_at(14, 90), {}, name='v_1')


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, 'LARGE', 0)
    monkeypatch.setattr(large, '_WINDOW', 5)
    monkeypatch.setattr(large, '_FRAMES', 2)


def read_whole(path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> PoseVideo:
    with monkeypatch.context() as patch:
        patch.setattr(large, 'LARGE', 1 << 60)
        return read_poses(path, **options)


def assert_same(video: PoseVideo, other: PoseVideo) -> None:
    assert isinstance(video.frames, DiskList) and isinstance(other.frames, list)
    assert (video.name, video.skeleton, video.path, len(video)) == (other.name, other.skeleton, other.path, len(other))
    for frame, expected in zip(video.frames, other.frames, strict=True):
        assert (frame.file_name, frame.frame_id, frame.is_labeled) == (
            *(expected.file_name, expected.frame_id, expected.is_labeled),
        )
        for field in ('keypoints', 'annotated', 'visible', 'keypoint_scores', 'track_ids', 'bboxes', 'head_bboxes'):
            np.testing.assert_array_equal(getattr(frame, field), getattr(expected, field))
        np.testing.assert_array_equal(frame.ignore_regions, expected.ignore_regions)


@pytest.mark.parametrize('order', [['images', 'annotations', 'categories'], ['categories', 'annotations', 'images']])
def test_posetrack(order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'v.json'
    write_video(path, VIDEO)
    document = json.loads(path.read_text())
    document['images'][1] |= dict(ignore_regions_x=[[0, 1, 1]], ignore_regions_y=[[0, 0, 1]], file_name='é.jpg')
    for indent in (None, 2):
        text = json.dumps({field: document[field] for field in order}, indent=indent, ensure_ascii=False)
        path.write_text(text, encoding='utf-8')
        assert_same(read_poses(path), read_whole(path, monkeypatch))


def test_coco_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, images = tmp_path / 'v.json', tmp_path / 'images.json'
    ids = [3, 3, 5, 9]
    path.write_text(json.dumps([dict(image_id=number, keypoints=[1.5, number, 0.5] * 17) for number in ids]))
    assert_same(read_poses(path), read_whole(path, monkeypatch))
    listed = [dict(id=number, file_name=f'{number}.jpg') for number in (1, 3, 4, 5, 9, 10)]
    images.write_text(json.dumps(dict(images=listed, annotations=[])))
    assert_same(read_poses(path, images=images), read_whole(path, monkeypatch, images=images))


def test_another_order_is_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / 'v.json'
    write_video(path, VIDEO)
    document = json.loads(path.read_text())
    document['annotations'].reverse()
    path.write_text(json.dumps(document))
    video = read_poses(path)
    assert isinstance(video.frames, list) and [len(frame) for frame in video.frames] == [2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    'text',
    [
        *('', '{', '[1', '[1,', '[1]]', '{"a": 1', '{"a" 1}', '{"a": 1 "b": 2}', '{"annotations": 3}', 'x', '"\xff"'),
        *('{"annotations": [1], "annotations": [1]}', '{"images": [], "images": []}', '[' * 100_000),
    ],
)
def test_what_is_not_read_in_pieces(text: str, tmp_path: Path) -> None:
    path = tmp_path / 'v.json'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(UnfitError):
        read_top(path)
        list(read_annotations(path))


@pytest.mark.parametrize('window', range(1, 12))
def test_windows_end_anywhere(window: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, '_WINDOW', window)
    path = tmp_path / 'v.json'
    items = [12, -0.5e10, 'ä"\\]', [], {}, None, True, dict(a=[1, 2, dict(b='}')])]
    for ensure_ascii in (True, False):
        path.write_text(json.dumps(items, ensure_ascii=ensure_ascii), encoding='utf-8')
        assert list(read_annotations(path)) == items
        path.write_text(
            json.dumps(dict(x=1.25, annotations=items, y=items), ensure_ascii=ensure_ascii), encoding='utf-8'
        )
        assert list(read_annotations(path)) == items
        assert read_top(path) == dict(x=1.25, annotations=items[:1], y=items)
        path.write_text(json.dumps(dict(images=items, annotations=items), ensure_ascii=ensure_ascii), encoding='utf-8')
        top = read_top(path)
        assert [*top.pop('images')] == items and top == dict(annotations=items[:1])
