from itertools import permutations

import numpy as np
import pytest

from mmgnntrack.functional import assign

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
