"""Trainings that break off and go on."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ITERATIONS = 12


def command(work_dir: Path, *options: str) -> list[str]:
    """A training of the small dynamics head that saves itself after each iteration."""
    settings = (
        f'train_cfg.max_iters={ITERATIONS}',
        'train_dataloader.batch_size=2',
        'default_hooks.checkpoint.interval=1',
        'default_hooks.logger.interval=1',
        'custom_hooks.0.detector=None',
        'custom_hooks.0.pose_estimator=None',
    )
    script = (sys.executable, 'tools/train.py', 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    return [*script, '--work-dir', str(work_dir), '--no-validate', *options, '--cfg-options', *settings]


def wait_for(condition: object, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, 'the training ended too early, or never began'
        time.sleep(0.005)


@pytest.fixture
def environment(synthtrack: Path) -> dict[str, str]:
    return {**os.environ, 'MMGNNTRACK_DATA': str(synthtrack), 'OMP_NUM_THREADS': '1'}


def test_resumes_after_kills(tmp_path: Path, environment: dict[str, str]) -> None:
    """Killed before the first checkpoint, after some, and with the newest one half written."""
    for files in (0, 3):
        process = subprocess.Popen(
            command(tmp_path, '--resume'),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if files:
            wait_for(lambda: (tmp_path / f'iter_{files}.pth').is_file(), process)  # noqa: B023
        else:
            wait_for(lambda: any(tmp_path.glob('*/*.log')), process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    newest, before = sorted(tmp_path.glob('iter_*.pth'), key=lambda path: int(path.stem[5:]))[:-3:-1]
    newest.write_bytes(newest.read_bytes()[:-500])
    result = subprocess.run(command(tmp_path, '--resume'), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert f'{newest} cannot be read, an older checkpoint is taken' in result.stderr
    iterations = [int(number) for number in re.findall(r'Iter\(train\) \[ *(\d+)/', result.stdout + result.stderr)]
    assert iterations == list(range(int(before.stem[5:]) + 1, ITERATIONS + 1))
    assert (tmp_path / f'iter_{ITERATIONS}.pth').is_file()
    assert any(tmp_path.rglob('events.out.tfevents.*'))


def test_two_processes(tmp_path: Path, environment: dict[str, str]) -> None:
    """With gloo, where there is no GPU."""
    environment |= {'PORT': '29713', 'PATH': f'{Path(sys.executable).parent}:{environment["PATH"]}'}
    _, _, config, *options = command(tmp_path)
    result = subprocess.run(
        ['bash', 'tools/dist_train.sh', config, '2', *options, 'train_cfg.max_iters=2'],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert (tmp_path / 'iter_2.pth').is_file()
    assert 'Distributed training: True' in result.stdout + result.stderr
    assert 'GPU number: 2' in result.stdout + result.stderr
