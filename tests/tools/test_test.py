"""`tools/test.py`, with random weights."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'
#: No files of weights; whatever is found is a person who goes on.
SETTINGS = (
    *('custom_hooks.0.detector=None', 'custom_hooks.0.pose_estimator=None'),
    *('model.detector.score_thr=0.0', 'model.detector.model.test_cfg.rcnn.max_per_img=3'),
    *('model.tracker.init_score_thr=0.0', 'model.tracker.min_similarity=0.0', 'test_dataloader.num_workers=0'),
    'test_dataloader.persistent_workers=False',
)
Tool = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tool(run_tool: Callable, repository: Path, synthtrack: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.chdir(repository)
    monkeypatch.setenv('MMGNNTRACK_DATA', str(synthtrack))
    return run_tool(repository / 'tools/test.py')


def test_figures_config_and_pictures(tool: Tool, tmp_path: Path, synthtrack: Path) -> None:
    folders = ('--work-dir', tmp_path / 'work', '--out-dir', tmp_path / 'out', '--show-dir', tmp_path / 'show')
    panels = ('--show-panels', 'fusion', 'heatmaps', 'attention')
    status, _, complaint = tool(CONFIG, 'none', *folders, *panels, '--cfg-options', *SETTINGS)
    assert not status, complaint
    (video,) = (path.stem for path in (synthtrack / 'annotations/val').glob('*.json'))
    for name in (f'{video}.mp4', f'{video}.png', f'{video}_fusion.mp4'):
        assert (tmp_path / 'show' / name).stat().st_size > 5000
    for panel in ('heatmaps', 'attention'):
        assert len(list((tmp_path / f'show/{video}_{panel}').glob('*.png'))) == 8
    written = Config.fromfile(tmp_path / 'out/config.py')
    assert written.model.tracker.init_score_thr == 0.0 and written.model.pose_estimator.padding == 1.0
    assert 'posetrack/MOTA' in json.loads((tmp_path / 'out/metrics.json').read_text())


def test_panels_need_a_folder(tool: Tool, tmp_path: Path) -> None:
    status, _, complaint = tool(CONFIG, 'none', '--work-dir', tmp_path, '--show-panels', 'fusion')
    assert status == 2 and '--show-panels needs --show-dir' in complaint


def test_unknown_panels(tool: Tool, tmp_path: Path) -> None:
    options = ('--show-dir', tmp_path, '--show-panels', 'pose')
    status, _, complaint = tool(CONFIG, 'none', '--work-dir', tmp_path, *options)
    assert status == 2 and "invalid choice: 'pose'" in complaint


def test_untrained_weights_are_asked_for(tool: Tool, tmp_path: Path) -> None:
    status, _, complaint = tool(CONFIG, '--work-dir', tmp_path)
    assert status == 2 and 'expected a checkpoint, or "none"' in complaint
