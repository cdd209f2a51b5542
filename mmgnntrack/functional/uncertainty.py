"""How sure a predicted position is.

Its error follows a bivariate Student distribution with two degrees of freedom: heavy tails, since people turn and stop,
and one number, the radius that holds the position with a probability of one half.
"""

import numpy as np


def probability_within(distance: np.ndarray | float, scale: np.ndarray) -> np.ndarray:
    """The probability that a position is at most so far from where it was predicted.

    Args:
        distance: broadcast against `scale`, same unit.
        scale: the radius of one half.

    >>> probability_within(np.array([1.0, 3.0]), np.array([1.0, 1.0])).round(3).tolist()
    [0.5, 0.9]
    """
    distance = np.maximum(distance, 1e-9)
    return (distance / np.hypot(distance, scale)) ** 2  # as 1 / (1 + (scale / distance)^2) it would overflow


def distance_within(probability: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """How far at most a position is, with a probability below 1, from where it was predicted: the inverse of
    `probability_within`.

    >>> distance_within(np.array([0.5, 0.9]), np.array([1.0, 1.0])).round(3).tolist()
    [1.0, 3.0]
    """
    return scale * np.sqrt(probability / (1 - probability))


def combined(places: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One position of several independent ones: their mean, weighted by 1 / scale^2. Where they are farther apart than
    they should be, its scale is larger by the Birge ratio.

    Args:
        places: (S, ..., 2) of S sources.
        scales: (S, ...), same unit; inf where a source says nothing.

    Returns:
        the position (..., 2) and its scale (...), 0 and inf where no source says anything.

    >>> place, scale = combined(np.array([[[0.0, 0.0]], [[4.0, 0.0]]]), np.array([[1.0], [1.0]]))
    >>> place.tolist(), scale.tolist()
    ([[2.0, 0.0]], [2.0])
    """
    weights = scales**-2.0
    total = np.maximum(weights.sum(0), np.finfo(float).tiny)
    place = (weights[..., None] * places).sum(0) / total[..., None]
    apart = (weights * ((places - place) ** 2).sum(-1)).sum(0) / np.maximum((weights > 0).sum(0) - 1, 1)
    return place, np.where(weights.any(0), np.sqrt(np.maximum(apart, 1) / total), np.inf)
