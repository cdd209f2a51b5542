import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.posetrack import (
    JOINTS,
    POSETRACK17_JOINTS,
    PoseVideo,
    joint_index,
    read_folder,
    read_video,
    write_video,
)

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/eval_posetrack.py'
GOLDEN = ROOT / 'tests/data/poseval'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run_tool: Callable[[Path], Run]) -> Run:
    """Runs the tool in this process; gives its exit status, its output and its complaints."""
    return run_tool(TOOL)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """`gt/v.json` and `pred/v.json`, three frames of two people who are found exactly."""
    for folder in ('gt', 'pred'):
        video = a_video(*[people_at(100, 300)] * 3)
        for frame in video.frames:
            frame.keypoint_scores[:] = 0.9 if folder == 'pred' else np.nan
            frame.ignore_regions = [np.array([[900.0, 0], [950, 0], [950, 50]])]
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / 'v.json', video)
    return tmp_path


def posetrack17(video: PoseVideo) -> dict:
    """A video as a PoseTrack17 document."""
    frames = []
    for frame in video.frames:
        people = []
        for row, track in enumerate(frame.track_ids.tolist()):
            points = []
            for number, name in enumerate(POSETRACK17_JOINTS):
                joint = joint_index(name)
                if frame.annotated[row, joint]:
                    x, y = frame.keypoints[row, joint].tolist()
                    points.append({'id': [number], 'x': [x], 'y': [y], 'score': [frame.keypoint_scores[row, joint]]})
            head = dict(zip(('x1', 'y1', 'x2', 'y2'), ([side] for side in frame.head_bboxes[row].tolist())))
            head = {} if math.isnan(head['x1'][0]) else head
            people.append({'track_id': [track], 'annopoints': [{'point': points}], **head})
        regions = [{'point': [{'x': [x], 'y': [y]} for x, y in region.tolist()]} for region in frame.ignore_regions]
        frames.append({'image': [{'name': frame.file_name}], 'annorect': people, 'ignore_regions': regions})
    return {'annolist': frames}


def test_tables(run: Run, folders: Path) -> None:
    status, output, complaints = run(folders / 'gt', folders / 'pred')
    assert (status, complaints) == (0, '')
    rows = [line.split() for line in output.splitlines()]
    assert rows[0] == ['Head', 'Shou', 'Elb', 'Wri', 'Hip', 'Knee', 'Ankl', 'Total']
    assert rows[1:3] == [['AP'] + ['100.0'] * 8, ['MOTA'] + ['100.0'] * 8]
    assert rows[4][:3] == ['Miss', 'Switch', 'FP'] and rows[5] == ['Total', '0.0', '0.0', '0.0'] + ['100.0'] * 3
    assert rows[7][:2] == ['IDF1', 'HOTA'] and rows[8] == ['Total'] + ['100.0'] * 6


def test_official_files(run: Run, tmp_path: Path) -> None:
    case = GOLDEN / 'joint_never_annotated'
    out = tmp_path / 'new' / 'figures'
    status, output, _ = run(case / 'gt', case / 'pred', '--out', out, '--per-sequence')
    names = sorted(path.name for path in out.iterdir())
    sequence = '010061_mpii_test'
    assert names == [f'{name}_{kind}_metrics.json' for name in (sequence, 'total') for kind in ('AP', 'MOT')]
    assert output.splitlines()[1].startswith(sequence)
    expected = json.loads((case / 'expected.json').read_text())
    for name in (sequence, 'total'):
        ap, mot = (json.loads((out / f'{name}_{kind}_metrics.json').read_text()) for kind in ('AP', 'MOT'))
        assert list(ap) == ['ap', 'pre', 'rec', 'names'] and list(mot) == ['mota', 'motp', 'pre', 'rec', 'names']
        assert ap['names'] == mot['names'] == {str(i): joint for i, joint in enumerate((*POSETRACK17_JOINTS, 'total'))}
        for key in ('mota', 'motp', 'pre', 'rec'):
            official = np.array([expected[key][joint] for joint in mot['names'].values()], np.float64)
            np.testing.assert_allclose(mot[key], official, rtol=0, atol=1e-6)
        assert np.isnan(ap['rec']).any()


