import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_study(synthtrack: Path, tmp_path: Path) -> None:
    """A training of two iterations for each fold; nothing is trained twice."""
    options = ('--folds', '2', '--ahead', '1', '--horizon', '2', '--cfg-options', 'train_cfg.max_iters=2')
    options += ('default_hooks.checkpoint.interval=2', 'train_dataloader.batch_size=4')
    command = [sys.executable, 'tools/analysis_tools/study_real_motion.py', str(synthtrack / 'annotations/train')]
    sequence = str(min((synthtrack / 'annotations/train').iterdir()))
    options = ('--estimated', sequence, sequence, *options)
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
            *'12',  # frames ahead, of the calibration
        ]
        for level in ('mild', 'hard'):
            start = [cells[1].strip() for cells in lines].index(f'{level} corruption')
            trackers = {cells[1].strip(): float(cells[2]) for cells in lines[start + 2 : start + 7]}
            assert list(trackers) == ['iou', 'oks', 'Kalman filter, oks', 'gnn', 'full']
            assert min(trackers.values()) > 0
        (start,) = (index for index, cells in enumerate(lines) if 'joints from 0.4' in cells[1])
        trackers = {cells[1].strip(): float(cells[2]) for cells in lines[start + 2 : start + 7]}
        assert min(trackers.values()) > 50 and list(trackers) == ['iou', 'oks', 'distance', 'gnn', 'full']
    assert 'Iter(train)' not in result.stdout
    assert {path.name for path in tmp_path.iterdir()} == {'fold0_seed0', 'fold1_seed0'}
