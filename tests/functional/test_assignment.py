from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mmgnntrack.functional import assign
from mmgnntrack.functional.assignment import certain_pairs

PAIRS = [
    ('each its best', [[0.9, 0.1], [0.2, 0.8]], 0.3, [(0, 0), (1, 1)]),
    ('the total counts, not the single best', [[0.9, 0.8], [0.85, 0.1]], 0.3, [(0, 1), (1, 0)]),
    ('a pair below the threshold does not draw others away', [[0.5, 0.45], [0.29, 0.0]], 0.3, [(0, 0)]),
    ('on the threshold', [[0.3]], 0.3, [(0, 0)]),
    ('nothing alike', [[0.1, 0.2], [0.0, 0.25]], 0.3, []),
    ('more rows', [[0.4], [0.6], [0.5]], 0.3, [(1, 0)]),
    ('more columns', [[0.4, 0.6, 0.5]], 0.3, [(0, 1)]),
]


@pytest.mark.parametrize(('similarity', 'threshold', 'expected'), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_pairs(similarity: list, threshold: float, expected: list[tuple[int, int]]) -> None:
    similarity = np.array(similarity)
    matches = assign(similarity, threshold)
    assert sorted(zip(matches.rows.tolist(), matches.cols.tolist())) == expected
    left = [set(range(n)) - {pair[axis] for pair in expected} for axis, n in enumerate(similarity.shape)]
    assert matches.unmatched_rows.tolist() == sorted(left[0])
    assert matches.unmatched_cols.tolist() == sorted(left[1])


@pytest.mark.parametrize(('m', 'n'), [(0, 3), (3, 0), (0, 0)])
def test_nobody_on_a_side(m: int, n: int) -> None:
    matches = assign(np.zeros((m, n)), 0.3)
    assert len(matches.rows) == len(matches.cols) == 0
    assert matches.unmatched_rows.tolist() == list(range(m))
    assert matches.unmatched_cols.tolist() == list(range(n))
    # What is left over indexes arrays.
    assert np.zeros((m, 2))[matches.unmatched_rows].shape == (m, 2)


@pytest.mark.parametrize('seed', range(20))
def test_no_assignment_has_a_larger_total(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.random((3, 4)) ** 2
    best = max(sum(s for s in similarity[range(3), list(columns)] if s >= 0.3) for columns in permutations(range(4), 3))
    matches = assign(similarity, 0.3)
    found = similarity[matches.rows, matches.cols]
    assert (found >= 0.3).all() and found.sum() == pytest.approx(best)
    assert len(set(matches.rows)) == len(set(matches.cols)) == len(found)


def a_problem(rng: np.random.Generator, kind: str, m: int, n: int) -> np.ndarray:
    """(m, n) similarities, few of them above 0.3."""
    if kind == 'nothing':
        return np.zeros((m, n))
    if kind == 'ties':
        return rng.choice([0.0, 0.0, 0.25, 0.5, 1.0], (m, n))
    places, others = rng.random((m, 1)), rng.random((n, 1))
    others[: min(m, n)] = places[: min(m, n)] + rng.normal(0, 0.3 / max(m, 1), (min(m, n), 1))
    near = np.exp(-np.abs(places - others.T) * m / 2)
    return near if kind == 'chain' else near * (rng.random((m, n)) < 0.3)


@pytest.mark.parametrize('kind', ['chain', 'scattered', 'ties', 'nothing'])
@pytest.mark.parametrize(('m', 'n'), [(50, 50), (40, 60), (60, 40), (1, 9), (0, 4), (4, 0)])
@pytest.mark.parametrize('seed', range(5))
def test_certain_pairs_first_or_all_at_once(seed: int, m: int, n: int, kind: str) -> None:
    similarity = a_problem(np.random.default_rng(seed), kind, m, n)
    allowed = np.where(similarity >= 0.3, similarity, 0.0)
    rows, cols = linear_sum_assignment(allowed, maximize=True)
    kept = allowed[rows, cols] > 0
    matches = assign(similarity, 0.3, few=0)
    if kind == 'ties':
        assert allowed[matches.rows, matches.cols].sum() == allowed[rows, cols].sum()
    else:
        assert (matches.rows.tolist(), matches.cols.tolist()) == (rows[kept].tolist(), cols[kept].tolist())
    assert (allowed[matches.rows, matches.cols] > 0).all()
    assert sorted([*matches.rows, *matches.unmatched_rows]) == list(range(m))
    assert sorted([*matches.cols, *matches.unmatched_cols]) == list(range(n))


@pytest.mark.parametrize('kind', ['chain', 'scattered', 'ties'])
@pytest.mark.parametrize('seed', range(10))
def test_certain_pairs_are_in_every_best_assignment(seed: int, kind: str) -> None:
    similarity = a_problem(np.random.default_rng(seed), kind, 5, 6)
    allowed = np.where(similarity >= 0.3, similarity, 0.0)
    totals = {columns: allowed[range(5), list(columns)].sum() for columns in permutations(range(6), 5)}
    best = [columns for columns, total in totals.items() if total > max(totals.values()) - 1e-12]
    for row, col in zip(*certain_pairs(similarity, 0.3)):
        assert all(columns[row] == col for columns in best)


def test_who_is_certain() -> None:
    # The first two draw at each other's partners, the third is at nobody's, the fourth below the threshold.
    similarity = np.array([[0.9, 0.5, 0, 0], [0.5, 0.8, 0, 0], [0, 0.2, 0.4, 0], [0, 0, 0, 0.1]])
    assert [index.tolist() for index in certain_pairs(similarity, 0.15)] == [[2], [2]]
    # 0.9 is more than 0.3 + 0.3, 0.6 is not.
    assert [index.tolist() for index in certain_pairs(np.array([[0.9, 0.3], [0.3, 0.6]]), 0.15)] == [[0], [0]]
    # Of two that are equally near neither is.
    assert not len(certain_pairs(np.array([[0.5, 0.5]]), 0.3)[0])


@pytest.mark.parametrize('kind', ['chain', 'scattered'])
def test_a_crowd(kind: str) -> None:
    similarity = a_problem(np.random.default_rng(0), kind, 300, 280)
    found, expected = (assign(similarity, 0.3, *few) for few in ((), (similarity.size,)))
    assert len(certain_pairs(similarity, 0.3)[0])
    for ours, plain in zip(found, expected):
        np.testing.assert_array_equal(ours, plain)