def test_json(run: Run, tmp_path: Path) -> None:
    case = GOLDEN / 'joint_never_annotated'
    status, output, _ = run(case / 'gt', case / 'pred', '--json', '--per-sequence', '--no-quirks')
    document = json.loads(output, parse_constant=pytest.fail)
    assert status == 0 and document['official_quirks'] is False and document['joints'][-1] == 'total'
    assert {'ap', 'mota', 'idf1', 'hota', 'deta', 'assa', 'loca', 'num_objects'} <= document['total'].keys()
    assert all(len(values) == 16 for values in document['total'].values())
    assert None in document['total']['mota']
    assert document['sequences'] == {'010061_mpii_test': document['total']}


def test_names_are_shown_escaped(run: Run, folders: Path) -> None:
    for folder in ('gt', 'pred'):
        (folders / folder / 'v.json').rename(folders / folder / 'a\x1b[2J.json')
    status, output, _ = run(folders / 'gt', folders / 'pred', '--per-sequence')
    assert status == 0 and '\na\\x1b[2J ' in output and '\x1b' not in output


def test_any_number_of_processes_gives_the_same(run: Run) -> None:
    arguments = (GOLDEN / 'crowd/gt', GOLDEN / 'crowd/pred', '--json', '--per-sequence')
    assert run(*arguments, '--jobs', 2) == run(*arguments)


def test_formats_may_be_mixed(run: Run, tmp_path: Path) -> None:
    case = GOLDEN / 'ignore_regions'
    _, official, _ = run(case / 'gt', case / 'pred', '--json')
    for folder in ('gt', 'pred'):
        (tmp_path / folder).mkdir()
        for video in read_folder(case / folder):
            (tmp_path / folder / f'{video.name}.json').write_text(json.dumps(posetrack17(video)))
    for gt, pred in ((tmp_path, case), (case, tmp_path), (tmp_path, tmp_path)):
        assert run(gt / 'gt', pred / 'pred', '--json')[1] == official


def test_single_files_pair_whatever_their_names(run: Run, folders: Path) -> None:
    (folders / 'pred/v.json').rename(folders / 'pred/other.json')
    status, output, _ = run(folders / 'gt/v.json', folders / 'pred/other.json', '--json', '--per-sequence')
    assert status == 0 and list(json.loads(output)['sequences']) == ['v']


def test_a_single_frame(run: Run, folders: Path) -> None:
    for folder in ('gt', 'pred'):
        write_video(folders / folder / 'v.json', a_video(people_at(100)))
    for options in ([], ['--no-quirks']):
        status, output, _ = run(folders / 'gt', folders / 'pred', *options)
        assert status == 0 and ('nan' in output) == (not options)  # the official figures leave out the last frame


def test_predictions_without_ground_truth_are_named_in_one_warning(run: Run, folders: Path) -> None:
    for name in ('b', 'a'):
        (folders / f'pred/{name}.json').write_text('not even read')
    status, _, complaints = run(folders / 'gt', folders / 'pred')
    assert status == 0
    assert complaints == f'warning: no ground truth for {folders}/pred/a.json, {folders}/pred/b.json\n'


def test_frames_in_another_order(run: Run, tmp_path: Path) -> None:
    """As their names say, with a note; what is of another video is refused, what says nothing is taken by position."""
    gt = a_video(*[people_at(100 + 50 * t, 900 - 50 * t) for t in range(6)])
    for folder in ('gt', 'pred'):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / 'v.json', gt)
    whole = json.loads(run(tmp_path / 'gt', tmp_path / 'pred', '--json')[1])
    document = json.loads((tmp_path / 'pred/v.json').read_text())
    document['images'].reverse()
    (tmp_path / 'pred/v.json').write_text(json.dumps(document))
    status, output, complaint = run(tmp_path / 'gt', tmp_path / 'pred', '--json')
    assert status == 0 and json.loads(output) == whole
    assert complaint.count('warning: ') == 1 and 'in another order' in complaint
    document['images'][2]['file_name'] = 'another.jpg'
    (tmp_path / 'pred/v.json').write_text(json.dumps(document))
    status, _, complaint = run(tmp_path / 'gt', tmp_path / 'pred', '--json')
    assert status == 1 and 'pred/v.json, frame 2' in complaint and 'another.jpg' in complaint
    document['images'].reverse()
    for number, image in enumerate(document['images']):
        image['file_name'] = f'mine_{number}.png'
        image['frame_id'] = number + 1000
    (tmp_path / 'pred/v.json').write_text(json.dumps(document))
    status, output, complaint = run(tmp_path / 'gt', tmp_path / 'pred', '--json')
    assert status == 0 and json.loads(output) == whole and 'taken by position' in complaint


