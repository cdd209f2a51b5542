import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / 'tools/analysis_tools/benchmark_pose_tracking.py'


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(TOOL), *arguments], capture_output=True, text=True)


def test_table() -> None:
    done = run('--frames', '5', '--people', '3')
    assert done.returncode == 0, done.stderr
    title, _, *rows, memory = done.stdout.splitlines()
    assert title == '5 frames x 3 people, one core'
    assert [row[:16].strip() for row in rows] == ['reading', 'tracking', 'writing', 'all']
    assert all(float(row.split()[-1]) > 0 for row in rows)
    peak, before = map(int, re.fullmatch(r'at most (\d+) MiB, (\d+) of them before', memory).groups())
    assert peak >= before > 0


@pytest.mark.slow
def test_beside_others() -> None:
    done = run('--frames', '3', '--people', '12', '--beside')
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in done.stdout.splitlines() if '|' in line]
    assert rows[0] == ['tracker, people', 'frames/s, 12', 'MiB, 12']
    there, left_out = {row[0]: row[1:] for row in rows[2:]}, done.stderr.count('is left out: ')
    assert {'mmgnntrack', 'mmgnntrack, distance'} <= there.keys() and len(there) + left_out == 5
    assert all(float(speed) > 0 and float(memory) >= 0 for speed, memory in there.values())


def test_sizes_below_one(run_tool: Callable) -> None:
    status, _, complaints = run_tool(TOOL)('--people', '0')
    assert status == 2 and 'at least 1' in complaints
