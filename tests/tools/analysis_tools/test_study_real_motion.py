import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.structures import InstanceData

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools/analysis_tools'))

from motion_baselines import KalmanFilter, constant_velocity, last_pose  # noqa: E402


def a_history(*offsets: tuple[float, float]) -> InstanceData:
    """A person whose two joints move by so much a frame, in four frames."""
    steps = np.arange(4)[:, None, None] * np.array(offsets)
    return InstanceData(keypoints=100 + steps[None], valid=np.ones((1, 4, 2), bool))


def test_baselines() -> None:
    history = a_history((2, 0), (0, 4))
    last = history.keypoints[:, -1]
    np.testing.assert_allclose(last_pose(history, 3), last)
    np.testing.assert_allclose(constant_velocity(history, 3, 0.5, body=False) - last, [[[3, 0], [0, 6]]])
    np.testing.assert_allclose(constant_velocity(history, 3, 0.5, body=True) - last, [[[1.5, 3], [1.5, 3]]])
    history.valid[0, -2, 0] = False
    np.testing.assert_allclose(constant_velocity(history, 1, 1.0, body=False) - last, [[[0, 0], [0, 4]]])
    np.testing.assert_allclose(constant_velocity(history, 1, 1.0, body=True) - last, [[[0, 4], [0, 4]]])


@pytest.mark.parametrize('ahead', [1, 3])
def test_a_kalman_filter_follows_what_moves_evenly(ahead: int) -> None:
    history = a_history((2, 0), (0, 4))
    filtered = KalmanFilter(0.001, 0.1)
    expected = history.keypoints[:, -1] + ahead * np.array([[2, 0], [0, 4]])
    np.testing.assert_allclose(filtered.forecast(history.keypoints, history.valid, ahead), expected, atol=0.03)
    history.valid[0, 2] = False  # unseen for a frame
    history.keypoints[0, 2] = -1e3
    np.testing.assert_allclose(filtered.forecast(history.keypoints, history.valid, ahead), expected, atol=0.03)


def test_a_kalman_filter_smoothes() -> None:
    rng = np.random.default_rng(0)
    keypoints, valid = rng.normal(0, 1, (500, 20, 1, 2)), np.ones((500, 20, 1), bool)
    assert KalmanFilter(1.0, 0.001).forecast(keypoints, valid, 1).std() < 0.6


def test_the_study(synthtrack: Path, tmp_path: Path) -> None:
    """A training of two iterations for each fold; nothing is trained twice."""
    options = ('--folds', '2', '--ahead', '1', '--cfg-options', 'train_cfg.max_iters=2')
    options += ('default_hooks.checkpoint.interval=2', 'train_dataloader.batch_size=4')
    command = [sys.executable, 'tools/analysis_tools/study_real_motion.py', str(synthtrack / 'annotations/train')]
    for _ in range(2):
        result = subprocess.run(
            [*command, '--out', str(tmp_path), *options], cwd=ROOT, capture_output=True, text=True, check=True
        )
        lines = [line.split('|') for line in result.stdout.splitlines() if line.startswith('| ')]
        rows = [cells[1].strip() for cells in lines if cells[-2].endswith(' % ')]
        assert rows == [
            'last pose',
            'constant velocity, joint',
            'constant velocity, body',
            'Kalman filter, joint',
            'learned, seed 0',
        ]
        for level in ('mild', 'hard'):
            start = [cells[1].strip() for cells in lines].index(f'{level} corruption')
            trackers = {cells[1].strip(): float(cells[2]) for cells in lines[start + 2 : start + 7]}
            assert list(trackers) == ['iou', 'oks', 'Kalman filter, oks', 'gnn', 'full']
            assert min(trackers.values()) > 0
    assert 'Iter(train)' not in result.stdout
    assert {path.name for path in tmp_path.iterdir()} == {'ahead1_fold0_seed0', 'ahead1_fold1_seed0'}