def test_head_boxes_without_a_size(run: Run, folders: Path) -> None:
    document = json.loads((folders / 'gt/v.json').read_text())
    for pose in document['annotations']:
        pose['bbox_head'][2:] = [0, 0]
    (folders / 'gt/v.json').write_text(json.dumps(document))
    status, _, complaint = run(folders / 'gt', folders / 'pred')
    assert status == 0 and 'gt/v.json, frame 0' in complaint and 'head boxes without a size' in complaint


def test_thresholds_that_are_none(run: Run, folders: Path) -> None:
    status, _, complaint = run(folders / 'gt', folders / 'pred', '--joint-score-thr', 'nan')
    assert status == 1 and 'expected finite thresholds' in complaint


def test_a_sequence_that_is_called_total(run: Run, folders: Path) -> None:
    for folder in ('gt', 'pred'):
        (folders / folder / 'v.json').rename(folders / folder / 'total.json')
    arguments = [folders / 'gt', folders / 'pred', '--out', folders / 'out']
    status, _, complaint = run(*arguments, '--per-sequence')
    assert status == 1 and 'a sequence is called total' in complaint and not (folders / 'out').exists()
    assert run(*arguments)[0] == 0


def test_missing_scores_rank_last(run: Run, folders: Path) -> None:
    # The pose of the last frame is a false positive: with the highest score it ruins AP, with none it does not.
    document = json.loads((folders / 'pred/v.json').read_text())
    pose = document['annotations'][-1]
    pose['keypoints'] = [value + 3000 for value in pose['keypoints']]
    for scores, ap in (([1.0] * 17, 5 / 6 * 5 / 6), ([], 5 / 6)):
        pose['scores'] = scores
        (folders / 'pred/v.json').write_text(json.dumps(document))
        status, output, complaints = run(folders / 'gt', folders / 'pred', '--json')
        assert status == 0 and json.loads(output)['total']['ap'][-1] == pytest.approx(100 * ap)
    assert f"{folders}/pred/v.json, frame 2 (v/2.jpg), field 'scores': poses without scores rank last" in complaints


def test_poses_without_a_track_id_count_for_ap_alone(run: Run, folders: Path) -> None:
    document = json.loads((folders / 'pred/v.json').read_text())
    del document['annotations'][3]['track_id']
    (folders / 'pred/v.json').write_text(json.dumps(document))
    status, output, complaints = run(folders / 'gt', folders / 'pred', '--json')
    found = json.loads(output)['total']
    assert status == 0 and found['ap'][-1] > found['ap_filtered'][-1]
    note = 'poses without a track id count for AP alone'
    assert f"{folders}/pred/v.json, frame 1 (v/1.jpg), field 'track_id': {note}" in complaints


def _set(*path: Any) -> Callable[[dict], None]:
    """Sets the entry under all but the last of some keys to the last."""

    def change(document: dict) -> None:
        *keys, last, value = path
        for key in keys:
            document = document[key]
        document[last] = value

    return change


def _drop_last_frame(document: dict) -> None:
    document['images'].pop()
    document['annotations'] = document['annotations'][:-2]


