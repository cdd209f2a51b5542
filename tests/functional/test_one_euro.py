import numpy as np

from mmgnntrack.functional import OneEuroFilter

IDS, SIZES = np.array([7]), np.array([100.0])


def smoothed(points: np.ndarray, **settings: float) -> np.ndarray:
    follow = OneEuroFilter(25.0, **settings)
    return np.stack([follow(IDS, point[None, None], SIZES)[0, 0] for point in points])


def test_joints_at_rest_lose_their_jitter() -> None:
    points = np.random.default_rng(0).normal(50, 1, (200, 2))
    assert smoothed(points)[50:].std() < 0.5 * points[50:].std()


def test_fast_joints_are_followed() -> None:
    """Lag shrinks with speed; a filter of fixed strength falls behind."""
    points = np.arange(60)[:, None] * np.array([20.0, 0.0])
    lag, fixed = (np.abs(smoothed(points, beta=beta) - points)[30:].max() for beta in (2.0, 0.0))
    assert lag < 0.25 * fixed


def test_people_are_filtered_alone() -> None:
    """Whoever is new, or was away, is where the pose says."""
    follow, rng = OneEuroFilter(25.0), np.random.default_rng(0)
    for _ in range(5):
        follow(IDS, rng.normal(0, 1, (1, 3, 2)), SIZES)
    both = rng.normal(100, 1, (2, 3, 2))
    found = follow(np.array([9, 7]), both, np.tile(SIZES, 2))
    np.testing.assert_array_equal(found[0], both[0])
    assert np.abs(found[1] - both[1]).max() > 1
    follow(np.zeros(0, int), both[:0], SIZES[:0])
    np.testing.assert_array_equal(follow(IDS, both[:1], SIZES), both[:1])


def test_goes_on_where_another_stopped() -> None:
    points = np.random.default_rng(0).normal(50, 1, (20, 2))
    first, second = OneEuroFilter(25.0), OneEuroFilter(25.0)
    for point in points[:10]:
        first(IDS, point[None, None], SIZES)
    second.restore(first.state())
    for point in points[10:]:
        assert np.array_equal(*(follow(IDS, point[None, None], SIZES) for follow in (first, second)))
