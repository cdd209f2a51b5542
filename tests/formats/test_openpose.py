import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmgnntrack.formats import read
from mmgnntrack.formats.openpose import LAYOUTS, write_openpose
from mmgnntrack.posetrack import COCO, PoseTrackFormatError, PoseVideo, Skeleton


def points(count: int, start: float) -> list[float]:
    """x, y, confidence of joints at (start + k, k + 1)."""
    return sum(([start + k, k + 1.0, 0.5] for k in range(count)), [])


def a_frame(folder: Path, name: str, *people: Any) -> None:
    folder.mkdir(exist_ok=True)
    entries = [{'person_id': [-1], 'pose_keypoints_2d': person, 'face_keypoints_2d': []} for person in people]
    (folder / f'{name}_keypoints.json').write_text(json.dumps({'version': 1.3, 'people': entries}))


@pytest.mark.parametrize('count', [25, 18, 15])
def test_read(tmp_path: Path, count: int) -> None:
    folder = tmp_path / 'json'
    gone = points(count, 7)
    gone[3:6] = [0, 0, 0]
    a_frame(folder, 'dance_000000000010', points(count, 3), gone)
    a_frame(folder, 'dance_000000000009')
    a_frame(folder, 'dance_000000000012', [], points(count, 4))
    video = read(folder)
    assert video.name == 'dance' and video.skeleton.joints == LAYOUTS[count]
    assert [(frame.frame_id, len(frame)) for frame in video.frames] == [(9, 0), (10, 2), (12, 1)]
    assert video.frames[1].file_name == 'dance_000000000010'
    first, second = video.frames[1].keypoints
    assert first[:, 0].tolist() == [3.0 + k for k in range(count)] and second[1].tolist() == [0, 0]
    assert video.frames[1].annotated.sum(-1).tolist() == [count, count - 1]
    assert video.frames[1].keypoint_scores[1, :3].tolist() == [0.5, 0, 0.5]


def test_joints_of_the_layouts() -> None:
    """As OpenPose's poseParameters.cpp lists them."""
    assert [len(LAYOUTS[count]) for count in (25, 18, 15)] == [25, 18, 15]
    body = LAYOUTS[25]
    where = {0: 'nose', 1: 'neck', 4: 'right_wrist', 5: 'left_shoulder', 8: 'mid_hip', 11: 'right_ankle'}
    where |= {12: 'left_hip', 15: 'right_eye', 18: 'left_ear', 19: 'left_big_toe', 21: 'left_heel', 24: 'right_heel'}
    assert {index: body[index] for index in where} == where
    assert (LAYOUTS[18][8], LAYOUTS[18][13], LAYOUTS[18][14]) == ('right_hip', 'left_ankle', 'right_eye')
    assert (LAYOUTS[15][0], LAYOUTS[15][10], LAYOUTS[15][14]) == ('head', 'right_ankle', 'chest')


def test_images_give_numbers_alone(tmp_path: Path) -> None:
    a_frame(tmp_path / 'street', '000002', points(25, 1))
    a_frame(tmp_path / 'street', '000010', points(25, 2))
    video = read(tmp_path / 'street')
    assert video.name == 'street' and [frame.frame_id for frame in video.frames] == [2, 10]


def test_nobody_anywhere(tmp_path: Path) -> None:
    a_frame(tmp_path / 'v', 'v_000000000000')
    assert read(tmp_path / 'v').skeleton.joints == LAYOUTS[25]
    other = Skeleton(('nose', 'tail'), (0.1, 0.1))
    assert read(tmp_path / 'v', skeleton=other).frames[0].keypoints.shape == (0, 2, 2)


def test_a_given_skeleton_names_the_joints(tmp_path: Path) -> None:
    a_frame(tmp_path / 'v', 'v_000000000000', points(2, 5))
    other = Skeleton(('nose', 'tail'), (0.1, 0.1))
    video = read(tmp_path / 'v', skeleton=other)
    assert video.skeleton is other and video.frames[0].keypoints.tolist() == [[[5, 1], [6, 2]]]
    with pytest.raises(PoseTrackFormatError, match="'pose_keypoints_2d': expected 15 or 18 or 25 joints .*, got 2"):
        read(tmp_path / 'v')


