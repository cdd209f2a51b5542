import json
from pathlib import Path

import pytest
from mmengine.registry import DATASETS
from videos import a_video, people_at

from mmgnntrack.datasets import PoseTrackVideoDataset
from mmgnntrack.posetrack import JOINTS, read_folder, write_video


def dataset(root: Path, **options: object) -> PoseTrackVideoDataset:
    settings = dict(ann_file='annotations', data_prefix=dict(img='images'), data_root=str(root), **options)
    return DATASETS.build(dict(type='mmgnntrack.PoseTrackVideoDataset', **settings))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / 'annotations').mkdir()
    for name, length in (('b', 3), ('a', 2), ('c', 1)):
        video = a_video(*length * [people_at(10, 20)], name=name)
        for frame in video.frames:
            frame.file_name, frame.frame_id = f'{name}/{frame.frame_id:06d}.jpg', frame.frame_id + 500
            frame.is_labeled = frame.frame_id != 501
        write_video(tmp_path / 'annotations' / f'{name}.json', video)
    return tmp_path


def test_all_frames_in_order(root: Path) -> None:
    frames = dataset(root)
    found = [(frames[i]['video_name'], frames[i]['frame_id'], frames[i]['video_length']) for i in range(len(frames))]
    # Frame 1 of each is not labelled; numbers count the frames, whatever the file calls them.
    assert found == [('a', 0, 2), ('a', 1, 2), ('b', 0, 3), ('b', 1, 3), ('b', 2, 3), ('c', 0, 1)]
    assert frames[4]['img_path'] == str(root / 'images/b/000002.jpg')


def test_some_videos(root: Path) -> None:
    frames = dataset(root, videos=['c', 'a'])
    assert [frames[i]['video_name'] for i in range(len(frames))] == ['a', 'a', 'c']


def test_unknown_videos(root: Path) -> None:
    with pytest.raises(ValueError, match='no such video in .*annotations: x, y$'):
        dataset(root, videos=['y', 'a', 'x'])


def test_videos_spread_evenly(root: Path) -> None:
    assert dataset(root, max_videos=2).metainfo['videos'] == ['a', 'c']
    assert dataset(root, max_videos=5).metainfo['videos'] == ['a', 'b', 'c']
    assert dataset(root, max_videos=1, videos=['b', 'c']).metainfo['videos'] == ['b']


def test_boxes_come_from_the_detector(root: Path) -> None:
    frames = dataset(root)
    assert frames.metainfo['boxes_from'] == 'detector' and 'bboxes' not in frames[0]


def test_boxes_of_the_annotations(root: Path) -> None:
    frames = dataset(root, gt_bboxes=True)
    assert frames.metainfo['boxes_from'] == 'annotations'
    assert [len(frames[i]['bboxes']) for i in range(3)] == [2, 2, 2]
    assert frames[0]['bbox_scores'].tolist() == [1, 1]


def test_boxes_of_a_file(root: Path) -> None:
    entries = [
        dict(bbox=[0, 0, 1, 1], score=score, image_id=f'b/{index:06d}.jpg', category_id=1)
        for index, score in ((0, 0.2), (0, 0.8), (2, 0.2))
    ]
    (root / 'boxes.json').write_text(json.dumps(entries))
    frames = dataset(root, videos=['b'], bbox_file=str(root / 'boxes.json'), bbox_score_thr=0.5)
    assert frames.metainfo['boxes_from'] == str(root / 'boxes.json')
    assert [len(frames[i]['bboxes']) for i in range(3)] == [1, 0, 0]


def test_two_sources_of_boxes(root: Path) -> None:
    with pytest.raises(ValueError, match='either a bbox_file or gt_bboxes'):
        dataset(root, bbox_file='boxes.json', gt_bboxes=True)


def test_one_file(root: Path) -> None:
    frames = PoseTrackVideoDataset('annotations/b.json', data_root=str(root))
    assert [frames[i]['frame_id'] for i in range(len(frames))] == [0, 1, 2]
    # Without a prefix images lie below the data root.
    assert frames[0]['img_path'] == str(root / 'b/000000.jpg')
    assert PoseTrackVideoDataset(str(root / 'annotations/b.json'))[0]['img_path'] == str(Path('b/000000.jpg'))


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='annotations'):
        dataset(tmp_path)


def test_a_folder_of_posetrack17(tmp_path: Path) -> None:
    points = [{'id': [0], 'x': [1.5], 'y': [2.5], 'is_visible': [0]}]
    person = {'track_id': [2], 'annopoints': [{'point': points}]}
    frames = [
        {'image': [{'name': 'v/1.jpg'}], 'imgnum': [5], 'annorect': [person]},
        {'image': [{'name': 'v/2.jpg'}], 'imgnum': [6]},
        {'image': [{'name': 'v/3.jpg'}], 'imgnum': [7], 'annorect': [person]},
    ]
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations/v.json').write_text(json.dumps({'annolist': frames}))
    found = dataset(tmp_path)
    assert [Path(found[i]['img_path']).relative_to(tmp_path / 'images').as_posix() for i in range(3)] == [
        'v/1.jpg',
        'v/2.jpg',
        'v/3.jpg',
    ]


def test_the_pipeline(synthtrack: Path) -> None:
    frames = PoseTrackVideoDataset(
        'annotations/val',
        data_root=str(synthtrack),
        data_prefix=dict(img=''),
        pipeline=[dict(type='mmgnntrack.LoadFrame'), dict(type='mmgnntrack.PackFrameInputs')],
        test_mode=True,
    )
    assert len(frames) == 8 and {frame.is_labeled for frame in read_folder(frames.ann_file)[0].frames} == {True, False}
    for index in (0, 5):
        packed = frames[index]
        assert packed['inputs'].shape == (240, 320, 3) and packed['inputs'].dtype == 'uint8'
        sample = packed['data_samples']
        assert sample.frame_id == index and sample.video_length == 8 and sample.ori_shape == (240, 320)
        assert Path(sample.img_path).stem == f'{index:06d}'


def test_metainfo(root: Path) -> None:
    names = [info['name'] for info in dataset(root).metainfo['keypoint_info'].values()]
    assert names == list(JOINTS)


def test_real_files(real_data: Path) -> None:
    seventeen = PoseTrackVideoDataset(str(real_data / 'posetrack17_bonn_train'))
    names = [seventeen.get_data_info(i)['video_name'] for i in range(len(seventeen))]
    assert len(set(names)) == 30 and names == sorted(names)
    root = real_data / 'posetrack18'
    frames = PoseTrackVideoDataset('annotations/train', data_root=str(root), data_prefix=dict(img=''))
    assert len(frames) == 76 and Path(frames[75]['img_path']).parts[-2] == '000001_bonn_train'
