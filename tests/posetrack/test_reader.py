import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.posetrack import (
    JOINTS,
    POSETRACK18_KEYPOINTS,
    PoseTrackFormatError,
    check_frames,
    format_error,
    read_folder,
    read_video,
)

SHARED = Path(os.environ.get('MMGNNTRACK_SHARED', Path(__file__).parents[2] / '..' / 'shared'))


def posetrack18() -> dict:
    """Two frames, two people in the first; every keypoint i at (10 i, 10 i + 1)."""
    keypoints = [value for index in range(1, 18) for value in (10.0 * index, 10.0 * index + 1, 1)]
    pose = {'image_id': 7, 'keypoints': keypoints, 'category_id': 1}
    return {
        'images': [
            {
                'id': 7,
                'file_name': 'v/0.jpg',
                'is_labeled': True,
                'ignore_regions_x': [[0, 4, 4]],
                'ignore_regions_y': [[0, 0, 4.5]],
            },
            {'id': 8, 'frame_id': 80, 'file_name': 'v/1.jpg', 'is_labeled': False},
        ],
        'annotations': [
            {**pose, 'track_id': 3, 'bbox': [1, 2, 10, 20], 'bbox_head': [1, 2, 3, 4], 'scores': []},
            {**pose, 'track_id': 1},
        ],
        'categories': [{'name': 'person', 'keypoints': list(POSETRACK18_KEYPOINTS)}],
    }


def posetrack17() -> dict:
    points = [
        {'id': [0], 'x': [1.5], 'y': [2.5], 'is_visible': [0]},
        {'id': [13], 'x': [3], 'y': [4]},
    ]
    person = {'track_id': [2], 'annopoints': [{'point': points}], 'x1': [0], 'y1': [1], 'x2': [30], 'y2': [41]}
    region = {'point': [{'x': [0], 'y': [0]}, {'x': [4], 'y': [0]}, {'x': [4], 'y': [4]}]}
    return {
        'annolist': [
            {'image': [{'name': 'v/1.jpg'}], 'imgnum': [5], 'annorect': [person], 'ignore_regions': [region]},
            {'image': [{'name': 'v/2.jpg'}], 'imgnum': [6]},
            {'image': [{'name': 'v/3.jpg'}], 'imgnum': [7], 'is_labeled': [1], 'annorect': []},
        ]
    }


def write(folder: Path, document: object, name: str = 'v.json') -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def test_posetrack18(tmp_path: Path) -> None:
    video = read_video(write(tmp_path, posetrack18(), '000001_bonn.json'))
    first, second = video.frames
    assert (video.name, len(video), len(first), len(second)) == ('000001_bonn', 2, 2, 0)
    assert (first.frame_id, second.frame_id, first.is_labeled, second.is_labeled) == (7, 80, True, False)
    # The ears, at places 4 and 5, are gone.
    np.testing.assert_array_equal(first.keypoints[1, :4], [[10, 11], [20, 21], [30, 31], [60, 61]])
    np.testing.assert_array_equal(first.track_ids, [3, 1])
    np.testing.assert_array_equal(first.bboxes[0], [1, 2, 11, 22])
    np.testing.assert_array_equal(first.head_bboxes[0], [1, 2, 4, 6])
    assert np.isnan(first.bboxes[1]).all()
    np.testing.assert_array_equal(first.ignore_regions[0], [[0, 0], [4, 0], [4, 4.5]])
    assert (first.keypoint_scores == 1).all()
    assert second.keypoints.shape == (0, 15, 2)


def test_a_joint_is_unannotated_only_if_all_three_values_are_zero(tmp_path: Path) -> None:
    document = posetrack18()
    document['annotations'][0]['keypoints'][:12] = [0, 0, 0, 0, 0, 1, 5, 0, 0, 9, 9, 9]
    frame = read_video(write(tmp_path, document)).frames[0]
    np.testing.assert_array_equal(frame.annotated[0, :3], [False, True, True])
    np.testing.assert_array_equal(frame.visible[0, :3], [False, True, False])


