"""Trainings that break off and go on."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmgnntrack.engine.claims import Claim, ClaimedError

ROOT = Path(__file__).parents[2]
ITERATIONS = 12


def options(work_dir: Path) -> list[str]:
    """Of a training of the small dynamics head that saves itself after each iteration."""
    settings = (
        f'train_cfg.max_iters={ITERATIONS}',
        'train_dataloader.batch_size=2',
        'default_hooks.checkpoint.interval=1',
        'default_hooks.logger.interval=1',
        'custom_hooks.0.detector=None',
        'custom_hooks.0.pose_estimator=None',
    )
    config = 'configs/mini/gnn_hrnet-mini_synthtrack.py'
    return [config, '--work-dir', str(work_dir), '--no-validate', '--cfg-options', *settings]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, 'the training ended too early, or never began'
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def environment(synthtrack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('MMGNNTRACK_DATA', str(synthtrack))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('LOCAL_RANK', '0')


def test_resumes_after_kills(run_tool: Callable, tmp_path: Path) -> None:
    """Killed before the first checkpoint, after some, and with the newest one half written."""
    command = [sys.executable, 'tools/train.py', *options(tmp_path), '--resume']
    for files in (0, 3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if files:
            wait_for(lambda: (tmp_path / f'iter_{files}.pth').is_file(), process)  # noqa: B023
        else:
            wait_for(lambda: any(tmp_path.glob('*/*.log')), process)
        process.kill()
        process.wait()
    newest, before = sorted(tmp_path.glob('iter_*.pth'), key=lambda path: int(path.stem[5:]))[:-3:-1]
    newest.write_bytes(newest.read_bytes()[:-500])
    with pytest.warns(UserWarning, match=f'{newest} cannot be read, an older checkpoint is taken'):
        status, output, complaints = run_tool(ROOT / 'tools/train.py')(*options(tmp_path), '--resume')
    assert status == 0, complaints
    iterations = [int(number) for number in re.findall(r'Iter\(train\) \[ *(\d+)/', output + complaints)]
    assert iterations == list(range(int(before.stem[5:]) + 1, ITERATIONS + 1))
    assert (tmp_path / f'iter_{ITERATIONS}.pth').is_file()
    assert any(tmp_path.rglob('events.out.tfevents.*'))


def test_one_that_another_has_taken_over(run_tool: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def check(claim: Claim) -> None:
        looked.append(claim)
        if len(looked) == 3:
            raise ClaimedError('somebody else has taken over')

    monkeypatch.setattr(Claim, 'check', check)
    with pytest.raises(ClaimedError, match='somebody else'):
        run_tool(ROOT / 'tools/train.py')(*options(tmp_path))
    assert not (tmp_path / 'iter_4.pth').is_file()


def test_two_processes(tmp_path: Path) -> None:
    """With gloo, where there is no GPU."""
    environment = os.environ | {'PORT': '29713', 'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}
    config, *rest = options(tmp_path)
    command = ['bash', 'tools/dist_train.sh', config, '2', *rest, 'train_cfg.max_iters=2']
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert (tmp_path / 'iter_2.pth').is_file()
    assert 'Distributed training: True' in result.stdout + result.stderr
    assert 'GPU number: 2' in result.stdout + result.stderr
