"""The whole path, from data to overlay video, at a tiny scale."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).parents[2]
ROWS = ('iou', 'oks', 'gnn', 'full')


def run(*command: str, **environment: str) -> str:
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, 'PATH': path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        pytest.fail(f'{command} ended with {result.returncode}:\n{result.stdout[-5000:]}')
    return result.stdout


@pytest.fixture(scope='module')
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a smoke run, and what it printed."""
    out = tmp_path_factory.mktemp('smoke')
    return out, run('bash', 'tools/quickstart.sh', '--smoke', '--out', str(out))


def test_prints_the_four_rows(smoke: tuple[Path, str]) -> None:
    out, printed = smoke
    rows = [line.split('|')[1].strip() for line in (out / 'table.md').read_text().splitlines()[2:]]
    assert tuple(rows) == ROWS
    assert (out / 'table.md').read_text() in printed


def test_writes_video_and_contact_sheet(smoke: tuple[Path, str]) -> None:
    out, _ = smoke
    (video,) = (out / 'overlays').glob('*.mp4')
    assert cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT) == 8
    assert cv2.imread(str(video.with_suffix('.png'))) is not None


def test_shows_the_data_what_the_parts_find_and_a_report(smoke: tuple[Path, str]) -> None:
    out, printed = smoke
    for folder in ('data', 'parts'):
        (sheet,) = (out / 'pictures' / folder).glob('*.png')
        assert cv2.imread(str(sheet)) is not None and str(sheet) in printed
    assert len(list((out / 'overlays').glob('*_heatmaps/*.png'))) == 8
    assert '</html>' in (out / 'report.html').read_text() and 'mmgnntrack track' in printed


def test_writes_posetrack_results(smoke: tuple[Path, str]) -> None:
    out, _ = smoke
    for row in ROWS:
        (file,) = (out / 'test' / row / 'posetrack').glob('*.json')
        assert len(json.loads(file.read_text())['images']) == 8


def test_checkpoint_holds_the_dynamics_head_alone(smoke: tuple[Path, str]) -> None:
    import torch

    from mmgnntrack.compat import allow_mmengine_checkpoints

    allow_mmengine_checkpoints()
    state = torch.load(smoke[0] / 'dynamics' / 'iter_4.pth', weights_only=True)['state_dict']
    assert state and all(key.startswith('tracker.dynamics_head.') for key in state)


@pytest.mark.slow  # the metric's own tests have two ranks, too
def test_one_process_gives_the_figures_of_several(smoke: tuple[Path, str]) -> None:
    out, _ = smoke
    run(
        *(sys.executable, 'tools/test.py', 'configs/mini/gnn_hrnet-mini_synthtrack.py'),
        *(str(out / 'dynamics' / 'iter_4.pth'), '--out-dir', str(out / 'single'), '--work-dir', str(out / 'single')),
        '--cfg-options',
        f'custom_hooks.0.detector={out}/detector/iter_4.pth',
        f'custom_hooks.0.pose_estimator={out}/pose/iter_4.pth',
        'model.tracker.matching=iou',
        MMGNNTRACK_DATA=str(out / 'synthtrack'),
    )
    single, several = (json.loads((out / name / 'metrics.json').read_text()) for name in ('single', 'test/iou'))
    for name, value in single.items():
        if name.startswith('posetrack/'):
            assert value == pytest.approx(several[name], abs=1e-6, nan_ok=True), name


def test_skips_what_is_done(smoke: tuple[Path, str]) -> None:
    out, _ = smoke
    assert run('bash', 'tools/quickstart.sh', '--smoke', '--out', str(out)).count('done before') == 10
