import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from mmgnntrack.posetrack import JOINTS, PoseFrame, PoseVideo, write_video

ROOT = Path(__file__).parents[3]
TOOL = ROOT / 'tools/dataset_converters/posetrack_to_coco.py'
FIELDS = {'id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'track_id', 'num_keypoints', 'keypoints'}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run_tool: Callable[[Path], Run]) -> Run:
    """Runs the tool in this process; gives its exit status, its output and its complaints."""
    return run_tool(TOOL)


def an_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((60, 80, 3), np.uint8))


def a_frame(file_name: str, number: int, labelled: bool = True) -> PoseFrame:
    """One person has four joints, one a box of 20 x 30 px alone, and one neither."""
    n = 3 if labelled else 0
    keypoints, bboxes = np.zeros((n, len(JOINTS), 2)), np.full((n, 4), np.nan)
    if labelled:
        keypoints[0, :4] = [[10, 10], [30, 10], [10, 50], [30, 50]]
        bboxes[1] = [40, 20, 60, 50]
    return PoseFrame(
        file_name=file_name,
        frame_id=number,
        is_labeled=labelled,
        keypoints=keypoints,
        annotated=keypoints.any(-1),
        visible=keypoints.any(-1),
        keypoint_scores=np.ones((n, len(JOINTS))),
        track_ids=np.arange(7, 7 + n),
        bboxes=bboxes,
        head_bboxes=np.full((n, 4), np.nan),
        ignore_regions=[np.array([[50.0, 0], [70, 0], [70, 15]])],
    )


def posetrack18(root: Path, annotations: str = 'annotations') -> Path:
    """Train and val with one sequence each: two labelled frames and one without labels."""
    for split in ('train', 'val'):
        names = [f'images/{split}/000001_bonn/{number:06d}.jpg' for number in range(3)]
        for name in names:
            an_image(root / name)
        folder = root / annotations / split
        folder.mkdir(parents=True)
        frames = [a_frame(name, number, labelled=number < 2) for number, name in enumerate(names)]
        write_video(folder / '000001_bonn.json', PoseVideo('000001_bonn', frames))
    return root


def posetrack21(root: Path) -> Path:
    return posetrack18(root, 'posetrack_data')


def posetrack17(root: Path) -> Path:
    """The same people as far as these files hold them, in the older download's folder."""
    data = root / 'posetrack_data'
    corners = [{'id': [i], 'x': [x], 'y': [y]} for i, x, y in ((13, 10, 10), (12, 30, 10), (14, 10, 50), (9, 30, 50))]
    person = {'track_id': [7], 'annopoints': [{'point': corners}], 'x1': [8], 'y1': [8], 'x2': [32], 'y2': [20]}
    region = {'point': [{'x': [50], 'y': [0]}, {'x': [70], 'y': [0]}, {'x': [70], 'y': [15]}]}
    for split in ('train', 'val'):
        frames = []
        for number in (1, 2, 3):
            frames.append({'image': [{'name': f'images/bonn_5sec/{split}_mpii/{number:08d}.jpg'}], 'imgnum': [number]})
            an_image(data / frames[-1]['image'][0]['name'])
        for frame in frames[:2]:
            frame.update(annorect=[person], ignore_regions=[region])
        (data / 'annotations' / split).mkdir(parents=True)
        (data / 'annotations' / split / '00001_mpii.json').write_text(json.dumps({'annolist': frames}))
    return root


LAYOUTS = [
    (posetrack17, 'posetrack_data/annotations/posetrack17_{}.json', 1),
    (posetrack18, 'annotations/posetrack18_{}.json', 2),
    (posetrack21, 'annotations/posetrack21_{}.json', 2),
]


