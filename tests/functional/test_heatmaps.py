import numpy as np
import pytest
import torch
from torch import Tensor

from mmgnntrack.functional import cells_to_image, fuse_heatmaps, gaussian_heatmaps, resample_heatmaps, sample_at


def grid(width: int, height: int) -> np.ndarray:
    """(height, width, 2) x, y of all cells."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(float)


def ramp(region: np.ndarray, size: tuple[int, int]) -> Tensor:
    """(1, 2, H, W) maps whose values are the image's x and y."""
    return torch.from_numpy(cells_to_image(grid(*size)[None], region[None])).permute(0, 3, 1, 2)


def test_samples_at_cell_centres_are_the_values() -> None:
    maps = torch.rand(2, 3, 5, 7, dtype=torch.double)
    cells = torch.from_numpy(grid(7, 5)).flatten(0, 1).expand(2, -1, -1)
    torch.testing.assert_close(sample_at(maps, cells), maps.flatten(2).transpose(1, 2))


@pytest.mark.parametrize(
    ('cell', 'expected'),
    [((0.5, 0), 1.5), ((0, 0.5), 2.0), ((0.5, 0.5), 2.5), ((0.25, 0), 1.25), ((-1, 0), 0.0), ((0, 5), 0.0)],
)
def test_samples_between_and_outside(cell: tuple[float, float], expected: float) -> None:
    maps = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert sample_at(maps, torch.tensor([[cell]])).item() == pytest.approx(expected)


@pytest.mark.parametrize(('n', 'points', 'channels'), [(0, 4, 3), (2, 4, 0), (2, 0, 3)])
def test_samples_of_nothing(n: int, points: int, channels: int) -> None:
    samples = sample_at(torch.zeros(n, channels, 6, 8), torch.zeros(n, points, 2))
    assert samples.shape == (n, points, channels)


SOURCE = np.array([10.0, 20, 2, 3])  # 9 x 7 cells: x from 10 to 26, y from 20 to 38


@pytest.mark.parametrize(
    ('target', 'size'),
    [
        (SOURCE, (9, 7)),
        (np.array([12.0, 23, 2, 3]), (5, 4)),
        (np.array([11.3, 20.9, 0.7, 1.1]), (12, 10)),
        (np.array([10.0, 20, 4, 9]), (5, 3)),
    ],
)
def test_a_ramp_is_resampled_exactly(target: np.ndarray, size: tuple[int, int]) -> None:
    found, covered = resample_heatmaps(ramp(SOURCE, (9, 7)), SOURCE[None], target[None], size)
    assert covered.shape == (1, 1, *size[::-1]) and covered.all()
    torch.testing.assert_close(found, ramp(target, size), rtol=0, atol=1e-4)


def test_what_the_heatmaps_do_not_cover_is_masked() -> None:
    target, size = np.array([7.0, 17, 1, 1]), (25, 28)
    found, covered = resample_heatmaps(ramp(SOURCE, (9, 7)), SOURCE[None], target[None], size)
    expected = ramp(target, size)
    x, y = expected[0]
    inside = (x >= 10) & (x <= 26) & (y >= 20) & (y <= 38)
    assert inside.any() and not inside.all()
    assert torch.equal(covered[0, 0].bool(), inside)
    torch.testing.assert_close(found, expected * inside, rtol=0, atol=1e-4)


def test_each_person_has_regions_of_its_own() -> None:
    regions = np.array([SOURCE, [0.0, 0, 1, 1]])
    targets = np.array([[12.0, 23, 1, 1], [2.0, 3, 0.5, 0.5]])
    maps = torch.cat([ramp(region, (9, 7)) for region in regions])
    found, _ = resample_heatmaps(maps, regions, targets, (4, 3))
    torch.testing.assert_close(found, torch.cat([ramp(target, (4, 3)) for target in targets]), rtol=0, atol=1e-4)


def test_nobody_to_resample() -> None:
    found, covered = resample_heatmaps(torch.zeros(0, 15, 6, 8), np.zeros((0, 4)), np.zeros((0, 4)), (5, 4))
    assert found.shape == (0, 15, 4, 5) and covered.shape == (0, 1, 4, 5)


