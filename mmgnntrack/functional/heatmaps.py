"""Sampling, aligning and fusing heatmaps, batched over people."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from .device import upload
from .regions import image_to_cells


def sample_at(maps: Tensor, cells: Tensor) -> Tensor:
    """Bilinear samples of maps at points; zero outside the map.

    Args:
        maps: (n, C, H, W).
        cells: (n, P, 2) x, y in cells of the maps.

    Returns:
        (n, P, C), at least float32: half precision knows places in a map to some tenths of a cell only.
    """
    maps = _in_single(maps)
    size = maps.shape[:-3:-1]
    axes = (2 * axis / max(count - 1, 1) - 1 for axis, count in zip(cells.to(maps.dtype).unbind(-1), size))
    grid = torch.stack(tuple(axes), dim=-1)
    return grid_sample(maps, grid[:, None], align_corners=True)[:, :, 0].transpose(1, 2)


def _in_single(maps: Tensor) -> Tensor:
    """Maps in single precision, if theirs is lower."""
    return maps.to(torch.promote_types(maps.dtype, torch.float32))


def resample_heatmaps(
    heatmaps: Tensor, regions: np.ndarray, target_regions: np.ndarray, target_size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Heatmaps of some regions as seen on the grids of others. Exact, since both grids lie along the image axes.

    Args:
        heatmaps: (n, K, H, W).
        regions: (n, 4) where they lie in the image.
        target_regions: (n, 4) where the result lies.
        target_size: (W', H') of the result.

    Returns:
        (n, K, H', W') and a (n, 1, H', W') mask, 1 in cells that the heatmaps cover; both at least float32.
    """
    heatmaps = _in_single(heatmaps)
    height, width = heatmaps.shape[-2:]
    corners = np.array([[0.0, 0.0], np.subtract(target_size, 1.0)])
    image = target_regions[:, None, :2] + corners * target_regions[:, None, 2:]
    cells = image_to_cells(image, regions) * 2 / np.maximum([width - 1, height - 1], 1) - 1
    first, last = upload(cells, heatmaps, heatmaps.dtype).unbind(1)
    steps = (torch.linspace(0, 1, size, dtype=heatmaps.dtype, device=heatmaps.device) for size in target_size)
    axes = [first[:, i, None] + (last - first)[:, i, None] * step for i, step in enumerate(steps)]
    x, y = axes[0][:, None, :], axes[1][:, :, None]
    grid = torch.stack(torch.broadcast_tensors(x, y), dim=-1)
    covered = (grid.abs() <= 1 + 1e-4).all(-1)[:, None]
    return grid_sample(heatmaps, grid, align_corners=True, padding_mode='border') * covered, covered.to(heatmaps)


def gaussian_heatmaps(
    cells: np.ndarray, heights: np.ndarray, size: tuple[int, int], sigma: float | np.ndarray
) -> Tensor:
    """What an ideal estimator would say of known poses: height x exp(-d^2 / (2 sigma^2)) around each joint, as MMPose's
    codecs draw it.

    Args:
        cells: (n, K, 2) x, y of the joints in cells of the heatmaps.
        heights: (n, K) of the peaks: the joints' scores.
        size: (W, H) of the heatmaps.
        sigma: in cells, of all or (n, K) of each.

    Returns:
        (n, K, H, W) float32.

    >>> gaussian_heatmaps(np.array([[[1.0, 0.0]]]), np.array([[0.5]]), (3, 1), 1.0).numpy().round(2).tolist()
    [[[[0.30000001192092896, 0.5, 0.30000001192092896]]]]
    """
    sigma = np.asarray(sigma)[..., None]
    x, y = (
        np.exp(-0.5 * ((np.arange(length) - cells[..., axis, None]) / sigma) ** 2) for axis, length in enumerate(size)
    )
    y = (heights[..., None] * y).astype(np.float32)
    return torch.from_numpy(y[..., :, None] * x[..., None, :].astype(np.float32))


def fuse_heatmaps(
    estimated: Tensor,
    predicted: Tensor,
    covered: Tensor,
    predicted_weight: float | Tensor = 0.5,
    confidence_power: float = 0.0,
) -> Tensor:
    """The weighted mean of two aligned heatmaps, the estimated one alone where the predicted one does not reach. The
    weights are fixed, as in the paper (section 3.3: a half each), times a power of how high each joint's peak is.

    Args:
        estimated: (n, K, H, W).
        predicted: (n, K, H, W) on the same grid.
        covered: (n, 1, H, W), 1 in cells that the prediction covers.
        predicted_weight: share of the prediction, in [0, 1], where the peaks are alike; or shares (n, 1, 1, 1).
        confidence_power: of the peaks; 0 for fixed weights, more to trust whichever is surer.
    """
    own, other = (
        maps.amax((-2, -1), keepdim=True).clamp(min=1e-6) ** confidence_power for maps in (estimated, predicted)
    )
    own, other = (1 - predicted_weight) * own, predicted_weight * other
    return torch.lerp(estimated, predicted, other / (own + other) * covered)