POSE = ('annotations', 3)  # the second in frame 1
BAD = {
    'fewer frames': ('pred', _drop_last_frame, 'frame 2, ', 'frames', 'expected 3 frames', 'got 2'),
    'more frames': ('gt', _drop_last_frame, 'frame 2, ', 'frames', 'expected 2 frames', 'got 3'),
    'double id': ('pred', _set(*POSE, 'track_id', 0), 'frame 1 (v/1.jpg)', 'track_id', 'at most once', '0 twice'),
    'text id': ('pred', _set(*POSE, 'track_id', '1'), 'frame 1 (v/1.jpg)', 'track_id', 'integer', "'1'"),
    'negative id': ('pred', _set(*POSE, 'track_id', -2), 'frame 1 (v/1.jpg)', 'track_id', 'non-negative', '-2'),
    'no id': ('gt', _set(*POSE, 'track_id', None), 'frame 1 (v/1.jpg)', 'track_id', 'a track id', 'for person 1'),
    'corners': ('gt', _set('images', 1, 'ignore_regions_x', [[1, 2]]), 'frame 1 (v/1.jpg)', 'ignore_regions',
                'at least 3', '2 x and 3 y'),
    'text corner': ('gt', _set('images', 1, 'ignore_regions_x', [[1, 2, 'x']]), 'frame 1 (v/1.jpg)', 'ignore_regions',
                    'numbers', "'x'"),
    'keypoints': ('pred', _set(*POSE, 'keypoints', [1.0] * 50), 'frame 1 (v/1.jpg)', 'keypoints', '51', '50 values'),
    'NaN': ('pred', _set(*POSE, 'keypoints', 4, math.nan), 'frame 1 (v/1.jpg)', 'keypoints', 'finite', 'nan at'),
    'infinity': ('gt', _set(*POSE, 'keypoints', 4, math.inf), 'frame 1 (v/1.jpg)', 'keypoints', 'finite', 'inf at'),
    'some scores': ('pred', _set(*POSE, 'scores', [0.5]), 'frame 1 (v/1.jpg)', 'scores', '17 finite', '1 values'),
    'NaN score': ('pred', _set(*POSE, 'scores', 0, math.nan), 'frame 1 (v/1.jpg)', 'scores', 'finite', 'nan at'),
    'image': ('pred', _set(*POSE, 'image_id', 77), 'frame unknown (annotation 3)', 'image_id', 'the id of one', '77'),
}  # fmt: skip


@pytest.mark.parametrize(('folder', 'change', 'frame', 'field', 'expected', 'got'), BAD.values(), ids=BAD.keys())
def test_bad_input(
    run: Run, folders: Path, folder: str, change: Callable, frame: str, field: str, expected: str, got: str
) -> None:
    path = folders / folder / 'v.json'
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))  # with the literals NaN and Infinity
    status, output, complaint = run(folders / 'gt', folders / 'pred')
    blamed = folders / 'pred' / 'v.json' if field == 'frames' else path
    assert status == 1 and output == '' and len(complaint.splitlines()) == 1
    assert complaint.startswith(f'error: {blamed}, {frame}') and f"field '{field}': expected " in complaint
    assert expected in complaint.rpartition(', got ')[0] and got in 'got ' + complaint.rpartition(', got ')[2]


def test_missing_predictions(run: Run, folders: Path) -> None:
    for name in ('x', 'w'):
        write_video(folders / 'gt' / f'{name}.json', a_video(people_at(0)))
    status, _, complaint = run(folders / 'gt', folders / 'pred')
    assert status == 1 and complaint.endswith('got none for w.json, x.json')
    status, _, complaint = run(folders / 'gt', folders / 'nowhere')
    assert status == 1 and f"{folders}/nowhere, field 'folder'" in complaint


def test_unwritable_output(run: Run, folders: Path) -> None:
    status, _, complaint = run(folders / 'gt', folders / 'pred', '--out', folders / 'gt/v.json/figures')
    assert status == 1 and complaint.startswith('error: ') and 'v.json/figures' in complaint


def test_jobs_below_one(run: Run, folders: Path) -> None:
    status, _, complaint = run(folders / 'gt', folders / 'pred', '--jobs', 0)
    assert status == 2 and '--jobs' in complaint


WITHOUT = """
import runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ImportError(f'{{name}} is blocked')

sys.meta_path.insert(0, Blocker())
sys.argv = {argv!r}
runpy.run_path(sys.argv[0], run_name='__main__')
print(sys.modules['mmgnntrack'].__file__)
"""


