"""The command `mmgnntrack`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmgnntrack.command_line import COMMANDS, tools_folder

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / 'tests/data/poseval/plain'


def mmgnntrack(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-c', 'from mmgnntrack.command_line import main; main()', *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def without_frameworks(tmp_path: Path) -> dict[str, str]:
    """An environment in which torch and OpenMMLab's packages are missing."""
    for name in ('torch', 'mmengine', 'mmcv', 'mmdet', 'mmpose', 'cv2'):
        (tmp_path / f'{name}.py').write_text(f'raise ModuleNotFoundError("No module named {name!r}", name={name!r})')
    return {'PYTHONPATH': f'{tmp_path}:{ROOT}'}


def test_all_tools_are_there() -> None:
    for tool, _ in COMMANDS.values():
        assert (tools_folder() / tool).is_file()


def test_without_a_command_it_lists_them() -> None:
    result = mmgnntrack()
    assert result.returncode == 0 and all(f'  {name} ' in result.stdout for name in (*COMMANDS, 'info'))


def test_unknown_command() -> None:
    result = mmgnntrack('trak')
    assert result.returncode == 2 and "invalid choice: 'trak'" in result.stderr


def test_evaluation_without_the_frameworks(without_frameworks: dict[str, str]) -> None:
    result = mmgnntrack('eval', GOLDEN / 'gt', GOLDEN / 'pred', **without_frameworks)
    tool = [sys.executable, ROOT / 'tools/eval_posetrack.py', GOLDEN / 'gt', GOLDEN / 'pred']
    assert result.returncode == 0, result.stderr
    assert result.stdout == subprocess.run(tool, capture_output=True, text=True).stdout != ''


def test_help_calls_the_tool_as_the_user_did(without_frameworks: dict[str, str]) -> None:
    result = mmgnntrack('eval', '--help', **without_frameworks)
    assert result.stdout.startswith('usage: mmgnntrack eval')
    assert '  mmgnntrack eval gt results --json' in result.stdout and 'python tools' not in result.stdout


def test_the_exit_status_is_the_tools() -> None:
    result = mmgnntrack('eval', 'nowhere', 'nowhere')
    assert result.returncode == 1 and result.stderr.startswith('error: ') and 'Traceback' not in result.stderr


def test_info() -> None:
    result = mmgnntrack('info')
    assert result.returncode == 0, result.stderr
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if not line.startswith('mmcv op'))
    import torch

    assert rows['torch'] == torch.__version__.split('+')[0] or rows['torch'] == torch.__version__
    assert rows['GPU'] and 'missing' not in rows['mmengine']


def test_info_where_nothing_is_installed(without_frameworks: dict[str, str]) -> None:
    result = mmgnntrack('info', **without_frameworks)
    assert result.returncode == 0, result.stderr
    assert 'not usable: No module named' in result.stdout and 'unknown without torch' in result.stdout


def test_what_a_terminal_cannot_show() -> None:
    """Is no reason to fail when the work is done; and what steers a terminal comes as escapes."""
    body = "print('é'); raise ValueError('\\x1b[2Ja\\nb')"
    script = f'from mmgnntrack.command_line import *\nwith one_line_errors(): {body}'
    command, environment = [sys.executable, '-c', script], {**os.environ, 'PYTHONIOENCODING': 'ascii'}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (process.returncode, process.stdout, process.stderr) == (1, '\\xe9\n', 'error: \\x1b[2Ja\\nb\n')
