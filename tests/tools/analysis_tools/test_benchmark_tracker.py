import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[3]
TOOL = 'tools/analysis_tools/benchmark_tracker.py'
CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'
STAGES = [
    'detector',
    'pose estimator',
    'search-region features',
    'dynamics head',
    'association',
    'fusion',
    'memory',
]


@pytest.fixture
def run(run_tool: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(ROOT)
    return run_tool(ROOT / TOOL)


@pytest.fixture
def figures(run: Callable, tmp_path: Path) -> Callable[..., tuple[list[str], list | dict]]:
    """The rows of the table and the figures of the JSON file."""

    def measure(*arguments: str) -> tuple[list[str], list | dict]:
        out = tmp_path / 'speed.json'
        status, output, complaints = run(
            CONFIG, '--device', 'cpu', '--image-size', '320', '240', '--json', out, *arguments
        )
        assert status == 0, complaints
        found = json.loads(out.read_text())
        assert found['config'] == CONFIG and found['dtype'] == 'float32' and found['image_size'] == '320 x 240'
        return [line for line in output.splitlines() if line.startswith('|')], found['figures']

    return measure


def test_stages(figures: Callable) -> None:
    rows, sizes = figures('--people', '3', '1', '--frames', '1', '--mmpose')
    assert [size['people'] for size in sizes] == [1, 3]
    for size in sizes:
        assert size['tracked'] == size['tracklets'] == size['people']
        assert list(size['milliseconds']) == STAGES
        assert min(size['milliseconds'].values()) > 0 and size['peak_memory_mib'] > 0
        assert list(size['gmac']) == STAGES[1:4] and min(size['gmac'].values()) > 0
        assert size['frames_per_second'] == pytest.approx(1000 / sum(size['milliseconds'].values()))
        # What is tracked by oks is no more than what full does.
        assert size['speed_of_mmpose_oks'] > size['speed_of_mmpose_full'] > 0 and size['mmpose_milliseconds'] > 0
    for stage in STAGES[1:4]:
        assert sizes[1]['gmac'][stage] == pytest.approx(3 * sizes[0]['gmac'][stage], rel=0.1)
    assert rows[0].split()[1:] == ['people', '|', '1', '|', '3', '|']
    assert [row[2:].partition(', ms ')[0] for row in rows[2:9]] == STAGES


@pytest.mark.slow
def test_a_long_video(figures: Callable) -> None:
    rows, videos = figures('--people', '2', '--length', '200')
    (tenths,) = videos.values()
    assert len(rows) - 2 == len(tenths) == 10
    assert [tenth['frames'] for tenth in tenths] == list(range(20, 201, 20))
    assert all(1 <= tenth['most_tracklets'] <= 2 for tenth in tenths)
    assert all(tenth['milliseconds'] > tenth['bookkeeping_milliseconds'] > 0 for tenth in tenths)
    # They come back, as new people.
    assert tenths[-1]['visits'] > 4


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (['nowhere.py'], 'config not found: nowhere.py'),
        ([CONFIG, '--people', '0'], '--people: expected a number of at least 1, got 0'),
        ([CONFIG, '--json', 'nowhere/speed.json'], 'no such folder: nowhere'),
        ([CONFIG, '--device', 'cpu', '--fp16'], '--fp16 needs a GPU'),
        (['configs/detector/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack18.py'], 'expected a VideoPoseTracker'),
        ([CONFIG, '--cfg-options', 'model.tracker.matching=iou'], 'matching gnn or full'),
    ],
)
def test_what_cannot_be_measured(arguments: list[str], complaint: str, run: Callable) -> None:
    status, _, complaints = run(*arguments)
    assert status and complaint in complaints


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')
def test_mixed_precision(run: Callable) -> None:
    assert run(CONFIG, '--people', '2', '--frames', '1', '--fp16')[0] == 0
