"""Images from disk."""

import io
from pathlib import Path

import mmcv
import numpy as np
from PIL import Image

_JPEG_END = b'\xff\xd9'


def read_frame(path: str | Path) -> np.ndarray:
    """A frame as (H, W, 3) BGR uint8.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not an image, or a JPEG that breaks off, which OpenCV would read with a grey rest.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'frame not found: {path}')
    data = path.read_bytes()
    if data[:2] == b'\xff\xd8' and not data.endswith(_JPEG_END):
        try:
            Image.open(io.BytesIO(data)).load()
        except OSError as error:
            raise ValueError(f'frame cannot be decoded: {path} ({error})') from error
    image = mmcv.imfrombytes(data) if data else None
    if image is None:
        raise ValueError(f'frame cannot be decoded: {path} ({len(data)} bytes, not an image that OpenCV knows)')
    return image
