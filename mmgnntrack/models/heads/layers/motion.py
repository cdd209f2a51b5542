"""How people moved."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def velocities(places: Tensor, valid: Tensor, ages: Tensor) -> tuple[Tensor, Tensor]:
    """What each joint, and the body, moved a frame since the pose before.

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
    body = body_motion(own, known, dim=2)
    return torch.cat([own, body.expand_as(own)], dim=-1), known


def body_motion(motion: Tensor, known: Tensor, dim: int) -> Tensor:
    """The motion of most joints: the median of those that are known, so that one that jumps to somebody else moves
    nobody. Zero where none is known.

    Args:
        motion: (..., K, 2), K along `dim`.
        known: (..., K, 1), whether the joint's motion is known.
        dim: of the joints; the result has size 1 there.

    >>> motion = torch.tensor([[1.0, 2], [1, 2], [900, -900], [7, 7]])
    >>> body_motion(motion, torch.tensor([[1], [1], [1], [0]]), dim=0).tolist()
    [[1.0, 2.0]]
    """
    rising = motion.masked_fill(known == 0, torch.nan).sort(dim).values  # the unknown ones last
    count = rising.isnan().logical_not().sum(dim, keepdim=True)
    # Of an even number of joints the mean of both in the middle: which one must not depend on the direction.
    lower, upper = (rising.gather(dim, index) for index in ((count - 1).clamp(min=0) // 2, count // 2))
    return ((lower + upper) / 2).nan_to_num()


def carried(places: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Poses whose missing joints are where they were last, and moved with the body since (see `body_motion`).

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
        body = body_motion(places[:, step] - place, (known & new)[..., None], dim=1)
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
