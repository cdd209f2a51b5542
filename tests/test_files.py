import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mmgnntrack.files import remove_unfinished, whole_file, write_text

ROOT = Path(__file__).parents[1]
KILLED = """
import os, signal, sys
from mmgnntrack.files import whole_file
with whole_file(sys.argv[1]) as file:
    file.write('half')
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    write_text(path, 'old')
    with pytest.raises(KeyError), whole_file(path) as file:
        file.write('half')
        raise KeyError
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.json']
    mask = os.umask(0o022)
    write_text(path, 'é')
    os.umask(mask)
    assert path.read_text(encoding='utf-8') == 'é' and stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    for path in (tmp_path / 'nothing/a.json', tmp_path / 'file/a.json'):
        with pytest.raises(OSError, match=f'cannot write {path}'):
            write_text(path, '')


def test_what_a_killed_process_leaves_is_removed(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    write_text(path, 'old')
    subprocess.run([sys.executable, '-c', KILLED, str(path)], cwd=ROOT)
    assert len(os.listdir(tmp_path)) == 2 and path.read_text() == 'old'
    others = ('.a.json.partial', '.b.partial.mp4')
    for name in others:
        (tmp_path / name).write_text('')
    with whole_file(tmp_path / 'b.json') as file:
        remove_unfinished(tmp_path)
        file.write('new')
    assert {*os.listdir(tmp_path)} == {'a.json', 'b.json', *others}
    for name in ('a.b', 'a.b.mp4', 'a.b.c.mp4', 'd'):
        (tmp_path / f'.{name}.00000000-1.partial.mp4').write_text('')  # of another machine, where nobody knows
    remove_unfinished(tmp_path, 'a.b.mp4')
    assert len(os.listdir(tmp_path)) == len(others) + 5