def test_from_a_checkout_without_the_frameworks(folders: Path) -> None:
    argv = [str(TOOL), str(folders / 'gt'), str(folders / 'pred'), '--jobs', '2']
    code = WITHOUT.format(
        blocked={'torch', 'torchvision', 'mmengine', 'mmcv', 'mmdet', 'mmpose', 'cv2', 'tqdm'}, argv=argv
    )
    done = subprocess.run([sys.executable, '-I', '-c', code], cwd=folders, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ['AP'] + ['100.0'] * 8
    assert done.stdout.splitlines()[-1] == str(ROOT / 'mmgnntrack/__init__.py')


def test_help_has_examples(run: Run) -> None:
    status, output, _ = run('--help')
    assert status == 0 and 'python tools/eval_posetrack.py gt results --json' in output


#: The second has people without head boxes and without head joints.
REAL = ['posetrack18/annotations/train/000001_bonn_train'] + [
    f'posetrack17_bonn_train/{name}' for name in ('000001', '000015', '049187596', '098207738')
]


@pytest.mark.parametrize('name', REAL)
def test_real_sequence_with_joints_moved_and_people_swapped(
    run: Run, real_data: Path, tmp_path: Path, name: str
) -> None:
    name += '.json'
    gt = read_video(real_data / name)
    pred = read_video(real_data / name)
    rng = np.random.default_rng(0)
    moved = 0
    half = len(gt) // 2
    one, other = np.unique(np.concatenate([frame.track_ids for frame in gt.frames]))[:2]
    before = np.zeros((2, len(JOINTS)), bool)
    after = np.zeros((2, len(JOINTS)), bool)
    for index, frame in enumerate(pred.frames):
        far = frame.annotated & (rng.random(frame.annotated.shape) < 0.1)
        frame.keypoints[far] += 10000
        moved += far.sum()
        for row, track in enumerate((one, other)):
            found = (frame.annotated & ~far)[frame.track_ids == track].any(0)
            (before if index < half else after)[row] |= found
        if index >= half:
            first, second = frame.track_ids == one, frame.track_ids == other
            frame.track_ids[first], frame.track_ids[second] = other, one
    swaps = (before & after).sum()
    write_video(tmp_path / 'pred.json', pred)
    status, output, _ = run(real_data / name, tmp_path / 'pred.json', '--json', '--no-quirks')
    total = json.loads(output)['total']
    assert status == 0
    assert total['misses'][-1] == total['false_positives'][-1] == moved > 0
    assert total['switches'][-1] == swaps > 0
    assert total['num_objects'][-1] == sum(frame.annotated.sum() for frame in gt.frames)
    assert 0 < total['hota'][-1] < 100 and 0 < total['idf1'][-1] < 100


def test_filtered_as_in_a_test(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The figures of the files that a test writes are those of its metrics.json."""
    pytest.importorskip('mmengine')
    from mmgnntrack.evaluation.posetrack_metric import PoseTrackMetric

    case, thresholds = GOLDEN / 'tracks_come_and_go', (0.4, 0.5)
    metric = PoseTrackMetric(str(case / 'gt'), str(tmp_path / 'results'), *thresholds, hota='posetrack21')
    (video,) = read_folder(case / 'pred')
    for index, frame in enumerate(video.frames):
        poses = dict(keypoints=frame.keypoints, keypoint_scores=frame.keypoint_scores, instances_id=frame.track_ids)
        metric.process(None, [dict(video_name=video.name, frame_id=index, img_path='', pred_track_instances=poses)])
    expected = metric.evaluate(len(video))
    capsys.readouterr()  # what the metric logs
    options = ('--joint-score-thr', 0.4, '--pose-score-thr', 0.5, '--hota', 'posetrack21')
    status, output, complaints = run(case / 'gt', tmp_path / 'results', '--json', *options)
    assert (status, complaints) == (0, '')
    document = json.loads(output)
    assert (document['joint_score_thr'], document['pose_score_thr'], document['hota']) == (0.4, 0.5, 'posetrack21')
    names = dict(
        mAP='ap', mAP_filtered='ap_filtered', MOTA='mota', IDF1='idf1', HOTA='hota', FragA='fraga', MT='mostly_tracked'
    )
    for name, key in names.items():
        assert document['total'][key][-1] == pytest.approx(expected[f'posetrack/{name}'], abs=1e-9), name
    assert document['total']['ap'] != document['total']['ap_filtered']

    table = run(case / 'gt', tmp_path / 'results', *options)[1]
    assert 'AP filtered' in table and 'without joints below 0.4 and poses below 0.5' in table
    assert "as PoseTrack21's kit defines" in table
    run(case / 'gt', tmp_path / 'results', *options, '--out', tmp_path / 'official')
    mot = json.loads((tmp_path / 'official/total_MOT_metrics.json').read_text())
    assert mot['mota'][-1] == pytest.approx(expected['posetrack/MOTA'])
