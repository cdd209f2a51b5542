from pathlib import Path

from mmgnntrack.apis.manifest import Manifest


def test_what_others_write_is_seen(tmp_path: Path) -> None:
    one, other = Manifest(tmp_path / 'manifest.jsonl'), Manifest(tmp_path / 'manifest.jsonl')
    assert one['a.mp4'] == {}
    one.append(source='a.mp4', state='failed')
    assert other['a.mp4'] == dict(source='a.mp4', state='failed')
    other.append(source='a.mp4', state='done')
    other.append(source='b\n.mp4', state='done')
    assert one['a.mp4']['state'] == one['b\n.mp4']['state'] == 'done'
    assert len((tmp_path / 'manifest.jsonl').read_text().splitlines()) == 3


def test_a_line_that_was_not_finished(tmp_path: Path) -> None:
    path = tmp_path / 'manifest.jsonl'
    manifest = Manifest(path)
    manifest.append(source='a', state='done')
    with path.open('a') as file:
        file.write('{"source": "b", "sta')
    assert manifest['b'] == {}
    manifest.append(source='c', state='done')
    for reader in (manifest, Manifest(path)):
        assert reader['a']['state'] == reader['c']['state'] == 'done' and reader['b'] == {}
