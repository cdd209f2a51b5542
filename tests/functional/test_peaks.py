"""The batched decoding against MMPose's, person by person."""

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec

from mmgnntrack.functional import gaussian_heatmaps, peaks
from mmgnntrack.models.decoding import decode_heatmaps

PEOPLE, JOINTS, SIZE = 5, 15, (36, 48)
CODECS = {
    'msra': MSRAHeatmap(input_size=(144, 192), heatmap_size=SIZE, sigma=2),
    'dark': MSRAHeatmap(input_size=(144, 192), heatmap_size=SIZE, sigma=2, unbiased=True),
    'dark, small kernel': MSRAHeatmap((144, 192), SIZE, sigma=1, unbiased=True, blur_kernel_size=5),
    'udp': UDPHeatmap(input_size=(144, 192), heatmap_size=SIZE, sigma=2),
}
UNIT = np.array([[0.0, 0, 1, 1]])


def noisy_heatmaps(seed: int, spread: float) -> torch.Tensor:
    """Two peaks a joint over noise, some of them at or beyond the border."""
    rng = np.random.default_rng(seed)
    shape = (PEOPLE, JOINTS)
    cells = rng.uniform(-spread, 1 + spread, (2, *shape, 2)) * np.subtract(SIZE, 1)
    first, second = (gaussian_heatmaps(at, rng.uniform(0.3, 1, shape), SIZE, 2.0) for at in cells)
    noise = rng.normal(0, 0.01, first.shape).astype(np.float32)
    return first + 0.7 * second + torch.from_numpy(noise)


def decoded_one_by_one(codec: BaseKeypointCodec, heatmaps: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """In cells, from the codec's pixels of the network input."""
    poses = [codec.decode(person.numpy()) for person in heatmaps]
    udp = isinstance(codec, UDPHeatmap)
    cell = np.divide(codec.input_size, np.subtract(SIZE, 1)) if udp else codec.scale_factor
    return np.concatenate([pose for pose, _ in poses]) / cell, np.concatenate([scores for _, scores in poses])


@pytest.mark.parametrize('spread', [-0.1, 0.05])
@pytest.mark.parametrize('name', CODECS)
def test_as_mmpose_decodes(name: str, spread: float) -> None:
    codec = CODECS[name]
    heatmaps = noisy_heatmaps(0, spread)
    expected, expected_scores = decoded_one_by_one(codec, heatmaps)
    cells, scores = decode_heatmaps(codec, heatmaps, UNIT.repeat(PEOPLE, 0))
    np.testing.assert_allclose(cells, expected, atol=2e-3)
    np.testing.assert_array_equal(scores, expected_scores)


@pytest.mark.parametrize('name', CODECS)
def test_under_autocast(name: str) -> None:
    heatmaps = noisy_heatmaps(0, 2.0)
    regions = UNIT.repeat(PEOPLE, 0)
    expected, _ = decode_heatmaps(CODECS[name], heatmaps, regions)
    with torch.autocast('cpu', torch.bfloat16):
        found, _ = decode_heatmaps(CODECS[name], heatmaps, regions)
    np.testing.assert_array_equal(found, expected)


def test_other_sizes_than_the_codecs() -> None:
    """A search region's heatmaps are larger than the estimator's, of the same cells."""
    at = np.array([[[40.25, 60.5]]])
    heatmaps = gaussian_heatmaps(at, np.ones((1, 1)), (60, 90), 2.0)
    for name in ('dark', 'udp'):
        cells, _ = decode_heatmaps(CODECS[name], heatmaps, UNIT)
        np.testing.assert_allclose(cells, at, atol=2e-2)


@pytest.mark.parametrize('name', CODECS)
def test_no_positive_cell(name: str) -> None:
    cells, scores = decode_heatmaps(CODECS[name], torch.zeros(1, 2, *SIZE[::-1]), UNIT)
    np.testing.assert_array_equal(cells, np.full((1, 2, 2), -1))
    assert not scores.any()


@pytest.mark.parametrize('name', CODECS)
def test_nobody(name: str) -> None:
    keypoints, scores = decode_heatmaps(CODECS[name], torch.zeros(0, JOINTS, *SIZE[::-1]), np.zeros((0, 4)))
    assert keypoints.shape == (0, JOINTS, 2) and scores.shape == (0, JOINTS)


def test_other_codecs() -> None:
    codec = UDPHeatmap(input_size=(144, 192), heatmap_size=SIZE, heatmap_type='combined')
    with pytest.raises(TypeError, match='expected an MSRAHeatmap or UDPHeatmap'):
        decode_heatmaps(codec, torch.zeros(1, JOINTS, *SIZE[::-1]), UNIT)


@pytest.mark.parametrize('name', CODECS)
def test_many_people_are_decoded_some_at_a_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heatmaps, regions = noisy_heatmaps(0, 0.05), UNIT.repeat(PEOPLE, 0)
    expected, _ = decode_heatmaps(CODECS[name], heatmaps, regions)
    monkeypatch.setattr(peaks, '_AT_ONCE', 2)
    found, _ = decode_heatmaps(CODECS[name], heatmaps, regions)
    np.testing.assert_allclose(found, expected, atol=1e-4)