@pytest.mark.parametrize(('make', 'out', 'people'), LAYOUTS, ids=lambda value: getattr(value, '__name__', ''))
def test_a_data_set_as_downloaded(
    run: Run, tmp_path: Path, make: Callable[[Path], Path], out: str, people: int
) -> None:
    status, printed, complaint = run(make(tmp_path))
    assert status == 0
    link = f'{tmp_path}/annotations/val: link it to {tmp_path}/posetrack_data/val'
    assert (link in complaint) == (make is posetrack21)
    assert [line.split() for line in printed.splitlines()[:3]] == [
        'split sequences frames labelled people tracks missing'.split(),
        *([split, '1', '3', '2', str(2 * people), str(people), '0'] for split in ('train', 'val')),
    ]
    for split in ('train', 'val'):
        document = json.loads((tmp_path / out.format(split)).read_text())
        folder = (tmp_path / out).parents[1]
        assert [(image['width'], image['height']) for image in document['images']] == [(80, 60)] * 2
        assert all((folder / image['file_name']).is_file() for image in document['images'])
        annotations = document['annotations']
        assert all(annotation.keys() == FIELDS for annotation in annotations)
        assert [annotation['id'] for annotation in annotations] == list(range(2 * (people + 1)))
        person, *boxed, ignored = annotations[: people + 1]
        assert person['bbox'] == [7, 4, 26, 52]  # 15 % on each side
        assert (person['track_id'], person['num_keypoints'], person['area']) == (7, 4, 26 * 52)
        assert person['keypoints'][:6] == [10, 10, 2, 30, 10, 2] and sum(person['keypoints'][2::3]) == 8
        assert [(b['bbox'], b['area'], b['track_id'], b['num_keypoints']) for b in boxed] == [
            ([40, 20, 20, 30], 600, 8, 0)
        ] * (people - 1)
        assert (ignored['bbox'], ignored['iscrowd'], ignored['track_id']) == ([50, 0, 20, 15], 1, -1)


@pytest.mark.parametrize('loader', ['train_dataloader', 'val_dataloader'])
@pytest.mark.parametrize(('make', 'year'), [(posetrack17, 17), (posetrack18, 18)], ids=['17', '18'])
def test_the_configs_read_it(run: Run, tmp_path: Path, make: Callable[[Path], Path], year: int, loader: str) -> None:
    run(make(tmp_path))
    root = next(folder for folder in (tmp_path, tmp_path / 'posetrack_data') if (folder / 'images').is_dir())
    detector = Config.fromfile(ROOT / f'configs/detector/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack{year}.py')
    estimator = Config.fromfile(ROOT / f'configs/pose_estimator/td-hm_hrnet-w48_20e_posetrack{year}-384x288.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        frames = DATASETS.build(dict(detector[loader].dataset, data_root=str(root)))
        sample = frames[1]
    assert len(frames) == 2
    boxes = sample['data_samples'].gt_instances.bboxes
    assert len(boxes) == (1 if year == 17 else 2) and len(sample['data_samples'].ignored_instances) == 1
    with DefaultScope.overwrite_default_scope('mmpose'):
        people = DATASETS.build(dict(estimator[loader].dataset, data_root=str(root)))
        sample = people[1]
    assert len(people) == 2  # people without joints do not train the estimator
    assert sample['inputs'].shape == (3, 384, 288)
    assert sample['data_samples'].gt_instances.keypoints.shape == (1, 15, 2)


def test_one_folder_of_annotations(run: Run, tmp_path: Path) -> None:
    posetrack18(tmp_path)
    command = (tmp_path / 'annotations/val', '--images', tmp_path)
    for _ in range(2):  # the file named is replaced
        assert run(*command, '--out', tmp_path / 'new/coco.json')[::2] == (0, '')
    assert len(json.loads((tmp_path / 'new/coco.json').read_text())['images']) == 2
    status, _, complaint = run(*command)
    assert status == 2 and '--images needs --out' in complaint


def test_missing_images(run: Run, tmp_path: Path) -> None:
    posetrack18(tmp_path)
    folder = tmp_path / 'images/val/000001_bonn'
    (folder / '000000.jpg').unlink()
    (folder / '000002.jpg').unlink()
    status, printed, complaint = run(tmp_path)
    assert status == 1 and printed.splitlines()[2].split()[-1] == '2'
    assert f'error: val: 2 of 3 images are missing, such as {folder}/000000.jpg, {folder}/000002.jpg (' in complaint
    assert not list(tmp_path.glob('annotations/*.json'))
    status, _, complaint = run(tmp_path, '--allow-missing')
    assert status == 0 and complaint.count('images are missing') == 1
    (image,) = json.loads((tmp_path / 'annotations/posetrack18_val.json').read_text())['images']
    assert image['file_name'].endswith('000001.jpg')


def test_counts_of_sequences(run: Run, tmp_path: Path) -> None:
    posetrack18(tmp_path)
    assert 'warning: val: 1 sequences, posetrack18 has 170: a part' in run(tmp_path)[2]
    only = tmp_path / 'annotations/val/000001_bonn.json'
    for number in range(73):
        (only.parent / f'{number}.json').write_text(only.read_text())
    assert 'warning: val: 74 sequences, posetrack18 has 170: labels v0.2' in run(tmp_path, '--splits', 'val')[2]
    for number in range(73, 169):
        (only.parent / f'{number}.json').write_text(only.read_text())
    assert run(tmp_path, '--splits', 'val')[2] == ''


def test_bad_folders(run: Run, tmp_path: Path) -> None:
    status, _, complaint = run(tmp_path)
    assert (status, complaint.count('\n')) == (1, 0)
    looked = [f'{tmp_path}/{folder}' for folder in ('annotations', 'posetrack_data/annotations', 'posetrack_data')]
    assert complaint.endswith(', '.join(f'{folder}/train' for folder in looked))
    (tmp_path / 'annotations/train').mkdir(parents=True)
    (tmp_path / 'annotations/train/00001.mat').touch()
    assert 'mat2json.m' in run(tmp_path)[2]


def test_bad_files(run: Run, tmp_path: Path) -> None:
    posetrack18(tmp_path)
    file = tmp_path / 'annotations/train/000001_bonn.json'
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, 'images': document['images'][::-1]}))
    status, _, complaint = run(tmp_path)
    assert (status, complaint.count('\n')) == (1, 0)
    assert f"error: {file}, frame 1 (images/train/000001_bonn/000001.jpg), field 'frame number'" in complaint
    file.write_text(json.dumps(document))
    (tmp_path / 'images/train/000001_bonn/000001.jpg').write_bytes(b'no image')
    status, _, complaint = run(tmp_path)
    assert status == 1 and '000001_bonn/000001.jpg' in complaint


