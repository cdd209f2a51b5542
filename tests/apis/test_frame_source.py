import os
import struct
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.apis import FrameSource


def image(value: int) -> np.ndarray:
    return np.full((48, 64, 3), value, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / 'clip'
    folder.mkdir()
    for number in (2, 0, 1, 3):
        cv2.imwrite(str(folder / f'{number:03}.png'), image(60 * number))
    (folder / 'notes.txt').write_text('not a frame')
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 5.0, (64, 48))
    for number in range(4):
        writer.write(image(60 * number))
    writer.release()
    return path


def levels(source: FrameSource, start: int = 0) -> list[tuple[int, int | None]]:
    frames = source.frames(start)
    return [(number, None if picture is None else round(picture.mean() / 60)) for number, _, picture in frames]


@pytest.mark.parametrize('start', [0, 2])
def test_folders_globs_and_videos(folder: Path, video: Path, start: int) -> None:
    for source in (folder, folder / '*.png', video):
        source = FrameSource(source)
        assert levels(source, start) == [(number, number) for number in range(start, 4)]
        assert (source.name, source.length, source.live) == ('clip', 4, False)
    assert source.fps == 5.0
    assert FrameSource(folder).fps is None


def test_numbers_without_zeros(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        cv2.imwrite(str(tmp_path / f'frame{number}.png'), image(0))
    assert [frame.name for frame in FrameSource(tmp_path).frames()] == ['frame9.png', 'frame10.png', 'frame100.png']


def test_where_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert FrameSource('.').name == FrameSource('*.png').name == 'clip'


def test_what_is_no_source() -> None:
    with pytest.raises(ValueError, match='expected a video, .*, got a ndarray'):
        FrameSource(image(0))


def test_a_stream(video: Path) -> None:
    """Comes without a length, and not twice."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(SimpleHTTPRequestHandler, directory=video.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        source = FrameSource(f'http://127.0.0.1:{server.server_port}/{video.name}')
        assert (source.name, source.length, source.live) == ('clip', None, True)
        assert levels(source) == [(number, number) for number in range(4)]
    finally:
        server.shutdown()
        server.server_close()


def test_broken_frames_are_skipped_with_one_warning(folder: Path) -> None:
    for number in (1, 2):
        (folder / f'{number:03}.png').write_bytes(b'no image')
    with pytest.warns(UserWarning, match=r'frame 1 is skipped.*001\.png') as caught:
        assert levels(FrameSource(folder)) == [(0, 0), (1, None), (2, None), (3, 3)]
    assert len(caught) == 1


def test_a_video_that_breaks_off(tmp_path: Path) -> None:
    """Ends where it breaks off, whatever length its header promises."""
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5.0, (64, 48))
    for number in range(20):
        writer.write(np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = FrameSource(path)
    frames = list(source.frames())
    assert 5 < len(frames) < 15
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert all(frame.image is not None for frame in frames)


def test_a_header_that_promises_billions(tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5.0, (64, 48))
    for number in range(6):
        writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    for chunk, place in ((b'avih', 24), (b'strh', 40)):
        struct.pack_into('<I', data, data.find(chunk) + place, 2**31 - 1)
    path.write_bytes(data)
    source = FrameSource(path)
    assert source.length == 2**31 - 1
    with pytest.warns(UserWarning, match='frame 6 is skipped'):
        assert [frame.number for frame in source.frames()] == list(range(6))
    assert source.broken == 0


def noise_video(path: Path, codec: str) -> bytearray:
    """Writes ten frames that look alike, and returns the file."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 5.0, (320, 240))
    noise = cv2.resize(np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8), (320, 240))
    for number in range(10):
        writer.write(np.roll(noise, 9 * number, 1))
    writer.release()
    return bytearray(path.read_bytes())


def test_damage_in_the_middle(tmp_path: Path) -> None:
    """Where each frame stands for itself, the damaged one is broken; else a warning says where it begins."""
    path = tmp_path / 'clip.avi'
    data = noise_video(path, 'MJPG')
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)
    with pytest.warns(UserWarning, match='frame [4-6] is skipped'):
        frames = list(FrameSource(path).frames())
    assert len(frames) == 10 and [frame.image is None for frame in frames].count(True) == 1

    data = noise_video(path, 'XVID')
    data[len(data) // 3 : len(data) // 3 + 400] = bytes(400)
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=r'clip\.avi: damaged from about frame \d on') as caught:
        source = FrameSource(path)
        assert len(list(source.frames())) == 10
    assert len(caught) == 1 and source.broken == 0


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems have no such names')
def test_names_that_are_no_utf8(video: Path, folder: Path) -> None:
    for path in (video, folder):
        odd = os.fsencode(path.parent) + b'/\xe9t\xe9' + os.fsencode(path.suffix)
        os.rename(path, odd)
        source = FrameSource(os.fsdecode(odd))
        assert levels(source) == [(number, number) for number in range(4)] and source.name == '\udce9t\udce9'


@pytest.mark.parametrize('broken', ['nothing.mp4', 'empty', '*.jpg'])
def test_no_such_source(tmp_path: Path, broken: str) -> None:
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match=broken.replace('*', r'\*')):
        FrameSource(tmp_path / broken)


def test_no_video(tmp_path: Path) -> None:
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r'text\.mp4: expected a video'):
        FrameSource(tmp_path / 'text.mp4')
