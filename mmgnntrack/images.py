"""Images from disk."""

import io
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import mmcv
import numpy as np
from PIL import Image

#: What the decoders say of damaged data. Extraneous bytes before a marker stand in many a sound photograph.
_DAMAGE = re.compile(
    rb'Corrupt JPEG data(?!: \d+ extraneous)|Premature end of JPEG|Invalid JPEG|libpng error|^\[\w+ @ 0x|^\[ERROR:'
)
_NOISE = re.compile(rb'Corrupt JPEG data|^\s*$')
#: Zeros in a JPEG decode into something without a message. In its usual tables (this is the lengths of that for AC
#: coefficients of luminance) so many never mean a picture, in tables of its own they may be an even area.
_HOLE = bytes(64)
_USUAL_TABLES = bytes([0x10, 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D])
#: Whose headers PIL reads without a word.
_CHECKED = ('JPEG', 'PNG', 'BMP', 'WEBP')
_ONE_AT_A_TIME = threading.Lock()


class FrameError(ValueError):
    """An image that cannot be decoded, or is damaged."""


def read_frame(path: str | Path) -> np.ndarray:
    """A frame as (H, W, 3) BGR uint8.

    Raises:
        FileNotFoundError: there is no such file.
        FrameError: it is not an image, one that is damaged, which OpenCV would read with a rest of grey or of colours
            that are not its own, or one of more pixels than PIL takes for honest.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'frame not found: {path}')
    data = path.read_bytes()
    try:
        _check_size(data)
        with decoder_messages() as damage:
            image = mmcv.imfrombytes(data) if data else None
    except (cv2.error, Image.DecompressionBombError, MemoryError) as error:
        raise FrameError(f'frame cannot be decoded: {path} ({error})'.replace('\n', ' ')) from error
    if _has_hole(data):
        damage.append(f'{len(_HOLE)} bytes or more of its JPEG data are zero')
    if damage:
        raise FrameError(f'frame cannot be decoded: {path} ({damage[0]})')
    if image is None:
        raise FrameError(f'frame cannot be decoded: {path} ({len(data)} bytes, not an image that OpenCV knows)')
    return image


@contextmanager
def decoder_messages() -> Iterator[list[str]]:
    """Catches what decoders write of damaged data to the standard error output, which is all that they let know of it.
    Filled at the end; what others write meanwhile comes through then."""
    damage: list[str] = []
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as caught:
        try:
            kept = os.dup(2)
        except OSError:  # there is no such output
            yield damage
            return
        os.dup2(caught.fileno(), 2)
        try:
            yield damage
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if _DAMAGE.search(line):
                    damage.append(line.decode(errors='replace').strip())
                elif not _NOISE.search(line):
                    os.write(2, line)


def _has_hole(data: bytes) -> bool:
    if not data.startswith(b'\xff\xd8') or _USUAL_TABLES not in data:
        return False
    scan = data.rfind(b'\xff\xda')
    if data[scan + 4 : scan + 5] == b'\x01':  # of one component, which may be even
        return False
    return data.find(_HOLE, scan, data.rfind(b'\xff\xd9')) >= 0


def _check_size(data: bytes) -> None:
    """Raises DecompressionBombError for a header that claims more than any frame has."""
    try:
        Image.open(io.BytesIO(data), formats=_CHECKED).close()
    except Image.DecompressionBombError:
        raise
    except Exception:  # PIL fails on broken ones in many ways, and what it is at all is for OpenCV to say
        return
