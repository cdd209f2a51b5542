import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from videos import a_video

from mmgnntrack.evaluation.functional import filter_predictions
from mmgnntrack.formats.openpose import LAYOUTS
from mmgnntrack.models import PoseTracker
from mmgnntrack.posetrack import (
    ALIASES,
    COCO,
    JOINTS,
    POSETRACK17_JOINTS,
    POSETRACK18_KEYPOINTS,
    PoseFrame,
    Skeleton,
    joint_index,
    read_poses,
    read_video,
    write_video,
)

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/track_poses.py'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run_tool: Callable[[Path], Run]) -> Run:
    """Runs the tool in this process; gives its exit status, its output and its complaints."""
    return run_tool(TOOL)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """`gt/v.json` and `gt/w.json`: people who walk, meet, are hidden for a while, come and go."""
    (tmp_path / 'gt').mkdir()
    for name, speed in (('v', 4.0), ('w', -3.0)):
        people = [{0: 100 + speed * t, 1: 400 - speed * t} for t in range(30)]
        for t in range(8, 12):
            del people[t][1]
        people[20] = {}
        for t in range(22, 30):
            people[t][2] = 900
        video = a_video(*people, name=name)
        for frame in video.frames:
            # As wide as people are, and nobody at another's place.
            frame.keypoints += np.stack([40.0 * (np.arange(15) % 3), np.zeros(15)], -1)
            frame.keypoints[frame.track_ids == 1, :, 1] += 30
        write_video(tmp_path / 'gt' / f'{name}.json', video)
    return tmp_path


def figures(gt: Path, pred: Path) -> dict[str, float]:
    """The totals of the evaluation tool, without official quirks."""
    tool = [sys.executable, str(ROOT / 'tools/eval_posetrack.py'), str(gt), str(pred), '--json', '--no-quirks']
    done = subprocess.run(tool, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: values[-1] for name, values in json.loads(done.stdout)['total'].items()}


def without_ids(path: Path) -> None:
    document = json.loads(path.read_text())
    for pose in document['annotations']:
        del pose['track_id'], pose['bbox_head'], pose['scores']
    path.write_text(json.dumps(document))


def copies(videos: Path) -> Path:
    """`poses/`: the annotations without identities."""
    (videos / 'poses').mkdir()
    for path in (videos / 'gt').iterdir():
        (videos / 'poses' / path.name).write_text(path.read_text())
        without_ids(videos / 'poses' / path.name)
    return videos / 'poses'


def posetrack17(frames: list[PoseFrame]) -> dict[str, Any]:
    """Poses without identities as a PoseTrack17 document."""

    def points(keypoints: np.ndarray) -> list[dict[str, Any]]:
        xy = [keypoints[joint_index(name)].tolist() for name in POSETRACK17_JOINTS]
        return [{'id': [number], 'x': [x], 'y': [y], 'score': [0.9]} for number, (x, y) in enumerate(xy)]

    def people(frame: PoseFrame) -> list[dict[str, Any]]:
        return [{'annopoints': [{'point': points(keypoints)}]} for keypoints in frame.keypoints]

    return {'annolist': [{'image': [{'name': frame.file_name}], 'annorect': people(frame)} for frame in frames]}