def test_keypoints_are_mapped_by_the_names_in_the_file(tmp_path: Path) -> None:
    document = posetrack18()
    names = ['neck' if name == 'head_bottom' else name for name in JOINTS[::-1]]
    document['categories'][0]['keypoints'] = names
    for annotation in document['annotations']:
        annotation['keypoints'] = annotation['keypoints'][:45]
    frame = read_video(write(tmp_path, document)).frames[0]
    np.testing.assert_array_equal(frame.keypoints[0, :, 0], np.arange(150, 0, -10))


def test_without_names_the_count_tells_the_order(tmp_path: Path) -> None:
    document = posetrack18()
    del document['categories']
    assert read_video(write(tmp_path, document)).frames[0].keypoints[0, 3, 0] == 60
    for annotation in document['annotations']:
        annotation['keypoints'] = annotation['keypoints'][:45]
    assert read_video(write(tmp_path, document)).frames[0].keypoints[0, 3, 0] == 40


def test_poses_without_scores_among_scored_ones_have_nan(tmp_path: Path) -> None:
    document = posetrack18()
    document['annotations'][0]['scores'] = [index / 20 for index in range(17)]
    scores = read_video(write(tmp_path, document)).frames[0].keypoint_scores
    np.testing.assert_array_equal(scores[0, :4], [0, 0.05, 0.1, 0.25])
    assert np.isnan(scores[1]).all()


def test_predictions_without_scores_have_nan(tmp_path: Path) -> None:
    for document in (posetrack18(), posetrack17()):
        frame = read_video(write(tmp_path, document), predictions=True).frames[0]
        assert np.isnan(frame.keypoint_scores).all()
        (video,) = read_folder(tmp_path, predictions=True)
        assert np.isnan(video.frames[0].keypoint_scores).all()


def test_poses_join_their_images_in_whatever_order(tmp_path: Path) -> None:
    document = posetrack18()
    document['annotations'][0]['image_id'] = 8
    frames = read_video(write(tmp_path, document)).frames
    assert [frame.track_ids.tolist() for frame in frames] == [[1], [3]]


def test_poses_of_a_frame_keep_the_order_of_the_file(tmp_path: Path) -> None:
    document = posetrack18()
    pose = document['annotations'][1]
    document['annotations'] = [{**pose, 'image_id': 7 + index % 2, 'track_id': index} for index in range(99, -1, -1)]
    frames = read_video(write(tmp_path, document)).frames
    assert [frame.track_ids.tolist() for frame in frames] == [list(range(98, -1, -2)), list(range(99, -1, -2))]


def test_posetrack17(tmp_path: Path) -> None:
    first, second, third = read_video(write(tmp_path, posetrack17())).frames
    assert [frame.is_labeled for frame in (first, second, third)] == [True, False, True]
    assert [frame.frame_id for frame in (first, second, third)] == [5, 6, 7]
    ankle, nose = JOINTS.index('right_ankle'), JOINTS.index('nose')
    np.testing.assert_array_equal(np.flatnonzero(first.annotated[0]), [nose, ankle])
    np.testing.assert_array_equal(first.keypoints[0, [ankle, nose]], [[1.5, 2.5], [3, 4]])
    np.testing.assert_array_equal(first.visible[0, [ankle, nose]], [False, True])
    np.testing.assert_array_equal(first.head_bboxes, [[0, 1, 30, 41]])
    np.testing.assert_array_equal(first.ignore_regions[0], [[0, 0], [4, 0], [4, 4]])
    assert np.isnan(first.bboxes).all()
    assert first.track_ids.tolist() == [2]
    assert (len(second), len(third)) == (0, 0)


def test_posetrack17_values_need_no_lists_around_them(tmp_path: Path) -> None:
    document = posetrack17()
    person = document['annolist'][0]['annorect'][0]
    person.update(track_id=2, x1=0, annopoints={'point': [{'id': 0, 'x': 1.5, 'y': 2.5, 'score': 0.5}]})
    frame = read_video(write(tmp_path, document)).frames[0]
    assert frame.track_ids.tolist() == [2]
    assert frame.keypoint_scores[0, JOINTS.index('right_ankle')] == 0.5


