"""What the tools say to bad input, before any work is done."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'


@pytest.fixture
def complaint(run_tool: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a tool that refuses to work prints."""
    monkeypatch.chdir(ROOT)

    def run(tool: str, *arguments: object) -> str:
        status, _, complaints = run_tool(ROOT / tool)(*arguments)
        assert status not in (0, None)
        return complaints

    return run


def test_unwritable_output_folder(complaint: Callable, tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    blocked = tmp_path / 'file' / 'out'
    assert str(blocked) in complaint('tools/test.py', CONFIG, 'none', '--work-dir', tmp_path, '--out-dir', blocked)


def test_missing_checkpoint(complaint: Callable, tmp_path: Path) -> None:
    message = complaint('tools/test.py', CONFIG, 'nowhere.pth', '--work-dir', tmp_path)
    assert 'checkpoint not found: nowhere.pth' in message


@pytest.fixture
def last_words(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., str]:
    """How a tool that is run as a program ends, which must not be with a traceback."""
    monkeypatch.chdir(ROOT)
    MMLogger._instance_dict.clear()  # those of earlier tests write to streams that are closed

    def run(tool: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, 'argv', [tool, *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(tool, run_name='__main__')
        assert isinstance(end.value.code, str) and 'Traceback' not in capfd.readouterr().err
        return end.value.code

    return run


def test_missing_data(last_words: Callable, tmp_path: Path) -> None:
    options = ('--work-dir', str(tmp_path / 'work'), '--cfg-options', f'test_dataloader.dataset.data_root={tmp_path}')
    said = last_words('tools/test.py', CONFIG, 'none', *options)
    assert said.startswith('error: ') and '\n' not in said and str(tmp_path / 'annotations/val') in said


def test_a_broken_frame(
    last_words: Callable, synthtrack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is named, in one line, also if a worker of the data loader came upon it."""
    data = tmp_path / 'data'
    shutil.copytree(synthtrack, data)
    for path in (data / 'images/train').rglob('*.jpg'):
        path.write_bytes(path.read_bytes()[:-1000])
    monkeypatch.setenv('MMGNNTRACK_DATA', str(data))
    settings = ('train_dataloader.num_workers=1', 'custom_hooks.0.detector=None', 'custom_hooks.0.pose_estimator=None')
    options = ('--no-validate', '--work-dir', str(tmp_path / 'work'), '--cfg-options', *settings)
    said = last_words('tools/train.py', CONFIG, *options)
    assert re.fullmatch(rf'error: frame cannot be decoded: {data}/images/train/.*\.jpg \(.*', said)


@pytest.mark.skipif(__import__('torch').cuda.is_available(), reason='a GPU is at hand')
def test_mixed_precision_needs_a_gpu(complaint: Callable, tmp_path: Path) -> None:
    assert 'needs a GPU' in complaint('tools/train.py', CONFIG, '--amp', '--work-dir', tmp_path)


@pytest.mark.parametrize(('kind', 'fourth'), [('train', '--work-dir FOURTH'), ('test', 'FOURTH')])
def test_what_slurm_is_asked_for(kind: str, fourth: str, tmp_path: Path) -> None:
    """Slurm itself is not here: a stand-in says how srun was called."""
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "$@"')
    (tmp_path / 'srun').chmod(0o755)
    settings = dict(PATH=f'{tmp_path}:{os.environ["PATH"]}', GPUS='16', SRUN_ARGS='--time 60 --exclusive')
    command = ['bash', f'tools/slurm_{kind}.sh', 'gpu', 'name', CONFIG, 'FOURTH', '--cfg-options', 'a=b']
    result = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)
    asked = '--partition=gpu --job-name=name --gres=gpu:8 --ntasks=16 --ntasks-per-node=8 --cpus-per-task=5 '
    program = f'python -u tools/{kind}.py {CONFIG} {fourth} --launcher slurm --cfg-options a=b\n'
    assert result.stdout == f'{asked}--kill-on-bad-exit=1 --time 60 --exclusive {program}', result.stderr
    short = subprocess.run(command[:5], cwd=ROOT, capture_output=True, text=True)
    assert short.returncode == 2 and short.stderr.startswith(f'usage: bash tools/slurm_{kind}.sh PARTITION')


def test_quickstart_names_the_wrong_option() -> None:
    result = subprocess.run(['bash', 'tools/quickstart.sh', '--fast'], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and '--fast' in result.stderr
