"""What the tools say to bad input, before any work is done."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'


def complaint(*arguments: str) -> str:
    """What a tool that refuses to work prints; it must not be a traceback."""
    result = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode not in (0, None)
    assert 'Traceback' not in result.stderr
    return result.stderr


def test_unwritable_output_folder(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    blocked = tmp_path / 'file' / 'out'
    message = complaint('tools/test.py', CONFIG, 'none', '--work-dir', str(tmp_path), '--out-dir', str(blocked))
    assert str(blocked) in message


def test_missing_checkpoint(tmp_path: Path) -> None:
    message = complaint('tools/test.py', CONFIG, 'nowhere.pth', '--work-dir', str(tmp_path))
    assert 'checkpoint not found: nowhere.pth' in message


def test_missing_data(tmp_path: Path) -> None:
    options = ('--work-dir', str(tmp_path / 'work'), '--cfg-options', f'test_dataloader.dataset.data_root={tmp_path}')
    last = complaint('tools/test.py', CONFIG, 'none', *options).splitlines()[-1]
    assert last.startswith('error: ') and str(tmp_path / 'annotations/val') in last


@pytest.mark.skipif(__import__('torch').cuda.is_available(), reason='a GPU is at hand')
def test_mixed_precision_needs_a_gpu(tmp_path: Path) -> None:
    assert 'needs a GPU' in complaint('tools/train.py', CONFIG, '--amp', '--work-dir', str(tmp_path))


def test_quickstart_names_the_wrong_option() -> None:
    result = subprocess.run(['bash', 'tools/quickstart.sh', '--fast'], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and '--fast' in result.stderr
