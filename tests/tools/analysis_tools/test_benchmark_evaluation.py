import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

TOOL = Path(__file__).parents[3] / 'tools/analysis_tools/benchmark_evaluation.py'


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(TOOL), *arguments], capture_output=True, text=True)


def test_table() -> None:
    done = run('--sequences', '2', '--frames', '5', '--people', '3')
    assert done.returncode == 0, done.stderr
    title, _, *rows = done.stdout.splitlines()
    assert title == '2 sequences x 5 frames x 3 people, one core'
    stages = ['loading', 'distances', 'AP', 'MOT', 'IDF1 and HOTA', 'loading, AP, MOT', 'all']
    assert [row[:16].strip() for row in rows] == stages
    assert all(float(row.split()[-1]) > 0 for row in rows)


def test_memory() -> None:
    done = run('--sequences', '1', '--frames', '2', '--people', '1', '--memory')
    assert done.returncode == 0, done.stderr
    _, _, peak, _, before, *_ = done.stdout.splitlines()[-1].split()
    assert 0 < int(before) <= int(peak) < 1000


def test_sizes_below_one(run_tool: Callable) -> None:
    status, _, complaints = run_tool(TOOL)('--people', '0')
    assert status == 2 and 'at least 1' in complaints
