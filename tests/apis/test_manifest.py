from pathlib import Path

import pytest

from mmgnntrack.apis.manifest import Manifest

NOTHING = dict(frames=0, people=0)


def test_what_others_write_is_seen(tmp_path: Path) -> None:
    one, other = Manifest(tmp_path / 'manifest.jsonl'), Manifest(tmp_path / 'manifest.jsonl')
    assert one['a.mp4'] == {}
    one.append(source='a.mp4', state='failed', **NOTHING)
    assert other['a.mp4'] == dict(source='a.mp4', state='failed', **NOTHING)
    other.append(source='a.mp4', state='done', **NOTHING)
    other.append(source='b\n.mp4', state='done', **NOTHING)
    assert one['a.mp4']['state'] == one['b\n.mp4']['state'] == 'done'
    assert len((tmp_path / 'manifest.jsonl').read_text().splitlines()) == 3


def test_a_line_that_was_not_finished(tmp_path: Path) -> None:
    path = tmp_path / 'manifest.jsonl'
    manifest = Manifest(path)
    manifest.append(source='a', state='done', **NOTHING)
    with path.open('a') as file:
        file.write('{"source": "b", "sta')
    assert manifest['b'] == {}
    manifest.append(source='c', state='done', **NOTHING)
    for reader in (manifest, Manifest(path)):
        assert reader['a']['state'] == reader['c']['state'] == 'done' and reader['b'] == {}


@pytest.mark.parametrize(
    'line',
    ['3', '"x"', '[' * 10_000, '{"source": ["a"]}', '{"source": "a", "state": "done", "frames": "7", "people": 1}'],
)
def test_lines_that_are_no_records(line: str, tmp_path: Path) -> None:
    path = tmp_path / 'manifest.jsonl'
    path.write_text(f'{line}\n')
    manifest = Manifest(path)
    manifest.append(source='b', state='done', **NOTHING)
    assert manifest.sources() == ['b'] and manifest['a'] == {}
