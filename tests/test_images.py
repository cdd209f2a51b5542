import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.images import decoder_messages, read_frame


@pytest.fixture
def image() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
    return cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize('harm', ['zeroed', 'lost'])
@pytest.mark.parametrize('ending', ['.jpg', '.png'])
def test_a_middle_that_is_damaged(
    image: np.ndarray, ending: str, harm: str, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    """The decoder itself gives a picture, and tells the standard error output alone."""
    data, path = cv2.imencode(ending, image)[1].tobytes(), tmp_path / f'frame{ending}'
    path.write_bytes(data)
    assert read_frame(path).shape == image.shape
    middle = len(data) // 2
    path.write_bytes(data[:middle] + (bytes(300) if harm == 'zeroed' else b'') + data[middle + 300 :])
    with pytest.raises(ValueError, match=f'^frame cannot be decoded: {path} .*(JPEG|libpng)'):
        read_frame(path)
    assert not capfd.readouterr().err


@pytest.mark.parametrize('options', [[], [cv2.IMWRITE_JPEG_OPTIMIZE, 1], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
def test_even_areas_are_no_damage(options: list[int], tmp_path: Path) -> None:
    """Which some encoders write as zeros."""
    even = np.zeros((480, 640, 3), np.uint8)
    even[:, 600:] = 200
    path = tmp_path / 'frame.jpg'
    cv2.imwrite(str(path), even, options)
    assert abs(read_frame(path).astype(int) - even).max() < 20


def test_a_grey_picture_in_scans_of_its_own(tmp_path: Path) -> None:
    """Whose last scan, of one colour, is all zeros."""
    data = cv2.imencode('.jpg', np.full((480, 640), 90, np.uint8))[1].tobytes()
    (tmp_path / 'frame.jpg').write_bytes(data)
    assert read_frame(tmp_path / 'frame.jpg').shape == (480, 640, 3)


def test_zeros_that_decode_without_a_word(image: np.ndarray, tmp_path: Path) -> None:
    """As they do at most places."""
    data, path = cv2.imencode('.jpg', image)[1].tobytes(), tmp_path / 'frame.jpg'
    for place in range(2000, len(data) - 2000, len(data) // 20):
        path.write_bytes(data[:place] + bytes(200) + data[place + 200 :])
        with pytest.raises(ValueError, match=f'^frame cannot be decoded: {path} '):
            read_frame(path)
    path.write_bytes(data[:2] + b'\xff\xe1\x01\x02' + bytes(256) + data[2:] + bytes(500))  # in a comment, and behind
    read_frame(path)


@pytest.mark.parametrize('side', [20000, 40000, 2**31 - 1])
def test_a_header_that_claims_more_than_there_is(side: int, tmp_path: Path) -> None:
    header = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    chunks = [(b'IHDR', header), (b'IDAT', zlib.compress(bytes(100))), (b'IEND', b'')]
    data = b''.join(
        struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body)) for kind, body in chunks
    )
    path = tmp_path / 'frame.png'
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + data)
    with pytest.raises(ValueError, match=f'^frame cannot be decoded: {path} '):
        read_frame(path)


def test_what_others_say_meanwhile_comes_through(capfd: pytest.CaptureFixture) -> None:
    with decoder_messages() as damage:
        os.write(
            2, b'progress\n[mjpeg @ 0x55e9] overread 8\nCorrupt JPEG data: 2 extraneous bytes before marker 0xd9\n'
        )
    assert damage == ['[mjpeg @ 0x55e9] overread 8']
    assert re.fullmatch('progress\n', capfd.readouterr().err)