@pytest.mark.parametrize(('weight', 'expected'), [(0.5, 0.6), (0.0, 0.2), (1.0, 1.0), (0.25, 0.4)])
def test_fusion(weight: float, expected: float) -> None:
    estimated, predicted = torch.full((2, 3, 4, 5), 0.2), torch.full((2, 3, 4, 5), 1.0)
    covered = torch.zeros(2, 1, 4, 5)
    covered[0, :, :2] = 1
    fused = fuse_heatmaps(estimated, predicted, covered, weight)
    torch.testing.assert_close(fused[0, :, :2], torch.full((3, 2, 5), expected))
    assert torch.equal(fused[0, :, 2:], estimated[0, :, 2:]) and torch.equal(fused[1], estimated[1])


def test_fusion_with_a_weight_of_each_person() -> None:
    maps = torch.zeros(2, 1, 1, 1), torch.ones(2, 1, 1, 1)
    weights = torch.tensor([0.25, 0.75])[:, None, None, None]
    assert fuse_heatmaps(*maps, torch.ones(2, 1, 1, 1), weights).flatten().tolist() == [0.25, 0.75]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_places_in_half_precision_maps_are_exact(dtype: torch.dtype) -> None:
    """The ramp's values say where it was sampled; half precision has them exactly, and many places not."""
    maps = torch.arange(128.0).expand(1, 1, 2, 128)
    cells = torch.tensor([[[100.3, 0.0], [57.77, 1.0]]])
    found = sample_at(maps.to(dtype), cells)
    np.testing.assert_allclose(found[0, :, 0], cells[0, :, 0], atol=1e-4)
    source, target = np.array([[0.0, 0, 1, 1]]), np.array([[0.3, 0, 1, 1]])
    shifted, covered = resample_heatmaps(maps.to(dtype), source, target, (100, 2))
    assert shifted.dtype == covered.dtype == torch.float32
    np.testing.assert_allclose(shifted[0, 0, 0], np.arange(100) + 0.3, atol=1e-4)


def test_the_surer_heatmap_outweighs_the_other() -> None:
    estimated, predicted = torch.zeros(1, 3, 4, 5), torch.zeros(1, 3, 4, 5)
    estimated[0, 0, 1, 1], predicted[0, 0, 2, 2] = 0.3, 0.6
    estimated[0, 1, 1, 1], predicted[0, 1, 2, 2] = 0.8, 0.8
    estimated[0, 2] = -1.0  # nowhere sure
    predicted[0, 2, 3, 3] = 0.5
    fused = fuse_heatmaps(estimated, predicted, torch.ones(1, 1, 4, 5), 0.25, confidence_power=2)[0]
    share = 0.25 * 0.6**2 / (0.25 * 0.6**2 + 0.75 * 0.3**2)
    torch.testing.assert_close(fused[0, [1, 2], [1, 2]], torch.tensor([(1 - share) * 0.3, share * 0.6]))
    torch.testing.assert_close(fused[1, [1, 2], [1, 2]], torch.tensor([0.75 * 0.8, 0.25 * 0.8]))
    torch.testing.assert_close(fused[2, 3, 3], torch.tensor(0.5))


def test_gaussian_heatmaps() -> None:
    cells = np.array([[[3.0, 2.0], [0.5, 0.0]], [[-9.0, 1.0], [5.0, 4.0]]])
    heights = np.array([[1.0, 0.5], [1.0, 0.0]])
    drawn = gaussian_heatmaps(cells, heights, (6, 5), 2.0)
    assert drawn.shape == (2, 2, 5, 6) and drawn.dtype == torch.float32
    assert drawn[0, 0, 2, 3] == 1 and drawn[0, 0, 4, 2].item() == pytest.approx(np.exp(-(2**2 + 1) / 8))
    assert drawn[0, 1, 0, 0] == drawn[0, 1, 0, 1] == drawn[0, 1].max()
    assert drawn[1, 0].max() < 1e-4 and (drawn[1, 1] == 0).all()
    assert gaussian_heatmaps(cells[:0], heights[:0], (6, 5), 2.0).shape == (0, 2, 5, 6)
