import cv2
import numpy as np
import pytest
import torch

from mmgnntrack.functional import cut_crops, grid_regions, region_warp

SIZE = (48, 64)


@pytest.fixture(scope='module')
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(0, 255, (15, 20, 3), np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)


def cut(image: np.ndarray, crops: np.ndarray) -> np.ndarray:
    """(n, h, w, 3)"""
    found = cut_crops(torch.from_numpy(image).permute(2, 0, 1), grid_regions(crops, SIZE, (1, 1)), SIZE)
    return found.permute(0, 2, 3, 1).numpy()


def test_as_opencv(image: np.ndarray) -> None:
    """Inside, over an edge, outside; enlarged and made smaller. Older OpenCVs round places to 1/32 px."""
    crops = np.array([[80, 60, 48, 64], [5, 100, 96, 128], [80.3, 60.7, 12, 16], [300, 300, 48, 64]])
    for crop, found in zip(crops, cut(image, crops)):
        expected = cv2.warpAffine(image, region_warp(crop, SIZE), SIZE, flags=cv2.INTER_LINEAR)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2)


def test_pixels_are_exact(image: np.ndarray) -> None:
    np.testing.assert_array_equal(cut(image, np.array([[74.0, 62, 48, 64]]))[0], image[30:94, 50:98])


def test_nobody(image: np.ndarray) -> None:
    assert cut(image, np.zeros((0, 4))).shape == (0, 64, 48, 3)
