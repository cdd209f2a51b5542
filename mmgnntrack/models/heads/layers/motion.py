"""How people moved."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def velocities(places: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """What each joint, and all joints of the person in the mean, moved since the frame before.

    Args:
        places: (M, L, K, 2).
        valid: (M, L, K), 1 for joints that are known, else 0.

    Returns:
        (M, L, K, 4) x and y of the joint's own motion, then of the body's, zero where nothing is known; and
        (M, L, K, 1), 1 where the joint is known in both frames.
    """
    valid = valid[..., None]
    known = pad(valid[:, 1:] * valid[:, :-1], (0, 0, 0, 0, 1, 0))
    own = pad(places[:, 1:] - places[:, :-1], (0, 0, 0, 0, 1, 0)) * known
    body = own.sum(2, keepdim=True) / known.sum(2, keepdim=True).clamp(min=1)
    return torch.cat([own, body.expand_as(own)], dim=-1), known


def past(values: Tensor, steps: int) -> Tensor:
    """(M, L, K, steps, C) the values (M, L, K, C) of so many frames up to each, the newest last, zero before the first.

    >>> past(torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1), 2).flatten(1).tolist()
    [[0.0, 1.0, 1.0, 2.0, 2.0, 3.0]]
    """
    return pad(values, (0, 0, 0, 0, steps - 1, 0)).unfold(1, steps, 1).transpose(-1, -2)
