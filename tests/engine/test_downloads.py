import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch

from mmgnntrack.engine.downloads import fetched

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT, ranges too; `cut` is how many bytes of an answer arrive, None for all."""

    cut: int | None = None
    ranges = True
    asked: list[str | None] = []

    def do_GET(self) -> None:
        wanted = self.headers.get('Range') if type(self).ranges else None
        type(self).asked.append(self.headers.get('Range'))
        start = int(wanted.removeprefix('bytes=').removesuffix('-')) if wanted else 0
        if wanted and start >= len(CONTENT):
            self.send_response(416)
            self.send_header('Content-Range', f'bytes */{len(CONTENT)}')
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        if 'missing' in self.path:
            self.send_error(404)
            return
        self.send_response(206 if wanted else 200)
        self.send_header('Content-Length', str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:][: type(self).cut])

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, '_hub_dir', None)
    monkeypatch.setenv('no_proxy', '*')
    Server.cut, Server.ranges, Server.asked = None, True, []
    http = ThreadingHTTPServer(('127.0.0.1', 0), Server)
    Thread(target=http.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{http.server_port}'
    http.shutdown()


def test_is_downloaded_once(server: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    url = f'{server}/net-{DIGEST[:8]}_20220909.pth'
    file = fetched(url)
    assert file == tmp_path / 'hub/checkpoints' / Path(url).name
    assert file.read_bytes() == CONTENT
    said = capsys.readouterr().err
    assert url in said and '(0 MB)' in said and str(file) in said
    assert fetched(url) == file
    assert Server.asked == [None]


@pytest.mark.parametrize(('ranges', 'start'), [(True, 'bytes=3000-'), (False, 'bytes=3000-')])
def test_a_broken_download_goes_on(server: str, ranges: bool, start: str) -> None:
    """Where the server cannot send the rest alone, all of it."""
    url = f'{server}/net-{DIGEST[:8]}.pth'
    Server.cut = 3000
    with pytest.raises(OSError, match='proxy.*--weights-dir.*the next try goes on'):
        fetched(url)
    Server.cut, Server.ranges = None, ranges
    assert fetched(url).read_bytes() == CONTENT
    assert Server.asked == [None, start]


def test_all_had_arrived_but_the_end(server: str, tmp_path: Path) -> None:
    part = tmp_path / 'hub/checkpoints/net.pth.part'
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    assert fetched(f'{server}/net.pth').read_bytes() == CONTENT
    assert not part.exists()


def test_another_file_than_its_name_says(server: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f'net-00000000.pth: expected a SHA-256 of 00000000..., got {DIGEST[:8]}'):
        fetched(f'{server}/net-00000000.pth')
    assert not [path for path in (tmp_path / 'hub/checkpoints').iterdir() if path.suffix != '.lock']


def test_no_such_file_there(server: str) -> None:
    with pytest.raises(OSError, match='missing.pth cannot be downloaded: 404'):
        fetched(f'{server}/missing.pth')


def test_no_such_server(server: str) -> None:
    with pytest.raises(OSError, match='cannot be downloaded.*refused.*https_proxy'):
        fetched('http://127.0.0.1:9/net.pth')


@pytest.mark.parametrize('name', ['rtmw-x_270e-256x192-20231122.pth', 'net_20220909.pth', 'net.pth'])
def test_dates_are_no_digests(server: str, name: str) -> None:
    assert fetched(f'{server}/{name}').read_bytes() == CONTENT


@pytest.mark.parametrize('ending', [f'_{DIGEST[:8]}-20230207', f'-{DIGEST[:8]}_20230207', f'-{DIGEST}'])
def test_where_digests_are(server: str, ending: str) -> None:
    assert fetched(f'{server}/net{ending}.pth').read_bytes() == CONTENT
    wrong = ending.replace(DIGEST[:8], '0123abcd')
    with pytest.raises(ValueError, match='SHA-256 of 0123abcd'):
        fetched(f'{server}/net{wrong}.pth')


def test_several_at_once(server: str) -> None:
    url = f'{server}/net.pth'
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(fetched, [url] * 4))
    assert {file.read_bytes() for file in files} == {CONTENT}
    assert Server.asked == [None]


def test_a_part_of_another_file(server: str, tmp_path: Path) -> None:
    part = tmp_path / 'hub/checkpoints/net.pth.part'
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b'more')
    assert fetched(f'{server}/net.pth').read_bytes() == CONTENT


def test_fetched_by_hand(tmp_path: Path) -> None:
    url = f'https://example.org/a/net-{DIGEST[:8]}.pth'
    with pytest.raises(FileNotFoundError, match=f'no such file; fetch it from {url}'):
        fetched(url, tmp_path)
    file = tmp_path / f'net-{DIGEST[:8]}.pth'
    file.write_bytes(CONTENT)
    assert fetched(url, tmp_path) == file
    file.write_bytes(CONTENT[1:])
    with pytest.raises(ValueError, match='SHA-256'):
        fetched(url, tmp_path)