@pytest.mark.parametrize('nothing', [None, [], [None]], ids=str)
def test_posetrack17_joints_are_visible_unless_told(tmp_path: Path, nothing: object) -> None:
    document = posetrack17()
    for point in document['annolist'][0]['annorect'][0]['annopoints'][0]['point']:
        point['is_visible'] = nothing
    assert read_video(write(tmp_path, document)).frames[0].visible.sum() == 2


def test_folder_is_sorted_by_name(tmp_path: Path) -> None:
    for name in ('b.json', 'a.json', 'c.json'):
        write(tmp_path, posetrack17(), name)
    assert [video.name for video in read_folder(tmp_path)] == ['a', 'b', 'c']
    assert [video.name for video in read_folder(tmp_path / 'b.json')] == ['b']


def _set(document: dict, value: object, *keys: object) -> None:
    for key in keys[:-1]:
        document = document[key]
    document[keys[-1]] = value


BAD_18 = {
    'keypoints too short': (['annotations', 1, 'keypoints'], [1.0] * 50, 'keypoints', '51 finite numbers', '50 values'),
    'keypoints missing': (['annotations', 1, 'keypoints'], None, 'keypoints', '51 finite numbers', 'None'),
    'NaN': (['annotations', 1, 'keypoints', 4], float('nan'), 'keypoints', 'finite', 'nan at position 4'),
    'text': (['annotations', 1, 'keypoints', 4], '3', 'keypoints', 'finite', "'3' at position 4"),
    'null': (['annotations', 1, 'keypoints', 4], None, 'keypoints', 'finite', 'None at position 4'),
    'text id': (['annotations', 1, 'track_id'], '1', 'track_id', 'non-negative integer', "'1'"),
    'negative id': (['annotations', 1, 'track_id'], -2, 'track_id', 'non-negative integer', '-2'),
    'broken id': (['annotations', 1, 'track_id'], 1.5, 'track_id', 'non-negative integer', '1.5'),
    'double id': (['annotations', 1, 'track_id'], 3, 'track_id', 'at most once', 'track id 3 twice'),
    'scores': (['annotations', 1, 'scores'], [1.0], 'scores', '17 finite numbers', '1 values'),
    'box': (['annotations', 1, 'bbox'], [1.0, 2], 'bbox', '4 finite numbers', '2 values'),
    'two corners': (['images', 0, 'ignore_regions_x'], [[0, 4]], 'ignore_regions', 'at least 3 corners', '2 x and 3 y'),
    'one axis': (['images', 0, 'ignore_regions_x'], None, 'ignore_regions', 'at least 3 corners', '[]'),
    'NaN corner': (['images', 0, 'ignore_regions_x', 0, 1], float('nan'), 'ignore_regions', 'polygons', 'nan'),
    'large': (['annotations', 0, 'bbox', 2], 1e308, 'bbox', '4 finite numbers', '1e+308 at position 2, beyond 1e+09'),
    'long': (['annotations', 1, 'keypoints', 4], 10**30, 'keypoints', 'finite', 'at position 4, beyond 1e+09'),
    'long id': (['annotations', 1, 'track_id'], 2**63, 'track_id', 'non-negative integer', '9223372036854775808'),
    'long number': (['images', 0, 'frame_id'], 10**400, 'frame_id', 'an integer below 2**62', '1000'),
    'no number': (['images', 0, 'frame_id'], True, 'frame_id', 'an integer', 'True'),
    'names twice': (['categories', 0, 'keypoints', 3], 'nose', 'categories', 'different names', "['nose', "),
    'numbers for names': (['categories', 0, 'keypoints', 3], 3, 'categories', 'different names', "['nose', "),
}


