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
    return 1 / (1 + (scale / np.maximum(distance, 1e-9)) ** 2)
