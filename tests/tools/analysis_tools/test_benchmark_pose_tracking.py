import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[3] / 'tools/analysis_tools/benchmark_pose_tracking.py'


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(TOOL), *arguments], capture_output=True, text=True)


def test_table() -> None:
    done = run('--frames', '5', '--people', '3')
    assert done.returncode == 0, done.stderr
    title, _, *rows = done.stdout.splitlines()
    assert title == '5 frames x 3 people, one core'
    assert [row[:16].strip() for row in rows] == ['reading', 'tracking', 'writing', 'all']
    assert all(float(row.split()[-1]) > 0 for row in rows)


def test_sizes_below_one() -> None:
    done = run('--people', '0')
    assert done.returncode == 2 and 'at least 1' in done.stderr