@pytest.mark.parametrize(('keys', 'value', *'feg'), BAD_18.values(), ids=BAD_18.keys())
def test_bad_posetrack18(tmp_path: Path, keys: list, value: object, f: str, e: str, g: str) -> None:
    document = posetrack18()
    _set(document, value, *keys)
    path = write(tmp_path, document)
    with pytest.raises(PoseTrackFormatError) as caught:
        read_video(path)
    message = str(caught.value)
    place = f'{path}, frame 0 (v/0.jpg)' if keys[0] != 'categories' else f'{path}'
    assert message.startswith(f"{place}, field '{f}': expected ")
    assert e in message.split(', got ')[0]
    assert g in message.split(', got ')[1]


BAD_17 = {
    'id': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'id'], [15], 'annopoints.point.id', '15'),
    'twice': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'id'], [13], 'annopoints.point.id', 'twice'),
    'NaN': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'x'], [float('nan')], 'annopoints.point.x', 'nan'),
    'null': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'y'], [None], 'annopoints.point.y', 'None'),
    'two': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'y'], [1, 2], 'annopoints.point.y', '[1, 2]'),
    'text': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'y'], ['1'], 'annopoints.point.y', "'1'"),
    'no x': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'x'], [], 'annopoints.point.x', 'None'),
    'score': ([0, 'annorect', 0, 'annopoints', 0, 'point', 0, 'score'], [0.5], 'annopoints.point.score', 'on some'),
    'points': ([0, 'annorect', 0, 'annopoints'], [3], 'annopoints', '[3]'),
    'track': ([0, 'annorect', 0, 'track_id'], ['a'], 'track_id', "'a'"),
    'people': ([0, 'annorect'], [3], 'annorect', '[3]'),
    'region': ([0, 'ignore_regions', 0, 'point'], [{'x': [0], 'y': [0]}] * 2, 'ignore_regions', '2 corners'),
}


