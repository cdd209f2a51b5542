import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmgnntrack.posetrack import (
    COCO,
    JOINTS,
    POSETRACK,
    POSETRACK18_KEYPOINTS,
    PoseTrackFormatError,
    PoseVideo,
    Skeleton,
    large,
    read_poses,
)

PAW = Skeleton(('nose', 'paw'), (0.1, 0.2))


@pytest.fixture(autouse=True, params=['whole', 'in pieces'])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read as large ones are, too."""
    if request.param == 'in pieces':
        monkeypatch.setattr(large, 'LARGE', 0)


def result(image: int, joints: int, score: float = 0.5) -> dict[str, Any]:
    """A COCO result whose joint j lies at (image + j, 2)."""
    points = [[float(image + joint), 2.0, score] for joint in range(joints)]
    return {'image_id': image, 'category_id': 1, 'keypoints': sum(points, []), 'score': 0.1}


def read(tmp_path: Path, document: Any, *arguments: Any) -> PoseVideo:
    (tmp_path / 'v.json').write_text(json.dumps(document))
    return read_poses(tmp_path / 'v.json', *arguments)


@pytest.mark.parametrize(('joints', 'skeleton'), [(15, POSETRACK), (17, COCO)])
def test_coco_results(tmp_path: Path, joints: int, skeleton: Skeleton) -> None:
    video = read(tmp_path, [result(12, joints), result(10, joints, 0.0), result(12, joints)])
    assert video.name == 'v' and video.skeleton == skeleton
    assert [(frame.frame_id, frame.file_name, len(frame)) for frame in video.frames] == [(10, '10', 1), (12, '12', 2)]
    (pose,) = video.frames[0].keypoints
    assert pose[:, 0].tolist() == list(range(10, 10 + joints)) and (pose[:, 1] == 2).all()
    assert (video.frames[0].keypoint_scores == 0).all() and (video.frames[1].keypoint_scores == 0.5).all()
    assert all(frame.annotated.all() and (frame.track_ids == -1).all() for frame in video.frames)


def test_the_skeleton_of_coco_results_may_be_given(tmp_path: Path) -> None:
    video = read(tmp_path, [result(0, 2)], PAW)
    assert video.skeleton is PAW and video.frames[0].keypoints.shape == (1, 2, 2)
    # PoseTrack18's keypoints, which have as many as COCO's: the ears are dropped.
    video = read(tmp_path, [result(0, 17)], Skeleton(POSETRACK18_KEYPOINTS, (0.1,) * 17))
    assert video.skeleton.joints == JOINTS and video.frames[0].keypoints[0, :5, 0].tolist() == [0, 1, 2, 5, 6]


def test_images_are_the_frames_of_coco_results(tmp_path: Path) -> None:
    images = [{'id': number, 'file_name': f'v/{number}.jpg'} for number in (9, 10, 11)]
    (tmp_path / 'images.json').write_text(json.dumps({'images': images, 'annotations': []}))
    video = read(tmp_path, [result(10, 17)], None, tmp_path / 'images.json')
    assert [(frame.file_name, len(frame)) for frame in video.frames] == [
        ('v/9.jpg', 0),
        ('v/10.jpg', 1),
        ('v/11.jpg', 0),
    ]
    assert video.frames[0].keypoints.shape == (0, 17, 2)
    with pytest.raises(PoseTrackFormatError, match=r"v.json, frame .* field 'image_id': expected the id .* got 12"):
        read(tmp_path, [result(12, 17)], None, tmp_path / 'images.json')
    assert len(read(tmp_path, [], None, tmp_path / 'images.json')) == 3


@pytest.mark.parametrize('ids', [(0, 0), ('a', 'b'), (None, -5)])
def test_track_ids_are_ignored(tmp_path: Path, ids: tuple[object, object]) -> None:
    poses = [{'image_id': 1, 'keypoints': [1.0] * 51, 'track_id': number} for number in ids]
    video = read(tmp_path, {'images': [{'id': 1, 'file_name': 'a'}], 'annotations': poses})
    assert video.frames[0].track_ids.tolist() == [-1, -1] and np.isnan(video.frames[0].keypoint_scores).all()
    people = [{'track_id': [number], 'annopoints': [{'point': [{'id': [0], 'x': [1], 'y': [2]}]}]} for number in ids]
    video = read(tmp_path, {'annolist': [{'image': [{'name': 'a'}], 'annorect': people}]})
    assert video.frames[0].track_ids.tolist() == [-1, -1]


def coco_like(names: tuple[str, ...]) -> dict[str, Any]:
    pose = {'image_id': 1, 'keypoints': [float(i) for i in range(3 * len(names))], 'scores': [0.5] * len(names)}
    categories = [{'id': 1, 'keypoints': list(names)}]
    return {'images': [{'id': 1, 'file_name': 'a'}], 'annotations': [pose], 'categories': categories}


def test_keypoints_that_the_file_names(tmp_path: Path) -> None:
    video = read(tmp_path, coco_like(COCO.joints[::-1]))
    assert video.skeleton is COCO and video.frames[0].keypoints[0, 0].tolist() == [48, 49]
    with pytest.raises(PoseTrackFormatError, match=r"v.json, field 'categories': expected .* metainfo, got \['nose'"):
        read(tmp_path, coco_like(PAW.joints))
    assert read(tmp_path, coco_like(PAW.joints), PAW).frames[0].keypoints.tolist() == [[[0, 1], [3, 4]]]


BAD = {
    'no object': ([3], "'file': expected COCO keypoint results, a list of objects, got 3"),
    'text id': ([{**result(1, 17), 'image_id': 'a.jpg'}], "of entry 0, field 'image_id': expected an integer"),
    'number': ([result(4, 16)], "frame 4, field 'keypoints': expected x, y, score of 15 .*, got 48 values"),
    'no keypoints': ([{'image_id': 4}], "frame 4, field 'keypoints': .* got None"),
    'later number': ([result(4, 17), result(5, 15)], r"frame 1 \(5\), field 'keypoints': expected 51 .* got 45 values"),
    'NaN': ([result(4, 17, float('nan'))], r"frame 0 \(4\), field 'keypoints': .* got nan at position 2"),
    'large': (
        [result(4, 17, -1e308)],
        r"frame 0 \(4\), field 'keypoints': .* got -1e\+308 at position 2, beyond 1e\+09",
    ),
    'long id': ([result(2**62, 17)], "of entry 0, field 'image_id': expected an integer below 2.*, got 46"),
    'true': ([{**result(1, 17), 'image_id': True}], "of entry 0, field 'image_id': expected an integer .* got True"),
    'no JSON': ({}, "field 'file': expected an object with 'images'"),
    'images': ({'images': 3, 'annotations': 3}, "field 'images': expected a list"),
}


@pytest.mark.parametrize(('document', 'message'), BAD.values(), ids=BAD.keys())
def test_bad_files(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(PoseTrackFormatError, match=f'{tmp_path}/v.json.*{message}'):
        read(tmp_path, document)


@pytest.mark.parametrize(
    'value', [True, 'x' * 100_000, 10**400, None, [1.0], {'a': 1}], ids=lambda value: str(value)[:9]
)
def test_values_that_are_no_numbers(tmp_path: Path, value: Any) -> None:
    """One among very many: an array with a long string in it would be as large as if all were as long."""
    poses = [result(4, 17) for _ in range(3000)]
    poses[2000]['keypoints'][7] = value
    with pytest.raises(
        PoseTrackFormatError, match=r"frame 0 \(4\), field 'keypoints': expected 51 .* position 7"
    ) as error:
        read(tmp_path, poses)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize('content', ['[' * 100_000, '{"images": ' * 3000, '[1' + '0' * 5000 + ']'])
def test_documents_that_cannot_be_parsed(tmp_path: Path, content: str) -> None:
    (tmp_path / 'v.json').write_text(content)
    with pytest.raises(PoseTrackFormatError, match="v.json.*field 'file'|v.json.*expected"):
        read_poses(tmp_path / 'v.json')


@pytest.mark.parametrize(
    ('images', 'message'),
    [
        ([{'id': 4, 'file_name': 3}], "field 'file_name'"),
        ([{'id': 'x', 'file_name': 'a', 'frame_id': 1}], "field 'id'"),
        ([{'id': 4, 'file_name': 'a'}] * 2, "field 'id': expected an id of its own"),
        ([3], "field 'images'"),
    ],
)
def test_images_that_are_wrong_are_so_in_their_own_file(tmp_path: Path, images: list[Any], message: str) -> None:
    (tmp_path / 'images.json').write_text(json.dumps({'images': images, 'annotations': []}))
    with pytest.raises(PoseTrackFormatError, match=f'{tmp_path}/images.json.*{message}'):
        read(tmp_path, [result(4, 17)], None, tmp_path / 'images.json')


def test_posetrack17_has_its_own_joints(tmp_path: Path) -> None:
    with pytest.raises(PoseTrackFormatError, match="'annolist': expected poses of 2 other joints, got PoseTrack17's"):
        read(tmp_path, {'annolist': []}, PAW)
    video = read(tmp_path, {'annolist': []}, Skeleton(POSETRACK18_KEYPOINTS, (0.5,) * 17))
    assert video.skeleton == replace(POSETRACK, sigmas=(0.5,) * 15)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PoseTrackFormatError, match='expected a JSON file, got nothing'):
        read_poses(tmp_path / 'nowhere.json')