BAD = {
    'width': (points(18, 0), '75 finite numbers .* got 54 values'),
    'number': ([None, *points(25, 0)[1:]], '75 finite numbers .* got None at position 0'),
    'triples': ([1.0, 2.0], 'x, y, confidence of each joint, got 2 values'),
    'list': ('x', 'x, y, confidence of each joint'),
}


@pytest.mark.parametrize(('person', 'message'), BAD.values(), ids=BAD)
def test_bad_people(tmp_path: Path, person: Any, message: str) -> None:
    a_frame(tmp_path / 'v', 'v_000000000000', points(25, 0))
    a_frame(tmp_path / 'v', 'v_000000000004', person)
    place = r"v_000000000004_keypoints\.json, frame 4, field 'pose_keypoints_2d': expected "
    with pytest.raises(PoseTrackFormatError, match=place + message):
        read(tmp_path / 'v')


def test_bad_files(tmp_path: Path) -> None:
    a_frame(tmp_path / 'v', 'v_1', points(25, 0))
    bad = tmp_path / 'v/v_2_keypoints.json'
    bad.write_text('{')
    with pytest.raises(PoseTrackFormatError, match=r"v_2_keypoints\.json, frame 2, field 'file': expected JSON, got"):
        read(tmp_path / 'v')
    bad.write_text('{"bodies": []}')
    with pytest.raises(PoseTrackFormatError, match="frame 2, field 'people': expected a list of objects, got {'bodies"):
        read(tmp_path / 'v')
    bad.unlink()
    a_frame(tmp_path / 'v', 'v_01')
    with pytest.raises(PoseTrackFormatError, match="field 'file name': expected a number of its own for each frame"):
        read(tmp_path / 'v')
    (tmp_path / 'v/v_01_keypoints.json').unlink()
    a_frame(tmp_path / 'v', 'w_7')
    with pytest.raises(PoseTrackFormatError, match="expected frames of one video, 'v_' and a number, got w_7"):
        read(tmp_path / 'v')
    (tmp_path / 'v/w_7_keypoints.json').rename(tmp_path / 'v/a_keypoints.json')
    with pytest.raises(PoseTrackFormatError, match="expected a frame's number, got a_keypoints.json"):
        read(tmp_path / 'v')
    (tmp_path / 'none').mkdir()
    with pytest.raises(PoseTrackFormatError, match=r'expected at least one \*_keypoints\.json file, got none'):
        read(tmp_path / 'none', 'openpose')


def test_write_and_read(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    skeleton = Skeleton(LAYOUTS[25], (0.1,) * 25)
    write_openpose(tmp_path / 'out', tracked(skeleton))
    same_poses(read(tmp_path / 'out'), tracked(skeleton))
    document = json.loads((tmp_path / 'out/dance_000000000000_keypoints.json').read_text())
    assert document['version'] == 1.3 and [person['person_id'] for person in document['people']] == [[5], [2]]
    assert document['people'][0]['pose_keypoints_2d'][:6] == [500, 50, 0.005, 501, 52, 0.01]
    last = json.loads((tmp_path / 'out/dance_000000000003_keypoints.json').read_text())
    assert last['people'][0]['pose_keypoints_2d'][3:6] == [0, 0, 0]


def test_coco_is_written_as_openposes_coco(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    write_openpose(tmp_path / 'out', tracked(COCO))
    frame = read(tmp_path / 'out').frames[0]
    assert read(tmp_path / 'out').skeleton.joints == LAYOUTS[18]
    assert not frame.annotated[:, 1].any() and frame.annotated.sum() == 2 * 17
    left_wrist = frame.keypoints[0, LAYOUTS[18].index('left_wrist')]
    np.testing.assert_allclose(left_wrist, tracked().frames[0].keypoints[0, COCO.joints.index('left_wrist')])


def test_frames_of_an_earlier_run_are_replaced(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    a_frame(tmp_path / 'out', 'dance_000000000099', points(25, 0))
    (tmp_path / 'out/notes.md').write_text('mine')
    write_openpose(tmp_path / 'out', tracked())
    names = [f'dance_{number:012d}_keypoints.json' for number in (0, 1, 3)]
    assert sorted(file.name for file in (tmp_path / 'out').iterdir()) == [*names, 'notes.md']
