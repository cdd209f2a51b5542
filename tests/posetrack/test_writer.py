import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.posetrack import (
    POSETRACK18_KEYPOINTS,
    PoseFrame,
    PoseVideo,
    Skeleton,
    read_poses,
    read_video,
    write_video,
)


def a_video(seed: int = 0) -> PoseVideo:
    rng = np.random.default_rng(seed)
    frames = []
    for index, people in enumerate((3, 0, 1)):
        annotated = rng.random((people, 15)) < 0.8
        frames.append(
            PoseFrame(
                file_name=f'v/{index}.jpg',
                frame_id=100 + index,
                is_labeled=index != 1,
                keypoints=rng.uniform(-5, 600, (people, 15, 2)) * annotated[..., None],
                annotated=annotated,
                visible=annotated & (rng.random((people, 15)) < 0.5),
                keypoint_scores=rng.random((people, 15)) * annotated,
                track_ids=rng.permutation(9)[:people],
                bboxes=rng.uniform(0, 300, (people, 4)),
                head_bboxes=np.full((people, 4), np.nan),
                ignore_regions=[rng.uniform(0, 99, (5, 2))] if index == 0 else [],
            )
        )
    frames[0].bboxes[1] = np.nan
    frames[0].track_ids[2] = -1
    frames[0].keypoint_scores[0] = np.nan
    return PoseVideo(name='v', frames=frames)


def assert_same(left: PoseFrame, right: PoseFrame) -> None:
    for name in ('file_name', 'frame_id', 'is_labeled'):
        assert getattr(left, name) == getattr(right, name)
    for name in ('keypoints', 'annotated', 'visible', 'keypoint_scores', 'track_ids', 'bboxes', 'head_bboxes'):
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), rtol=0, atol=1e-4, err_msg=name)
    for one, other in zip(left.ignore_regions, right.ignore_regions, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


@pytest.mark.parametrize('seed', range(5))
def test_what_is_written_is_read_again(tmp_path: Path, seed: int) -> None:
    video = a_video(seed)
    write_video(tmp_path / 'v.json', video)
    again = read_video(tmp_path / 'v.json')
    assert again.name == 'v'
    for left, right in zip(video.frames, again.frames, strict=True):
        assert_same(left, right)


def test_the_layout(tmp_path: Path) -> None:
    write_video(tmp_path / 'v.json', a_video())
    document = json.loads((tmp_path / 'v.json').read_text())
    pose = document['annotations'][1]
    assert len(pose['keypoints']) == 51
    assert len(pose['scores']) == 17
    ear = POSETRACK18_KEYPOINTS.index('left_ear')
    assert pose['keypoints'][3 * ear : 3 * ear + 6] == [0] * 6
    assert pose['scores'][ear : ear + 2] == [0, 0]
    assert 'bbox' not in pose and 'bbox_head' not in pose
    assert 'track_id' not in document['annotations'][2]
    assert [image['id'] for image in document['images']] == [100, 101, 102]
    assert len({pose['id'] for pose in document['annotations']}) == 4


def test_a_hidden_joint_in_the_corner_stays_annotated(tmp_path: Path) -> None:
    video = a_video()
    frame = video.frames[2]
    frame.annotated[0, 0], frame.visible[0, 0], frame.keypoints[0, 0] = True, False, 0.00001
    write_video(tmp_path / 'v.json', video)
    assert read_video(tmp_path / 'v.json').frames[2].annotated[0, 0]


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('field', ['keypoints', 'keypoint_scores'])
def test_values_that_are_not_finite_leave_no_file(tmp_path: Path, field: str, value: float) -> None:
    video = a_video()
    frame = video.frames[2]
    frame.annotated[:] = True
    getattr(frame, field)[0, 3] = value
    with pytest.raises(ValueError, match=r'video v, frame 2 \(v/2.jpg\): expected finite'):
        write_video(tmp_path / 'v.json', video)
    assert list(tmp_path.iterdir()) == []


def test_frame_ids_must_differ(tmp_path: Path) -> None:
    video = a_video()
    video.frames[1] = replace(video.frames[1], frame_id=100)
    with pytest.raises(ValueError, match='frame_id.*100 twice'):
        write_video(tmp_path / 'v.json', video)


def test_a_failure_on_the_way_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'v.json'
    path.write_text('old')

    def fail(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='cannot write .*v.json: No space left'):
        write_video(path, a_video())
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match='cannot write .*nowhere'):
        write_video(tmp_path / 'nowhere' / 'v.json', a_video())


@pytest.mark.skipif(os.geteuid() == 0, reason='the superuser may write everywhere')
def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match='cannot write'):
        write_video(tmp_path / 'v.json', a_video())


def test_joints_of_another_skeleton(tmp_path: Path) -> None:
    skeleton = Skeleton(('nose', 'paw', 'tail'), (0.1, 0.1, 0.1))
    frames = [
        replace(
            frame,
            **{name: getattr(frame, name)[:, :3] for name in ('keypoints', 'annotated', 'visible', 'keypoint_scores')},
        )
        for frame in a_video().frames
    ]
    write_video(tmp_path / 'v.json', PoseVideo('v', frames, skeleton=skeleton))
    document = json.loads((tmp_path / 'v.json').read_text())
    assert document['categories'][0]['keypoints'] == ['nose', 'paw', 'tail']
    for left, right in zip(frames, read_poses(tmp_path / 'v.json', skeleton).frames, strict=True):
        left.track_ids[:] = -1
        assert_same(left, right)
