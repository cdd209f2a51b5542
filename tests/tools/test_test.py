"""The command line of `tools/test.py`."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmgnntrack.engine import launch

CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'
Tool = Callable[..., tuple[int, str, str]]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The configs of the runners that are asked for, which do nothing."""
    configs = []
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo={}))

    def build(config: Config) -> SimpleNamespace:
        configs.append(config)
        return SimpleNamespace(test=dict, test_dataloader=loader)

    monkeypatch.setattr(launch, 'build_runner', build)
    return configs


@pytest.fixture
def tool(built: list[Config], run_tool: Callable, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.chdir(repository)
    return run_tool(repository / 'tools/test.py')


def test_panels_are_passed_on(tool: Tool, built: list[Config], tmp_path: Path) -> None:
    options = ('--show-dir', tmp_path / 'show', '--show-panels', 'fusion', 'attention')
    assert tool(CONFIG, 'none', '--work-dir', tmp_path, *options)[0] == 0
    hook = built[0].custom_hooks[-1]
    assert hook['type'] == 'mmgnntrack.TrackVisualizationHook' and list(hook['panels']) == ['fusion', 'attention']


def test_panels_need_a_folder(tool: Tool, tmp_path: Path) -> None:
    status, _, complaint = tool(CONFIG, 'none', '--work-dir', tmp_path, '--show-panels', 'fusion')
    assert status == 2 and '--show-panels needs --show-dir' in complaint


def test_unknown_panels(tool: Tool, tmp_path: Path) -> None:
    options = ('--show-dir', tmp_path, '--show-panels', 'pose')
    status, _, complaint = tool(CONFIG, 'none', '--work-dir', tmp_path, *options)
    assert status == 2 and "invalid choice: 'pose'" in complaint


def test_the_config_lies_beside_the_figures(tool: Tool, tmp_path: Path) -> None:
    settings = ('--cfg-options', 'model.tracker.matching=oks')
    assert tool(CONFIG, 'none', '--work-dir', tmp_path, '--out-dir', tmp_path / 'out', *settings)[0] == 0
    written = Config.fromfile(tmp_path / 'out/config.py')
    assert written.model.tracker.matching == 'oks' and written.model.pose_estimator.padding == 1.0
    assert (tmp_path / 'out/metrics.json').is_file()
