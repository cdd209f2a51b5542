"""One-to-one assignment."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment


class Matches(NamedTuple):
    """Pairs `rows[i]` with `cols[i]`, and what is left over on either side, ascending."""

    rows: np.ndarray
    cols: np.ndarray
    unmatched_rows: np.ndarray
    unmatched_cols: np.ndarray


def assign(similarity: np.ndarray, threshold: float) -> Matches:
    """The Hungarian assignment with the largest total similarity among pairs at or above the threshold.

    Args:
        similarity: (M, N), larger is more alike, not negative.
        threshold: pairs below it are never matched, and do not draw others away from their partners.

    >>> assign(np.array([[0.9, 0.8], [0.85, 0.1]]), 0.3).cols.tolist()
    [1, 0]
    >>> assign(np.zeros((0, 2)), 0.3).unmatched_cols.tolist()
    [0, 1]
    """
    allowed = np.where(similarity >= threshold, similarity, 0.0)
    rows, cols = linear_sum_assignment(allowed, maximize=True)
    keep = similarity[rows, cols] >= threshold
    rows, cols = rows[keep], cols[keep]
    return Matches(rows, cols, *(_others(n, used) for n, used in zip(similarity.shape, (rows, cols))))


def _others(count: int, used: np.ndarray) -> np.ndarray:
    """The numbers below count that are not used, ascending."""
    left = np.ones(count, bool)
    left[used] = False
    return left.nonzero()[0]
