import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from mmgnntrack.evaluation.functional import evaluate, filter_predictions
from mmgnntrack.posetrack import read_folder

ROOT = Path(__file__).parents[3]
CASE = ROOT / 'tests/data/poseval/tracks_come_and_go'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run_tool: Callable[[Path], Run]) -> Run:
    return run_tool(ROOT / 'tools/analysis_tools/choose_thresholds.py')


def test_the_best_is_found(run: Run, tmp_path: Path) -> None:
    """Of the table: the joints' threshold alone, then the poses' beside it."""
    status, output, errors = run(CASE / 'gt', CASE / 'pred', '--steps', 10, '--out', tmp_path / 'curve.png')
    assert status == 0, errors
    rows = [[float(cell) for cell in line.strip('| ').split('|')] for line in output.splitlines()[2:22]]
    joints, poses = rows[:10], rows[10:]
    assert [row[:2] for row in joints] == [[step / 10, 0] for step in range(10)]
    gt, pred = read_folder(CASE / 'gt'), read_folder(CASE / 'pred')
    for joint, pose, mota, *_ in (joints[0], joints[4], poses[5]):
        kept = [filter_predictions(video, joint, pose) for video in pred]
        assert evaluate(gt, kept).mota[-1] == pytest.approx(mota, abs=0.051)
    best = {row[0] for row in joints if row[2] == max(other[2] for other in joints)}
    assert {row[0] for row in poses} <= best
    found = re.search(r'joint_score_thr=(\S+), pose_score_thr=(\S+)', output).groups()
    assert [float(value) for value in found] in [row[:2] for row in poses if row[2] == max(row[2] for row in poses)]
    assert cv2.imread(str(tmp_path / 'curve.png')).std() > 10


def test_steps(run: Run) -> None:
    status, _, errors = run(CASE / 'gt', CASE / 'pred', '--steps', 0)
    assert status == 2 and '--steps: expected 1 or more, got 0' in errors
