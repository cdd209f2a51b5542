import numpy as np
import pytest

from mmgnntrack.functional import probability_within


def test_probabilities() -> None:
    scale = np.array([2.0, 4.0])
    assert probability_within(2 * scale, scale).tolist() == pytest.approx([0.8, 0.8])
    assert probability_within(0.0, scale).tolist() == pytest.approx([0, 0])
    assert probability_within(4.0, np.array([0.0, 4.0, np.inf])).tolist() == [1, 0.5, 0]


def test_they_are_those_of_a_student_distribution() -> None:
    """Two degrees of freedom: a Gaussian in the plane over the root of an exponential variable."""
    rng = np.random.default_rng(0)
    off = np.linalg.norm(rng.normal(size=(200_000, 2)), axis=-1) / np.sqrt(rng.exponential(size=200_000))
    scale = np.sqrt(2)
    for distance in (0.5, 2.0, 10.0):
        expected = probability_within(distance, np.array(scale)).item()
        assert (off <= distance).mean() == pytest.approx(expected, abs=0.005)
