"""How people moved."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def velocities(places: Tensor, valid: Tensor, ages: Tensor) -> tuple[Tensor, Tensor]:
    """What each joint, and all joints of the person in the mean, moved a frame since the pose before.

    Args:
        places: (M, L, K, 2).
        valid: (M, L, K), 1 for joints that are known, else 0.
        ages: (M, L) frames since each pose.

    Returns:
        (M, L, K, 4) x and y of the joint's own motion, then of the body's, zero where nothing is known; and
        (M, L, K, 1), 1 where the joint is known in both poses.
    """
    valid = valid[..., None]
    known = pad(valid[:, 1:] * valid[:, :-1], (0, 0, 0, 0, 1, 0))
    own = (places[:, 1:] - places[:, :-1]) / (ages[:, :-1] - ages[:, 1:])[..., None, None]
    own = pad(own, (0, 0, 0, 0, 1, 0)) * known
    body = own.sum(2, keepdim=True) / known.sum(2, keepdim=True).clamp(min=1)
    return torch.cat([own, body.expand_as(own)], dim=-1), known


def carried(places: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Poses whose missing joints are where they were last, and moved with the body since: as far as the joints that
    two successive poses have moved in the mean.

    Args:
        places: (M, L, K, 2).
        valid: (M, L, K), 1 for joints that are known, else 0.

    Returns:
        places (M, L, K, 2); (M, L, K), 1 where the joint was known up to there; and the index (M, L, K) of the pose in
        which it was last.

    >>> places = torch.tensor([[[[0.0, 0], [9, 9]], [[5, 1], [0, 0]]]])  # the second joint is missing later
    >>> places, known, source = carried(places, torch.tensor([[[1, 1], [1, 0]]]))
    >>> places[0, -1].tolist(), known[0, -1].tolist(), source[0, -1].tolist()
    ([[5.0, 1.0], [14.0, 10.0]], [1.0, 1.0], [1, 0])
    """
    place, known = places[:, 0], valid[:, 0].bool()
    source = torch.zeros_like(known, dtype=torch.int64)
    found = [(place, known, source)]
    for step in range(1, places.shape[1]):
        new = valid[:, step].bool()
        both = (known & new)[..., None]
        moved = torch.where(both, places[:, step] - place, 0.0)
        body = moved.sum(1, keepdim=True) / both.sum(1, keepdim=True).clamp(min=1)
        place = torch.where(new[..., None], places[:, step], place + body)
        source = source.masked_fill(new, step)
        known = known | new
        found.append((place, known, source))
    place, known, source = (torch.stack(values, dim=1) for values in zip(*found))
    return place, known.to(places), source


def past(values: Tensor, steps: int) -> Tensor:
    """(M, L, K, steps, C) the values (M, L, K, C) of so many frames up to each, the newest last, zero before the first.

    >>> past(torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1), 2).flatten(1).tolist()
    [[0.0, 1.0, 1.0, 2.0, 2.0, 3.0]]
    """
    return pad(values, (0, 0, 0, 0, steps - 1, 0)).unfold(1, steps, 1).transpose(-1, -2)
