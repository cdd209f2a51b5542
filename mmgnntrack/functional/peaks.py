"""Where the peaks of heatmaps lie, to a fraction of a cell: MMPose's decoding, batched over people and joints."""

from functools import lru_cache

import cv2
import numpy as np
import torch
from scipy.linalg import toeplitz
from torch import Tensor

#: Cells that an estimate looks at around the highest one, to each side.
_RADIUS = 2
#: People whose heatmaps are blurred at once: what they take stays near the processor.
_AT_ONCE = 64


def quarter_peaks(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Highest cells, moved by a quarter towards the higher neighbour (as `MSRAHeatmap` decodes).

    Args:
        heatmaps: (n, K, H, W).

    Returns:
        cells (n, K, 2) x, y, (-1, -1) where no cell is positive, and scores (n, K), the values of the highest cells.

    >>> cells, scores = quarter_peaks(torch.tensor([[[[0.0] * 6, [0, 0, 0.2, 0.8, 0.4, 0], [0.0] * 6]]]))
    >>> cells.tolist(), scores.round(decimals=1).tolist()
    ([[[3.25, 1.0]]], [[0.800000011920929]])
    """
    cells, scores = _highest(heatmaps)
    around = _around(heatmaps, cells)
    height, width = heatmaps.shape[-2:]
    x, y = cells.unbind(-1)
    slopes = torch.stack(
        [
            _at(around, 1, 0).sub(_at(around, -1, 0)) * ((x > 1) & (x < width - 1) & (y > 0)),
            _at(around, 0, 1).sub(_at(around, 0, -1)) * ((y > 1) & (y < height - 1) & (x > 0)),
        ],
        dim=-1,
    )
    return cells + slopes.sign() * 0.25, scores


def dark_peaks(heatmaps: Tensor, blur_kernel_size: int) -> tuple[Tensor, Tensor]:
    """Peaks of the Gaussians that the blurred heatmaps show at their highest cells (Zhang et al., CVPR 2020, DARK; as
    `MSRAHeatmap(unbiased=True)` decodes).

    Args:
        heatmaps: (n, K, H, W).
        blur_kernel_size: odd, in cells.

    Returns:
        See `quarter_peaks`.
    """
    cells, scores = _highest(heatmaps)
    around = _around_blurred(heatmaps, cells, blur_kernel_size).clamp(min=1e-10).double().log()
    height, width = heatmaps.shape[-2:]
    x, y = cells.unbind(-1)
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    centre = _at(around, 0, 0)
    dx, dy = (0.5 * (_at(around, *step) - _at(around, *back)) for step, back in (((1, 0), (-1, 0)), ((0, 1), (0, -1))))
    dxx, dyy = (
        0.25 * (_at(around, *step) - 2 * centre + _at(around, *back))
        for step, back in (((2, 0), (-2, 0)), ((0, 2), (0, -2)))
    )
    dxy = 0.25 * (_at(around, 1, 1) - _at(around, 1, -1) - _at(around, -1, 1) + _at(around, -1, -1))
    return _moved(cells, _newton_step(dx, dy, dxx, dxy, dyy), inside), scores


def udp_peaks(heatmaps: Tensor, blur_kernel_size: int) -> tuple[Tensor, Tensor]:
    """Peaks of the blurred heatmaps' logarithm by differences of direct neighbours (Huang et al., CVPR 2020, UDP; as
    `UDPHeatmap` decodes).

    Args and returns: see `dark_peaks`.
    """
    cells, scores = _highest(heatmaps)
    around = _around_blurred(heatmaps, cells, blur_kernel_size).clamp(1e-3, 50).double().log()
    centre, right, left, below, above = (_at(around, x, y) for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)))
    tiny = torch.finfo(torch.float32).eps
    dxx, dyy = right - 2 * centre + left + tiny, below - 2 * centre + above + tiny
    dxy = 0.5 * (_at(around, 1, 1) - right - below + 2 * centre - left - above + _at(around, -1, -1))
    step = _newton_step(0.5 * (right - left), 0.5 * (below - above), dxx, dxy, dyy)
    return _moved(cells, step, scores > 0), scores


def _highest(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    scores, index = heatmaps.flatten(2).max(-1)
    width = heatmaps.shape[-1]
    cells = torch.stack([index % width, index // width], dim=-1).to(heatmaps)
    return cells.masked_fill((scores <= 0)[..., None], -1), scores


def _around(heatmaps: Tensor, cells: Tensor) -> Tensor:
    """(n, K, 5, 5) values around cells (n, K, 2); beyond the border those of the border."""
    height, width = heatmaps.shape[-2:]
    span = torch.arange(-_RADIUS, _RADIUS + 1, device=heatmaps.device)
    x, y = ((cells[..., axis, None].long() + span).clamp(0, size - 1) for axis, size in enumerate((width, height)))
    index = y[..., :, None] * width + x[..., None, :]
    return heatmaps.flatten(2).gather(2, index.flatten(2)).unflatten(2, index.shape[2:])


def _moved(cells: Tensor, step: Tensor, where: Tensor) -> Tensor:
    return torch.where(where[..., None], cells + step.to(cells), cells)


def _at(around: Tensor, x: int, y: int) -> Tensor:
    return around[..., _RADIUS + y, _RADIUS + x]


def _newton_step(dx: Tensor, dy: Tensor, dxx: Tensor, dxy: Tensor, dyy: Tensor) -> Tensor:
    """(n, K, 2) from a cell to the extremum of the parabola with these derivatives; zero where it has none."""
    determinant = dxx * dyy - dxy**2
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=-1)
    return torch.where(determinant[..., None] != 0, step / determinant[..., None], 0)


def _around_blurred(heatmaps: Tensor, cells: Tensor, kernel_size: int) -> Tensor:
    """`_around` after a Gaussian blur with nothing beyond the border, scaled back to the old maxima."""
    alike = heatmaps.dtype, heatmaps.device
    height, width = (_blur_matrix(size, kernel_size, *alike) for size in heatmaps.shape[-2:])
    found = []
    for maps, places in zip(heatmaps.split(_AT_ONCE), cells.split(_AT_ONCE)):
        blurred = height @ maps @ width
        scale = maps.amax((-2, -1), keepdim=True) / blurred.amax((-2, -1), keepdim=True)
        found.append(_around(blurred, places) * scale)
    return torch.cat(found)


@lru_cache
def _blur_matrix(size: int, kernel_size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(size, size) matrix whose product with a signal is the signal blurred."""
    half = cv2.getGaussianKernel(kernel_size, 0)[kernel_size // 2 :, 0][:size]
    return torch.from_numpy(toeplitz(np.pad(half, (0, size - len(half))))).to(device, dtype)
