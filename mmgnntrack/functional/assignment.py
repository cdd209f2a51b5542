"""One-to-one assignment."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

#: So few pairs are assigned faster than the certain ones are found.
_FEW = 50_000


class Matches(NamedTuple):
    """Pairs `rows[i]` with `cols[i]`, and what is left over on either side, ascending."""

    rows: np.ndarray
    cols: np.ndarray
    unmatched_rows: np.ndarray
    unmatched_cols: np.ndarray


def assign(similarity: np.ndarray, threshold: float, few: int = _FEW) -> Matches:
    """The Hungarian assignment with the largest total similarity among pairs at or above the threshold.

    Args:
        similarity: (M, N), larger is more alike, not negative.
        threshold: pairs below it are never matched, and do not draw others away from their partners.
        few: of more pairs than this the certain ones are taken first, see `certain_pairs`.

    >>> assign(np.array([[0.9, 0.8], [0.85, 0.1]]), 0.3).cols.tolist()
    [1, 0]
    >>> assign(np.zeros((0, 2)), 0.3).unmatched_cols.tolist()
    [0, 1]
    """
    partners = np.full(len(similarity), -1)
    if similarity.size > few:
        rows, cols = certain_pairs(similarity, threshold)
        partners[rows] = cols
    rows, cols = _open(partners, similarity.shape[1])
    among = similarity[rows].take(cols, 1)
    found = linear_sum_assignment(np.where(among >= threshold, among, 0.0), maximize=True)
    alike = among[found] >= threshold
    partners[rows[found[0][alike]]] = cols[found[1][alike]]
    rows = np.flatnonzero(partners >= 0)
    return Matches(rows, partners[rows], *_open(partners, similarity.shape[1]))


def certain_pairs(similarity: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that every assignment of the largest total has: those more alike than the next best pairs of both sides are
    together. Without such a pair two others would take its place at most, which are less alike in sum.

    Args:
        similarity: (M, N), not negative.
        threshold: pairs below it do not count.

    Returns:
        (P,) rows and (P,) cols.

    >>> certain_pairs(np.array([[0.9, 0.8, 0.0], [0.85, 0.1, 0.0], [0.3, 0.0, 0.7]]), 0.05)
    (array([2]), array([2]))
    """
    rows, cols = np.divmod(np.flatnonzero(similarity >= threshold), similarity.shape[1])
    alike = similarity[rows, cols]
    rising = np.argsort(alike)
    rows, cols, alike = rows[rising], cols[rising], alike[rising]
    certain = alike > _next_best(alike, rows) + _next_best(alike, cols)
    return rows[certain], cols[certain]


def _next_best(rising: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(P,) the highest of the others in the group of each of the rising values (P,), 0 where there is none."""
    places, best = np.arange(len(rising)), np.zeros(groups.max(initial=0) + 1, int)
    best[groups] = places  # the last one stays
    others = best[groups] != places
    second = np.zeros(len(best))
    second[groups[others]] = rising[others]
    return np.where(others, rising[best[groups]], second[groups])


def _open(partners: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows without a partner and the numbers below count that are nobody's, ascending."""
    left = np.ones(count, bool)
    left[partners[partners >= 0]] = False
    return np.flatnonzero(partners < 0), np.flatnonzero(left)