def test_files_of_others_stay(run: Run, tmp_path: Path) -> None:
    other = posetrack18(tmp_path) / 'annotations/posetrack18_val.json'
    other.write_text('{"images": []}')
    status, _, complaint = run(tmp_path)
    assert status == 1 and f'{other} exists and is not from this tool' in complaint
    assert run(tmp_path, '--out', tmp_path / 'out')[0] == run(tmp_path, '--out', tmp_path / 'out')[0] == 0
    assert other.read_text() == '{"images": []}'


def test_a_split_without_labels(run: Run, tmp_path: Path) -> None:
    posetrack18(tmp_path)
    (tmp_path / 'annotations/test').mkdir()
    write_video(
        tmp_path / 'annotations/test/v.json',
        PoseVideo('v', [a_frame('images/val/000001_bonn/000000.jpg', 0, labelled=False)]),
    )
    status, printed, _ = run(tmp_path, '--splits', 'test')
    assert status == 0 and 'test: no labelled frames with images, nothing written' in printed
    assert not (tmp_path / 'annotations/posetrack18_test.json').exists()


def test_real_files(run: Run, real_data: Path, tmp_path: Path) -> None:
    status, printed, _ = run(real_data / 'posetrack18', '--out', tmp_path)
    assert status == 0
    assert [line.split() for line in printed.splitlines()[1:3]] == [
        ['train', '1', '76', '31', '62', '2', '0'],
        ['val', '3', '3', '3', '14', '14', '0'],
    ]


def test_images_have_the_ids_of_their_frames_where_these_are_unique(run: Run, tmp_path: Path) -> None:
    """So the boxes that a detector finds with such a file can be given to the tracker."""
    (tmp_path / 'labels').mkdir()
    for name, number in (('a', 40), ('b', 50)):
        an_image(tmp_path / f'{name}.jpg')
        write_video(tmp_path / f'labels/{name}.json', PoseVideo(name, [a_frame(f'{name}.jpg', number)]))
    out = tmp_path / 'out.json'
    arguments = (tmp_path / 'labels', '--images', tmp_path, '--out', out)
    for numbers in ([40, 50], [0, 1]):
        assert run(*arguments)[0] == 0
        document = json.loads(out.read_text())
        assert [image['id'] for image in document['images']] == numbers
        assert [annotation['image_id'] for annotation in document['annotations']] == sorted(3 * numbers)
        write_video(tmp_path / 'labels/b.json', PoseVideo('b', [a_frame('b.jpg', 40)]))
