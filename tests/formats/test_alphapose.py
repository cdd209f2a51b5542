import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.formats import read
from mmgnntrack.formats.alphapose import HALPE26, HALPE136, write_alphapose
from mmgnntrack.posetrack import COCO, PoseTrackFormatError, PoseVideo, Skeleton

pytestmark = pytest.mark.usefixtures('pieces')


def a_person(image: Any, count: int = 17, start: float = 0.0) -> dict[str, Any]:
    """A person whose joints lie at (start + k, 2)."""
    points = sum(([start + k, 2.0, 0.5] for k in range(count)), [])
    return {'image_id': image, 'category_id': 1, 'keypoints': points, 'score': 2.5, 'box': [1, 2, 3, 4], 'idx': [0.0]}


def a_file(folder: Path, *entries: Any) -> Path:
    (folder / 'alphapose-results.json').write_text(json.dumps(entries))
    return folder / 'alphapose-results.json'


@pytest.mark.parametrize(('count', 'joints'), [(17, COCO.joints), (26, HALPE26), (136, HALPE136)])
def test_read(tmp_path: Path, count: int, joints: tuple[str, ...]) -> None:
    images = ['0.jpg', '10.jpg', '2.jpg', '2.jpg']
    path = a_file(tmp_path, *(a_person(image, count, row) for row, image in enumerate(images)))
    video = read(path)
    assert video.name == 'alphapose-results' and video.skeleton.joints == joints
    found = [(frame.frame_id, frame.file_name, frame.keypoints[:, 1, 0].tolist()) for frame in video.frames]
    assert found == [(0, '0.jpg', [1]), (2, '2.jpg', [3, 4]), (10, '10.jpg', [2])]
    assert all((frame.keypoint_scores == 0.5).all() and frame.annotated.all() for frame in video.frames)


def test_joints_are_mmposes() -> None:
    assert read_skeleton('halpe26.py').joints == HALPE26
    assert read_skeleton('halpe.py').joints == HALPE136


def test_a_video_begins_with_frame_0(tmp_path: Path) -> None:
    video = read(a_file(tmp_path, a_person('37.jpg')))
    assert [(frame.frame_id, frame.file_name, len(frame)) for frame in video.frames] == [
        (0, '0.jpg', 0),
        (37, '37.jpg', 1),
    ]
    images = read(a_file(tmp_path, a_person('000001.jpg'), a_person('000003.jpg')))
    assert [frame.frame_id for frame in images.frames] == [1, 3]


def test_missing_joints(tmp_path: Path) -> None:
    person = a_person('0.jpg')
    person['keypoints'][:3] = [4.0, 5.0, 0]
    (frame,) = read(a_file(tmp_path, person)).frames
    assert frame.annotated[0, :2].tolist() == [False, True] and frame.keypoints[0, 0].tolist() == [0, 0]


def test_a_given_skeleton(tmp_path: Path) -> None:
    other = Skeleton(('nose', 'tail'), (0.1, 0.1))
    video = read(a_file(tmp_path, a_person('0.jpg', 2)), skeleton=other)
    assert video.skeleton is other and video.frames[0].keypoints.tolist() == [[[0, 2], [1, 2]]]
    with pytest.raises(PoseTrackFormatError, match='expected 2 joints as the metainfo has, got 17'):
        read(a_file(tmp_path, a_person('0.jpg', 17)), skeleton=other)


BAD = {
    'image_id': ([a_person('0.jpg'), a_person(1)], "frame of entry 1, field 'image_id': expected the name .*, got 1"),
    'entry': ([a_person('0.jpg'), 3], "frame of entry 1, field 'image_id': expected the name of an image, got 3"),
    'joints': ([a_person('5.jpg', 19)], "frame 5.jpg, field 'keypoints': expected 17 or 26 or 136 joints .*, got 19"),
    'width': ([a_person('0.jpg'), a_person('5.jpg', 26)], "frame 5.jpg, field 'keypoints': expected 51 .* 78 values"),
    'missing': ([{'image_id': '0.jpg'}], "frame 0.jpg, field 'keypoints': expected x, y, score .*, got None"),
    'number': ([a_person('a.jpg')], "field 'file name': expected a frame's number, got a.jpg"),
    'videos': ([a_person('a1.jpg'), a_person('b2.jpg')], "expected frames of one video, 'a' and a number, got b2.jpg"),
}


@pytest.mark.parametrize(('entries', 'message'), BAD.values(), ids=BAD)
def test_bad_input(tmp_path: Path, entries: list[Any], message: str) -> None:
    with pytest.raises(PoseTrackFormatError, match=f'^{a_file(tmp_path, *entries)}, .*{message}'):
        read(tmp_path / 'alphapose-results.json', 'alphapose')


def test_what_is_nested_deeply(tmp_path: Path) -> None:
    """How deep is too deep differs between versions of Python."""
    path, nested = a_file(tmp_path, a_person('0.jpg') | {'other': '@'}), '[' * 600 + ']' * 600
    path.write_text(path.read_text().replace('"@"', nested))
    try:
        assert len(read(path).frames[0]) == 1
    except PoseTrackFormatError as error:
        assert "field 'file': expected AlphaPose's list" in str(error)


def test_bad_files(tmp_path: Path) -> None:
    (tmp_path / 'a.json').write_text('{"people": []}')
    with pytest.raises(PoseTrackFormatError, match="a.json, field 'file': expected AlphaPose's list of objects, got {"):
        read(tmp_path / 'a.json', 'alphapose')
    (tmp_path / 'a.json').write_text('[{"image_id": "0.jpg",')
    with pytest.raises(PoseTrackFormatError, match="a.json, field 'file': expected JSON, got"):
        read(tmp_path / 'a.json')


def test_write_and_read(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    video = tracked(Skeleton(HALPE26, (0.1,) * 26))
    write_alphapose(tmp_path / 'dance.json', video)
    entries = json.loads((tmp_path / 'dance.json').read_text())
    assert [(entry['image_id'], entry['idx']) for entry in entries] == [
        ('000000.jpg', 5),
        ('000000.jpg', 2),
        ('000003.jpg', 2),
    ]
    assert entries[0]['box'] == [500, 50, 25, 50] and entries[0]['category_id'] == 1
    assert entries[0]['score'] == pytest.approx(27 / 400, abs=1e-4)  # the mean of (k + 1) / 200
    assert entries[0]['keypoints'][:3] == [500, 50, 0.005] and entries[2]['keypoints'][3:6] == [0, 0, 0]
    del video.frames[1]  # nobody is in it, so the file cannot name it
    same_poses(read(tmp_path / 'dance.json'), video)


def test_frames_without_image_names(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    for frame in video.frames:
        frame.file_name = f'dance_{frame.frame_id:012d}'
    write_alphapose(tmp_path / 'dance.json', video)
    images = [entry['image_id'] for entry in json.loads((tmp_path / 'dance.json').read_text())]
    assert images == ['0.jpg', '0.jpg', '3.jpg']
