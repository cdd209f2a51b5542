from pathlib import Path

import pytest

from mmgnntrack.engine.configs import read_config

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


def test_options(tmp_path: Path) -> None:
    file = tmp_path / 'config.py'
    file.write_text('model = dict(tracker=dict(matching="oks"), layers=[1, 2])\n')
    assert read_config(file, {'model.tracker.matching': 'gnn'}).model.tracker.matching == 'gnn'
    with pytest.raises(ValueError, match=r"config.py: \['model.layers.7'\] do not fit it"):
        read_config(file, {'model.layers.7': 3})
    with pytest.raises(FileNotFoundError, match='config not found: .*none.py'):
        read_config(tmp_path / 'none.py')
