from pathlib import Path

import pytest
from mmengine.config import Config

from mmgnntrack.engine.configs import merge_options, read_config

BROKEN = {
    'syntax': ('model = (', 'SyntaxError'),
    'an exception': ("raise RuntimeError('no')", 'RuntimeError reading it: no'),
    'an end': ('import sys\nsys.exit(3)', 'SystemExit reading it: 3'),
    'itself as base': ("_base_ = './config.py'", 'RecursionError'),
    'no such base': ("_base_ = './none.py'", 'none.py'),
    'a variable of the environment': ("root = '{{$MMGNNTRACK_NOTHING:}}'\nx = {{$MMGNNTRACK_NOTHING:}}", 'reading it'),
}


@pytest.mark.parametrize(('text', 'message'), BROKEN.values(), ids=BROKEN)
def test_what_is_no_config(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / 'config.py'
    file.write_text(text)
    with pytest.raises(ValueError, match=f'{file}: expected a config, got a .*{message}') as error:
        read_config(file)
    assert '\n' not in str(error.value)


NO_PARTS = {
    'model = 3': 'model: expected a dict, got 3',
    'model = dict()\ndefault_hooks = [1]': r'default_hooks: expected a dict of hooks, got \[1\]',
    'default_hooks = dict(timer=dict(interval=1))': 'default_hooks.timer: expected a hook, .* got {.interval.: 1}',
    "custom_hooks = dict(type='EMAHook')": 'custom_hooks: expected a list of hooks',
    "custom_hooks = [dict(type='EMAHook'), dict(priority=1)]": 'custom_hooks.1: expected a hook',
    'model = None': 'model: expected a dict, got None',
    'model = dict(tracker=3)': 'model.tracker: expected a dict, got 3',
    'model = dict(pose_estimator=dict(model=[]))': r'model.pose_estimator.model: expected a dict, got \[\]',
    'default_scope = 3': 'default_scope: expected a name, got 3',
    'custom_hooks = [None]': 'custom_hooks.0: expected a hook, a dict with its type, got None',
}


@pytest.mark.parametrize(('text', 'message'), NO_PARTS.items(), ids=NO_PARTS)
def test_parts_that_are_none_of_a_config(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'config.py').write_text(text)
    with pytest.raises(ValueError, match=f'config.py: {message}'):
        read_config(tmp_path / 'config.py')


def test_a_default_hook_may_be_dropped(tmp_path: Path) -> None:
    text = "default_hooks = dict(timer=None, logger=dict(type='LoggerHook'))\ncustom_hooks = [dict(type='EMAHook')]\n"
    (tmp_path / 'config.py').write_text(text)
    assert read_config(tmp_path / 'config.py').default_hooks.timer is None


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / 'circle.py').symlink_to('circle.py')
    (tmp_path / 'config.py').write_text(f'_base_ = {str(tmp_path / "circle.py")!r}\n')
    with pytest.raises(FileNotFoundError, match='config not found: .*circle.py'):
        read_config(tmp_path / 'circle.py')
    with pytest.raises(ValueError, match='config.py: expected a config, got a OSError reading it: .*circle.py'):
        read_config(tmp_path / 'config.py')


def test_names_that_steer_a_terminal_are_shown(tmp_path: Path) -> None:
    file = tmp_path / 'a\x1b[2J.py'
    with pytest.raises(FileNotFoundError, match=r'config not found: .*a\\x1b\[2J.py$'):
        read_config(file)
    file.write_text("raise ValueError('no\\x1b[2J')")
    with pytest.raises(
        ValueError, match=r'a\\x1b\[2J.py: expected a config, got a ValueError reading it: no\\x1b\[2J$'
    ):
        read_config(file)
    file.write_text('model = dict()')
    with pytest.raises(ValueError, match=r'a\\x1b\[2J.py: default_hooks.a\\n: expected a hook'):
        read_config(file, {'default_hooks': {'a\n': {}}})


def test_words_for_numbers(tmp_path: Path) -> None:
    file = tmp_path / 'config.py'
    file.write_text("model = dict(score=0.5, sizes=[1, 2], name='a', nothing=None, amp=True)\n")
    for option in ('model.score', 'model.sizes.1'):
        with pytest.raises(ValueError, match=f"config.py: expected {option} to be a number, got 'high'"):
            read_config(file, {option: 'high'})
    with pytest.raises(ValueError, match="config.py: expected model.amp to be True or False, got 'no'"):
        read_config(file, {'model.amp': 'no'})
    with pytest.raises(ValueError, match="--cfg-options: model: expected a dict, got 'high'"):
        merge_options(Config(dict(model=dict(score=0.5))), dict(model='high'), '--cfg-options')
    found = read_config(file, {'model.score': 1, 'model.sizes': 'auto', 'model.nothing': 'b', 'model.name': 2}).model
    assert found == dict(score=1, sizes='auto', name=2, nothing='b', amp=True)


def test_options(tmp_path: Path) -> None:
    file = tmp_path / 'config.py'
    file.write_text('model = dict(tracker=dict(matching="oks"), layers=[1, 2])\n')
    assert read_config(file, {'model.tracker.matching': 'gnn'}).model.tracker.matching == 'gnn'
    with pytest.raises(ValueError, match=r"config.py: \['model.layers.7'\] do not fit it"):
        read_config(file, {'model.layers.7': 3})
    with pytest.raises(FileNotFoundError, match='config not found: .*none.py'):
        read_config(tmp_path / 'none.py')
