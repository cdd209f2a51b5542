"""What the tools say to bad input, before any work is done."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


def test_missing_data(tmp_path: Path) -> None:
    """As a program, which must not end with a traceback."""
    options = ('--work-dir', str(tmp_path / 'work'), '--cfg-options', f'test_dataloader.dataset.data_root={tmp_path}')
    command = [sys.executable, 'tools/test.py', CONFIG, 'none', *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode not in (0, None) and 'Traceback' not in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith('error: ') and str(tmp_path / 'annotations/val') in last


@pytest.mark.skipif(__import__('torch').cuda.is_available(), reason='a GPU is at hand')
def test_mixed_precision_needs_a_gpu(complaint: Callable, tmp_path: Path) -> None:
    assert 'needs a GPU' in complaint('tools/train.py', CONFIG, '--amp', '--work-dir', tmp_path)


def test_quickstart_names_the_wrong_option() -> None:
    result = subprocess.run(['bash', 'tools/quickstart.sh', '--fast'], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and '--fast' in result.stderr
