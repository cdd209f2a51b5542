from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.datasets.transforms import LoadFrame, PackFrameInputs
from mmgnntrack.images import read_frame


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    path = tmp_path / 'frame.jpg'
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    return path


def test_a_frame(jpeg: Path) -> None:
    for path in (jpeg, str(jpeg)):
        image = read_frame(path)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, cv2.imread(str(jpeg)))


def test_a_png_is_bgr(tmp_path: Path) -> None:
    path = tmp_path / 'frame.png'
    blue = np.full((4, 5, 3), (255, 0, 0), np.uint8)
    cv2.imwrite(str(path), blue)
    np.testing.assert_array_equal(read_frame(path), blue)


def test_a_jpeg_with_something_after_its_end(jpeg: Path) -> None:
    image = read_frame(jpeg)
    jpeg.write_bytes(jpeg.read_bytes() + b'\0camera')
    np.testing.assert_array_equal(read_frame(jpeg), image)


def test_no_such_file(tmp_path: Path) -> None:
    for path in (tmp_path / 'none.jpg', tmp_path):
        with pytest.raises(FileNotFoundError, match=f'frame not found: {path}'):
            read_frame(path)


@pytest.mark.parametrize('share', [0.02, 0.5, 0.9, 0.999])
def test_a_jpeg_that_breaks_off(jpeg: Path, share: float) -> None:
    data = jpeg.read_bytes()
    jpeg.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=f'frame cannot be decoded: {jpeg} '):
        read_frame(jpeg)


@pytest.mark.parametrize('data', [b'', b'\xff', b'\xff\xd8', b'hello', b'{"images": []}', bytes(1000)])
def test_not_an_image(jpeg: Path, data: bytes) -> None:
    jpeg.write_bytes(data)
    with pytest.raises(ValueError, match=f'frame cannot be decoded: {jpeg}'):
        read_frame(jpeg)


def test_load_and_pack(jpeg: Path) -> None:
    frame = dict(img_path=str(jpeg), video_name='v', frame_id=3, video_length=9)
    packed = PackFrameInputs()(LoadFrame()(frame))
    np.testing.assert_array_equal(packed['inputs'], cv2.imread(str(jpeg)))
    assert packed['data_samples'].metainfo == dict(
        video_name='v', frame_id=3, video_length=9, img_path=str(jpeg), ori_shape=(48, 64)
    )
