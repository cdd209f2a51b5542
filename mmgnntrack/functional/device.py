"""From the host to a GPU."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def upload(values: np.ndarray | Tensor | Sequence, like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Values as a tensor on the device of another. A GPU fetches them from pinned memory when it gets there; after a
    plain copy the host goes on only when the GPU has done all that it was told before.

    >>> upload(np.array([1, 2]), torch.zeros(3), torch.float32)
    tensor([1., 2.])
    """
    tensor = torch.as_tensor(values, dtype=dtype)
    if like.is_cuda and not tensor.is_cuda:
        tensor = tensor.pin_memory()
    return tensor.to(like.device, non_blocking=like.is_cuda)