def coco_results(frames: list[PoseFrame], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Poses as COCO results with these keypoints; what is not among PoseTrack's joints lies at the nose."""
    columns = [JOINTS.index(name) if name in JOINTS else 0 for name in names]
    return [
        {
            'image_id': frame.frame_id,
            'category_id': 1,
            'keypoints': np.append(pose[columns], np.full((len(names), 1), 0.9), -1).ravel().tolist(),
            'score': 0.8,
        }
        for frame in frames
        for pose in frame.keypoints
    ]


def test_identities_come_back(run: Run, videos: Path) -> None:
    status, output, _ = run(copies(videos), '--out', videos / 'new' / 'out', '--matching', 'gnn')
    assert status == 0 and output.splitlines() == [
        'poses of 15 joints: nose, head_bottom, head_top, left_shoulder, ...',
        f'{videos}/new/out: 124 poses read, 124 written on 6 tracks, in 60 frames of 2 videos',
    ]
    found = figures(videos / 'gt', videos / 'new' / 'out')
    assert found['mota'] == found['idf1'] == found['ap'] == 100
    for name in 'vw':
        gt, tracked = (read_video(videos / folder / f'{name}.json') for folder in ('gt', 'new/out'))
        assert [frame.file_name for frame in tracked.frames] == [frame.file_name for frame in gt.frames]


def test_by_itself_it_fills_gaps(run: Run, videos: Path) -> None:
    """Whoever is hidden for four frames, and everybody in the frame in which nobody is seen."""
    status, output, _ = run(copies(videos), '--out', videos / 'out')
    assert status == 0 and output.endswith('written on 6 tracks, in 60 frames of 2 videos\n')
    found, sure = figures(videos / 'gt', videos / 'out'), figures(videos / 'gt/v.json', videos / 'out/v.json')
    assert found['misses'] == found['switches'] == sure['misses'] == 0
    tracked = read_video(videos / 'out/v.json', predictions=True)
    (hidden,) = np.flatnonzero(tracked.frames[8].track_ids == 1)
    right = a_video({1: 400 - 4.0 * 8}).frames[0].keypoints[0] + np.stack(
        [40.0 * (np.arange(15) % 3), np.full(15, 30)], -1
    )
    assert np.linalg.norm(tracked.frames[8].keypoints[hidden] - right, axis=-1).max() < 0.01 * 1400  # of its height
    assert len(tracked.frames[20]) == 2


def test_posetrack17(run: Run, videos: Path) -> None:
    frames = read_video(videos / 'gt/v.json').frames
    (videos / 'v.json').write_text(json.dumps(posetrack17(frames)))
    assert run(videos / 'v.json', '--out', videos / 'out', '--matching', 'gnn')[0] == 0
    assert figures(videos / 'gt/v.json', videos / 'out/v.json')['mota'] == 100


@pytest.mark.parametrize('options', [['--metainfo', 'posetrack18.py'], []])
def test_coco_results_of_posetracks_joints(run: Run, videos: Path, options: list[str]) -> None:
    names = POSETRACK18_KEYPOINTS if options else JOINTS
    frames = read_video(videos / 'gt/v.json').frames
    (videos / 'v.json').write_text(json.dumps(coco_results(frames, names)))
    arguments = [videos / 'v.json', '--out', videos / 'out', '--matching', 'gnn', *options]
    assert run(*arguments)[0] == 0
    assert len(read_video(videos / 'out/v.json')) == 29  # nobody is in frame 20
    for images in (videos / 'gt', videos / 'gt/v.json'):
        assert run(*arguments, '--images', images)[0] == 0
        found = figures(videos / 'gt/v.json', videos / 'out/v.json')
        assert found['mota'] == found['idf1'] == 100


def test_coco_results(run: Run, videos: Path) -> None:
    frames = read_video(videos / 'gt/v.json').frames
    (videos / 'v.json').write_text(json.dumps(coco_results(frames, COCO.joints)))
    assert run(videos / 'v.json', '--out', videos / 'out', '--matching', 'gnn')[0] == 0
    document = json.loads((videos / 'out/v.json').read_text())
    assert document['categories'][0]['keypoints'] == list(COCO.joints)
    tracks = [[pose['track_id'] for pose in document['annotations'] if pose['image_id'] == t] for t in (0, 9, 12, 29)]
    assert tracks == [[0, 1], [0], [0, 1], [0, 1, 2]]
    assert {len(pose['keypoints']) for pose in document['annotations']} == {51}
    # What was written is read again, and the evaluation says which of its joints COCO does not have.
    assert run(videos / 'out/v.json', '--out', videos / 'again', '--matching', 'gnn')[0] == 0
    assert json.loads((videos / 'again/v.json').read_text()) == document
    tool = [
        sys.executable,
        str(ROOT / 'tools/eval_posetrack.py'),
        str(videos / 'gt/v.json'),
        str(videos / 'out/v.json'),
    ]
    done = subprocess.run(tool, capture_output=True, text=True)
    assert done.returncode == 1 and "none for ['head_bottom', 'head_top']" in done.stderr


CAT = """
dataset_info = dict(
    dataset_name='cat',
    keypoint_info={0: dict(name='nose', id=0), 1: dict(name='paw', id=1), 2: dict(name='left_hip', id=2)},
    skeleton_info={},
    joint_weights=[1.0] * 3,
    sigmas=[0.1] * 3,
)
"""


def test_joints_of_a_metainfo_file(run: Run, videos: Path) -> None:
    (videos / 'cat.py').write_text(CAT)
    frames = read_video(videos / 'gt/v.json').frames
    names = ('nose', 'paw', 'left_hip')
    (videos / 'v.json').write_text(json.dumps(coco_results(frames, names)))
    status, _, complaint = run(videos / 'v.json', '--out', videos / 'out')
    assert status == 1 and "v.json, frame 0, field 'keypoints': expected" in complaint and 'metainfo' in complaint
    assert run(videos / 'v.json', '--out', videos / 'out', '--metainfo', videos / 'cat.py')[0] == 0
    video = read_poses(videos / 'out/v.json', Skeleton(names, (0.1,) * 3))
    assert [len(frame) for frame in video.frames[:10]] == [2] * 8 + [1] * 2


def test_settings(run: Run, videos: Path) -> None:
    poses = copies(videos)
    options = ['--cfg-options', 'model.tracker.memory.type=mmgnntrack.TrackMemory', 'model.tracker.memory.max_lost=0']
    # People who were hidden, or away in frame 20, come back as new ones.
    assert run(poses, '--out', videos / 'out', *options)[1].endswith('on 12 tracks, in 60 frames of 2 videos\n')
    options = ['--cfg-options', 'model.tracker.init_score_thr=1.1']
    assert '/out: 124 poses read, 0 written on 0 tracks' in run(poses, '--out', videos / 'out', *options)[1]


CONFIG = """
model = dict(
    type='mmgnntrack.VideoPoseTracker',
    pose_estimator=dict(
        type='mmgnntrack.TopDownEstimator',
        padding=1.0,
        model=dict(head=dict(decoder=dict(
            type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5))),
    ),
    tracker=dict(
        type='mmgnntrack.PoseTracker',
        matching='full',
        min_similarity=0.0,
        predicted_weight=0.0,
        predicted_score_thr=9.0,
        dynamics_head=dict(type='mmgnntrack.GNNDynamicsHead', visual_channels=0, feat_channels=16,
                           aggregation=['spatial']),
    ),
)
"""


def a_config(folder: Path) -> tuple[Path, Path]:
    """A config and a checkpoint of random weights."""
    (folder / 'config.py').write_text(CONFIG)
    settings = Config.fromfile(folder / 'config.py').model
    codec = dict(settings.pose_estimator.model.head.decoder, type='mmpose.MSRAHeatmap')
    search = dict(input_size=codec['input_size'], heatmap_size=codec['heatmap_size'])
    tracker = PoseTracker(codec, search, dynamics_head=settings.tracker.dynamics_head)
    state = {f'tracker.{key}': value for key, value in tracker.state_dict().items()}
    torch.save({'state_dict': state}, folder / 'weights.pth')
    return folder / 'config.py', folder / 'weights.pth'


@pytest.mark.parametrize('matching', ['gnn', 'full', 'oks', 'iou'])
def test_the_tracker_of_a_config(run: Run, videos: Path, matching: str) -> None:
    config, checkpoint = a_config(videos)
    arguments = [copies(videos), '--out', videos / 'out', '--config', config]
    options = ['--cfg-options', f'model.tracker.matching={matching}']
    status, output, complaint = run(*arguments, '--checkpoint', checkpoint, *options)
    assert status == 0, complaint
    assert ': 124 poses read, 124 written on ' in output
    document = json.loads((videos / 'out/v.json').read_text())
    assert len(document['images']) == 30 and all('track_id' in pose for pose in document['annotations'])
    status, _, complaint = run(*arguments, *options)
    assert status == (1 if matching in ('gnn', 'full') else 0)
    assert not status or 'expected its weights as --checkpoint' in complaint


BAD_OPTIONS = {
    'setting': (['model.tracker.min_oks=1'], 'PoseTracker has no setting min_oks'),
    'type': (['model.tracker.type=mmgnntrack.TrackMemory'], 'cannot build its tracker'),
    'matching': (['model.tracker.matching=best'], "one of ('iou', 'oks', 'distance', 'gnn', 'full'), got 'best'"),
    'sigmas': (['model.tracker.sigmas=(0.1,0.1)'], 'its sigmas are for 2 joints, the poses have'),
}


@pytest.mark.parametrize(('options', 'message'), BAD_OPTIONS.values(), ids=BAD_OPTIONS.keys())
def test_bad_settings(run: Run, videos: Path, options: list[str], message: str) -> None:
    status, _, complaint = run(copies(videos), '--out', videos / 'out', '--cfg-options', *options)
    assert status == 1 and 'error: --cfg-options: ' in complaint and message in complaint
    assert not list((videos / 'out').iterdir())


def test_no_such_weights(run: Run, videos: Path) -> None:
    options = ['--cfg-options', 'model.tracker.weights=none']
    status, _, complaint = run(copies(videos), '--out', videos / 'out', *options)
    assert status == 1 and 'no such weights' in complaint and 'there are dynamics' in complaint


def test_bad_configs(run: Run, videos: Path) -> None:
    config, checkpoint = a_config(videos)
    arguments = [copies(videos), '--out', videos / 'out', '--config']
    cases = [
        ([videos / 'nowhere.py'], 'nowhere.py'),
        ([ROOT / 'configs/_base_/hrnet-w32.py'], 'expected a config with a model'),
        ([config, '--checkpoint', videos / 'nowhere.pth'], 'nowhere.pth'),
        ([config, '--checkpoint', config], 'config.py: expected a checkpoint'),
        ([config, '--checkpoint', checkpoint, '--cfg-options', 'model.tracker.dynamics_head.visual_channels=8'],
         'its dynamics head sees images'),
        ([config, '--checkpoint', checkpoint, '--cfg-options', 'model.tracker.dynamics_head.feat_channels=8'],
         'weights.pth does not fit the tracker'),
        ([config, '--checkpoint', checkpoint, '--cfg-options', 'model.pose_estimator.model.head.decoder=None'],
         "matching='full' needs a codec"),
    ]  # fmt: skip
    for options, message in cases:
        status, _, complaint = run(*arguments, *options)
        assert status == 1 and message in complaint, complaint
    assert not list((videos / 'out').iterdir())


def test_bad_input(run: Run, videos: Path) -> None:
    poses = copies(videos)
    document = json.loads((poses / 'w.json').read_text())
    document['images'][1]['frame_id'] = 0
    (poses / 'w.json').write_text(json.dumps(document))
    status, output, complaint = run(poses, '--out', videos / 'out')
    assert status == 1 and output == ''
    assert f"{poses}/w.json, frame 1 (v/1.jpg), field 'frame number': expected one above 0, got 0" in complaint
    assert [path.name for path in (videos / 'out').iterdir()] == ['v.json']


def test_nothing_to_track(run: Run, videos: Path) -> None:
    (videos / 'empty').mkdir()
    (videos / 'empty.json').write_text('[]')
    for poses, message in (
        ('empty', 'at least one *.json file'),
        ('nowhere', 'nothing'),
        ('empty.json', 'at least one'),
    ):
        status, _, complaint = run(videos / poses, '--out', videos / 'out')
        assert status == 1 and str(videos / poses) in complaint and message in complaint
    status, _, complaint = run(copies(videos), '--out', videos / 'out', '--images', videos / 'nowhere')
    assert status == 1 and f'--images {videos}/nowhere: no such file or folder' in complaint


def test_no_file_is_written_over_another(run: Run, videos: Path) -> None:
    status, _, complaint = run(videos / 'gt', videos / 'gt/v.json', '--out', videos / 'out')
    assert status == 1 and 'expected files of different names' in complaint
    status, _, complaint = run(videos / 'gt/v.json', '--out', videos / 'gt')
    assert status == 1 and 'choose another folder with --out' in complaint


def openpose_folder(folder: Path, frames: list[PoseFrame]) -> Path:
    """Poses without identities as OpenPose's COCO model writes them; what PoseTrack does not have is missing."""
    folder.mkdir()
    columns = {OPENPOSE.index(name): JOINTS.index(ALIASES.get(name, name)) for name in OPENPOSE if name in KNOWN}
    for frame in frames:
        points = np.zeros((len(frame), len(OPENPOSE), 3))
        points[:, [*columns], :2] = frame.keypoints[:, [*columns.values()]]
        points[:, [*columns], 2] = 0.9
        people = [{'person_id': [-1], 'pose_keypoints_2d': pose.ravel().tolist()} for pose in points]
        document = json.dumps({'version': 1.3, 'people': people})
        (folder / f'walk_{frame.frame_id:012d}_keypoints.json').write_text(document)
    return folder


OPENPOSE = LAYOUTS[18]
KNOWN = {*JOINTS, *ALIASES}


def test_from_openpose_to_mot_and_coco(run: Run, videos: Path) -> None:
    frames = read_video(videos / 'gt/v.json').frames
    poses = openpose_folder(videos / 'json', frames)
    # With gnn poses stay as they are.
    options = ('--out', videos / 'out', '--matching', 'gnn', '--format', 'mot', 'coco')
    status, output, complaint = run(poses, *options)
    assert status == 0, complaint
    assert output.splitlines()[-1] == f'{videos}/out: 62 poses read, 62 written on 3 tracks, in 30 frames of 1 videos'
    assert sorted(file.name for file in (videos / 'out').iterdir()) == ['walk.coco.json', 'walk.txt']

    entries = json.loads((videos / 'out/walk.coco.json').read_text())
    identity = {0: {}, 1: {}, 2: {}}
    rows = [line.split(',') for line in (videos / 'out/walk.txt').read_text().splitlines()]
    assert len(rows) == len(entries) == sum(map(len, frames)) == 62
    assert all(row[7:] == ['-1', '-1', '-1'] and row[6] == '0.9' for row in rows)
    for row, entry in zip(rows, entries):
        assert (int(row[0]), int(row[1])) == (entry['image_id'] + 1, entry['track_id'])
        points = np.reshape(entry['keypoints'], (18, 3))
        there = points[:, 2] > 0
        x, y, w, h = np.array(row[2:6], float)
        np.testing.assert_allclose([x, y, w, h], entry['bbox'], atol=2e-4)
        assert ((points[there, :2] > [x, y]) & (points[there, :2] < [x + w, y + h])).all() and there.sum() == 14
        # Whose pose it is.
        frame = frames[entry['image_id']]
        wrists = np.abs(frame.keypoints[:, JOINTS.index('left_wrist')] - points[OPENPOSE.index('left_wrist'), :2])
        assert wrists.max(-1).min() < 1e-3
        person = int(frame.track_ids[wrists.max(-1).argmin()])
        identity[person][entry['image_id']] = entry['track_id']
    tracks = [{*found.values()} for found in identity.values()]
    assert all(len(track) == 1 for track in tracks) and len(set.union(*tracks)) == 3


def test_every_format_is_read_again(run: Run, videos: Path) -> None:
    """But those of boxes. SLEAP's needs a package that may be missing."""
    poses = openpose_folder(videos / 'json', read_video(videos / 'gt/v.json').frames)
    formats = ('posetrack', 'coco', 'openpose', 'alphapose', 'deeplabcut', 'ultralytics')
    size = ('--image-size', '2000', '2000')
    options = ('--out', videos / 'out', '--matching', 'gnn', '--format', *formats, *size)
    assert run(poses, *options)[0] == 0
    (videos / 'joints.py').write_text(metainfo(OPENPOSE))
    for name in ('walk.json', 'walk.coco.json', 'walk.openpose', 'walk.alphapose.json', 'walk.csv', 'walk.ultralytics'):
        options = ('--out', videos / name, '--matching', 'gnn', *size, '--metainfo', videos / 'joints.py')
        status, output, complaint = run(videos / 'out' / name, *options)
        assert status == 0, complaint
        assert output.splitlines()[0] == 'poses of 18 joints: nose, neck, right_shoulder, right_elbow, ...'
        assert ': 62 poses read, 62 written on 3 tracks, in ' in output


def metainfo(joints: tuple[str, ...]) -> str:
    info = {index: dict(name=joint, id=index) for index, joint in enumerate(joints)}
    rest = dict(skeleton_info={}, joint_weights=[1.0] * len(joints), sigmas=[0.07] * len(joints))
    return f'dataset_info = {dict(dataset_name="made", keypoint_info=info, **rest)}'


def test_a_folder_of_folders(run: Run, videos: Path) -> None:
    frames = read_video(videos / 'gt/v.json').frames
    openpose_folder(videos / 'gt/json', frames)
    status, output, _ = run(videos / 'gt', '--out', videos / 'out', '--matching', 'gnn')
    assert status == 0 and output.endswith('90 frames of 3 videos\n')
    assert sorted(file.name for file in (videos / 'out').iterdir()) == ['v.json', 'w.json', 'walk.json']


def test_bad_formats(run: Run, videos: Path) -> None:
    out = ('--out', videos / 'out')
    for options, message in (
        (('--format', 'bvh'), "argument --format: invalid choice: 'bvh'"),
        (('--format', 'ultralytics'), '--format ultralytics needs --image-size'),
        (('--image-size', '0', '10'), '--image-size: expected px, 1 or more, got [0, 10]'),
    ):
        status, _, complaint = run(videos / 'gt', *out, *options)
        assert status == 2 and message in complaint
    poses = openpose_folder(videos / 'json', read_video(videos / 'gt/v.json').frames)
    (poses / 'walk_000000000004_keypoints.json').write_text('{"people": 3}')
    status, _, complaint = run(poses, *out)
    assert status == 1
    assert "walk_000000000004_keypoints.json, frame 4, field 'people': expected a list of objects, got 3" in complaint
    (poses / 'dance_000000000004_keypoints.json').write_text('{"people": []}')
    assert 'expected frames of one video' in run(poses, *out)[2]


def test_a_checkpoint_needs_its_config(run: Run, videos: Path) -> None:
    status, _, complaint = run(videos / 'gt', '--out', videos / 'out', '--checkpoint', 'a.pth')
    assert status == 2 and '--checkpoint needs --config' in complaint


def test_help_has_examples(run: Run) -> None:
    status, output, _ = run('--help')
    assert status == 0 and 'python tools/track_poses.py poses/ --out tracked' in output


def test_real_poses(run: Run, real_data: Path, tmp_path: Path) -> None:
    """The annotated poses of 30 sequences, without their identities."""
    gt = real_data / 'posetrack17_bonn_train'
    assert run(gt, '--out', tmp_path, '--matching', 'gnn')[0] == 0
    found = figures(gt, tmp_path)
    assert found['mota'] > 95 and found['idf1'] > 90 and found['misses'] == found['false_positives'] == 0


def test_by_itself_it_reaches_what_the_studies_say(run: Run, real_data: Path, tmp_path: Path) -> None:
    """The study's four test games of basketball, here at 5 frames a second, and a real estimator's poses, of joints
    from a score of 0.2."""
    games = real_data / 'trackid3x3/every_4'
    for path in (games / 'gt').glob('*.json'):
        if 'S4T4' not in path.stem and 'S5T4' not in path.stem:
            assert run(games / 'pred' / path.name, '--out', tmp_path / 'games')[0] == 0
            (tmp_path / 'gt').mkdir(exist_ok=True)
            (tmp_path / 'gt' / path.name).write_text(path.read_text())
    found = figures(tmp_path / 'gt', tmp_path / 'games')
    assert found['idf1'] > 88 and found['mota'] > 91
    (poses,) = (real_data / 'movenet_000001_bonn_train/pred').glob('*.json')
    truth = real_data / 'posetrack18/annotations/train' / poses.name
    assert run(poses, '--out', tmp_path / 'poses')[0] == 0
    video = filter_predictions(read_video(tmp_path / 'poses' / poses.name, predictions=True), 0.2, 0.0)
    write_video(tmp_path / 'poses' / poses.name, video)
    found = figures(truth, tmp_path / 'poses' / poses.name)
    assert found['mota'] > 22.9 and found['idf1'] > 44.5


def test_join(run: Run, videos: Path) -> None:
    """Whoever was hidden is filled in, and the file says so."""
    poses = copies(videos)
    memory = ('--cfg-options', 'model.tracker.memory.type=mmgnntrack.TrackMemory', 'model.tracker.memory.max_lost=1')
    assert run(poses, '--out', videos / 'tracked', *memory)[0] == 0
    assert run(poses, '--out', videos / 'joined', '--join', '6', *memory)[0] == 0
    tracked, joined = (figures(videos / 'gt', videos / folder) for folder in ('tracked', 'joined'))
    assert joined['idf1'] > tracked['idf1'] and joined['switches'] == 0
    found, before = (read_video(videos / folder / 'v.json') for folder in ('joined', 'tracked'))
    assert [len(frame) for frame in found.frames[8:12]] == [2] * 4 and len(before.frames[9]) == 1
    info = json.loads((videos / 'joined/v.json').read_text())['info']
    assert info['join'] == 6 and 'at most 6 frames filled' in info['description']
    assert 'info' not in json.loads((videos / 'tracked/v.json').read_text())


@pytest.mark.parametrize('value', ['0', '-1', 'x', '1.5'])
def test_join_needs_frames(run: Run, videos: Path, value: str) -> None:
    status, _, errors = run(videos / 'gt', '--out', videos / 'out', f'--join={value}')
    assert status == 2 and f'--join: expected frames, 1 or more, below 10**9, got {value!r}' in errors