@pytest.mark.parametrize(('keys', 'value', 'field', 'got'), BAD_17.values(), ids=BAD_17.keys())
def test_bad_posetrack17(tmp_path: Path, keys: list, value: object, field: str, got: str) -> None:
    document = posetrack17()
    _set(document, value, 'annolist', *keys)
    path = write(tmp_path, document)
    with pytest.raises(PoseTrackFormatError) as caught:
        read_video(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, frame 0 (v/1.jpg), field '{field}': expected ")
    assert got in message.split(', got ')[1]


@pytest.mark.parametrize('number', [float('inf'), float('nan'), 1.5, 2**62, True, '5'], ids=str)
def test_what_is_no_number_of_an_image(tmp_path: Path, number: object) -> None:
    document = posetrack17()
    document['annolist'][0]['imgnum'] = [number]
    with pytest.raises(PoseTrackFormatError, match=r"frame 0 \(v/1.jpg\), field 'imgnum': expected an integer below"):
        read_video(write(tmp_path, document))
    document['annolist'][0]['imgnum'] = 5.0
    assert read_video(write(tmp_path, document)).frames[0].frame_id == 5


@pytest.mark.parametrize('depth', [100, 900, 100_000])
def test_lists_in_lists_in_lists(tmp_path: Path, depth: int) -> None:
    text = json.dumps(posetrack18() | {'annotations': [{'image_id': 7, 'keypoints': 'x'}]})
    for mark, field in (('"x"', 'keypoints'), ('[{"image_id": 7, "keypoints": "x"}]', 'annotations')):
        path = tmp_path / 'v.json'
        path.write_text(text.replace(mark, '[' * depth + ']' * depth))
        with pytest.raises(PoseTrackFormatError, match=f"field '({field}|file)': expected") as error:
            read_video(path)
        assert len(str(error.value)) < 400


def test_an_annotation_of_an_unknown_image(tmp_path: Path) -> None:
    document = posetrack18()
    document['annotations'][1]['image_id'] = 99
    with pytest.raises(PoseTrackFormatError, match=r"annotation 1\), field 'image_id': .* got 99"):
        read_video(write(tmp_path, document))


def test_two_images_of_one_id(tmp_path: Path) -> None:
    document = posetrack18()
    document['images'][1]['id'] = 7
    with pytest.raises(PoseTrackFormatError, match=r"frame 1 \(v/1.jpg\), field 'id'"):
        read_video(write(tmp_path, document))


def test_keypoint_names_that_lack_joints(tmp_path: Path) -> None:
    document = posetrack18()
    document['categories'][0]['keypoints'][2] = 'left_eye'
    with pytest.raises(PoseTrackFormatError, match="field 'categories'.*head_top"):
        read_video(write(tmp_path, document))


def test_a_missing_track_is_minus_one(tmp_path: Path) -> None:
    document = posetrack18()
    del document['annotations'][0]['track_id']
    document['annotations'][1]['track_id'] = -1
    assert read_video(write(tmp_path, document)).frames[0].track_ids.tolist() == [-1, -1]


@pytest.mark.parametrize('document', [[], {'images': []}, {'annotations': []}, 3], ids=str)
def test_json_that_is_not_posetrack(tmp_path: Path, document: object) -> None:
    with pytest.raises(PoseTrackFormatError, match="expected an object with 'images' and 'annotations'"):
        read_video(write(tmp_path, document))


@pytest.mark.parametrize('content', [b'{"images": [', b'\xff\xfe\x00'])
def test_a_file_that_is_not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'v.json'
    path.write_bytes(content)
    with pytest.raises(PoseTrackFormatError, match='v.json.*expected JSON'):
        read_video(path)


@pytest.mark.parametrize('read', [read_video, read_folder])
def test_nothing_there(tmp_path: Path, read: Callable) -> None:
    with pytest.raises(PoseTrackFormatError, match='nowhere.*got nothing'):
        read(tmp_path / 'nowhere')


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(PoseTrackFormatError, match=r'at least one \*\.json'):
        read_folder(tmp_path)


def test_frames_in_order(tmp_path: Path) -> None:
    for name, document in (('17.json', posetrack17()), ('18.json', posetrack18())):
        check_frames(read_video(write(tmp_path, document, name)))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda images: images.clear(), r"v.json, field 'frames': expected at least one, got none"),
        (
            lambda images: images[1].update(file_name='v/0.jpg'),
            r"frame 1 \(v/0.jpg\), field 'image'.* got that of frame 0",
        ),
        (lambda images: images[1].update(frame_id=7), r'frame 1 \(v/1.jpg\).* expected one above 7, got 7'),
    ],
    ids=['none', 'twice', 'out of order'],
)
def test_frames_that_are_no_video(tmp_path: Path, change: Callable, message: str) -> None:
    document = posetrack18()
    change(document['images'])
    document['annotations'] = []
    video = read_video(write(tmp_path, document))
    with pytest.raises(PoseTrackFormatError, match=message):
        check_frames(video)


@pytest.mark.skipif(not (SHARED / 'realdata').is_dir(), reason='the PoseTrack files are not here')
def test_real_files() -> None:
    bonn = read_folder(SHARED / 'realdata/posetrack17_bonn_train')
    assert len(bonn) == 30
    for video in bonn:
        check_frames(video)
    assert sum(len(frame) for video in bonn for frame in video.frames) == 6394
    assert not any(frame.annotated[:, JOINTS.index('nose')].any() for video in bonn for frame in video.frames)
    (train,) = read_folder(SHARED / 'realdata/posetrack18/annotations/train')
    assert [index for index, frame in enumerate(train.frames) if len(frame)] == list(range(23, 54))
    val = read_folder(SHARED / 'realdata/posetrack18/annotations/val')
    assert [len(video.frames[0].ignore_regions) > 0 for video in val] == [True] * 3


def test_messages_are_short() -> None:
    message = str(format_error('v.json', 'id', 'x' * 9999, ['x' * 9999] * 9, 'x' * 9999))
    assert len(message) < 800 and message.startswith('v.json, frame xxx') and message.endswith('...')


def test_names_that_steer_a_terminal_are_shown() -> None:
    assert str(format_error('a\n\x1b[2J.json', 'id', 'a number', '\x07')) == (
        "a\\n\\x1b[2J.json, field 'id': expected a number, got \\x07"
    )
