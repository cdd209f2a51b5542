"""What several tests share."""

import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
#: The files that take longest. They begin first, so that at the end no worker waits long for another one.
LONGEST = (
    'test_quickstart.py',
    'test_track_video.py',
    'test_oks_hungarian_fusion_hook.py',
    'test_track_poses.py',
    'test_train.py',
    'test_configs.py',
    'test_video_pose_tracker.py',
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def no_default_scope() -> Iterator[None]:
    """A Runner sets mmengine's default scope for good; the next test does not see it."""
    yield
    if 'mmengine.registry' in sys.modules:
        from mmengine.registry import DefaultScope

        DefaultScope._instance_dict.clear()


@pytest.fixture(scope='session', autouse=True)
def metafiles_read_once() -> None:
    """mmengine parses more than a hundred YAML files for each config of MMDet or MMPose that another one is based on:
    three quarters of the time that reading our configs takes."""
    if 'mmengine.config' in sys.modules:
        from mmengine.config import utils

        utils.load = functools.cache(utils.load)


@pytest.fixture(scope='session')
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope='session')
def synthtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a tiny SynthTrack: two training videos and one for validation, eight frames each. Not to be
    written to."""
    from mmgnntrack.synthetic import SynthTrackConfig, make_dataset

    root = tmp_path_factory.mktemp('synthtrack')
    config = SynthTrackConfig(train_videos=2, val_videos=1, frames=8, people=(3, 4), partly_labelled_share=1.0)
    for _ in make_dataset(root, config):
        pass
    return root


@pytest.fixture(scope='session')
def real_data() -> Path:
    """The folder of real PoseTrack files, which most machines do not have."""
    root = Path(os.environ.get('MMGNNTRACK_SHARED', REPOSITORY.parent / 'shared')) / 'realdata'
    if not root.is_dir():
        pytest.skip('no real data here; MMGNNTRACK_SHARED names its folder')
    return root


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What mmengine's logger is told, which hands nothing on."""
    from mmengine.logging import MMLogger

    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def run_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[[Path], Callable[..., tuple[int, str, str]]]:
    """Makes of a tool's file a function that runs it in this process, and gives its exit status, its output and its
    complaints."""

    def load(path: Path) -> Callable[..., tuple[int, str, str]]:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)

        def call(*arguments: object) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, 'argv', [path.name, *map(str, arguments)])
            status, message = 0, ''
            try:
                tool.main()
            except SystemExit as stop:
                status, message = (1, stop.code) if isinstance(stop.code, str) else (stop.code, '')
            output = capsys.readouterr()
            return status, output.out, output.err + message

        return call

    return load
