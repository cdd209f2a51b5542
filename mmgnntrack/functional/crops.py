"""Crops of an image, all at once."""

import numpy as np
import torch
from torch import Tensor

from .device import upload
from .heatmaps import sample_at


def cut_crops(image: Tensor, regions: np.ndarray, size: tuple[int, int]) -> Tensor:
    """What lies on the pixels of many crops, as OpenCV's `warpAffine` interpolates and rounds it.

    Args:
        image: (C, H, W).
        regions: (n, 4) where the crops' pixels lie, see `functional.regions`.
        size: (w, h) pixels of the crops.

    Returns:
        (n, C, h, w) whole numbers, at least float32, 0 outside the image.

    >>> image = torch.tensor([[[0.0, 10, 20, 30]]])
    >>> cut_crops(image, np.array([[0.5, 0, 2, 1], [1, 0, 1, 1]]), (2, 1)).flatten(1).tolist()
    [[5.0, 25.0], [10.0, 20.0]]
    """
    regions = upload(regions, image)
    x, y = (
        regions[:, axis, None] + regions[:, 2 + axis, None] * torch.arange(count, device=image.device)
        for axis, count in enumerate(size)
    )
    cells = torch.stack(torch.broadcast_tensors(x[:, None], y[:, :, None]), dim=-1)
    found = sample_at(image[None], cells.reshape(1, -1, 2)).unflatten(1, cells.shape[:-1])[0]
    return found.permute(0, 3, 1, 2).contiguous().round_()
