import numpy as np
import pytest

from mmgnntrack.functional import combined, distance_within, probability_within


def test_probabilities() -> None:
    scale = np.array([2.0, 4.0])
    assert probability_within(2 * scale, scale).tolist() == pytest.approx([0.8, 0.8])
    assert probability_within(0.0, scale).tolist() == pytest.approx([0, 0])
    assert probability_within(4.0, np.array([0.0, 4.0, np.inf])).tolist() == pytest.approx([1, 0.5, 0])
    assert probability_within(1.0, np.full(1, 3e38, np.float32)).tolist() == pytest.approx([0])  # without an overflow


def test_they_are_those_of_a_student_distribution() -> None:
    """Two degrees of freedom: a Gaussian in the plane over the root of an exponential variable."""
    rng = np.random.default_rng(0)
    off = np.linalg.norm(rng.normal(size=(200_000, 2)), axis=-1) / np.sqrt(rng.exponential(size=200_000))
    scale = np.sqrt(2)
    for distance in (0.5, 2.0, 10.0):
        expected = probability_within(distance, np.array(scale)).item()
        assert (off <= distance).mean() == pytest.approx(expected, abs=0.005)


def test_distances_are_the_inverse() -> None:
    distance, scale = np.array([0.5, 2.0, 40.0]), np.array([1.0, 3.0, 2.0])
    assert distance_within(probability_within(distance, scale), scale) == pytest.approx(distance)


def test_combined() -> None:
    """Weights 1 and 1 / 9; the two are 10 apart, as far as they should be: sqrt(1 + 9)^2 = 10."""
    places, scales = np.array([[[0.0, 0.0]], [[np.sqrt(10), 0.0]]]), np.array([[1.0], [3.0]])
    place, scale = combined(places, scales)
    assert place[0, 0] == pytest.approx(np.sqrt(10) / 10) and scale[0] == pytest.approx(1 / np.sqrt(10 / 9))
    assert combined(2 * places, scales)[1] == pytest.approx(2 * scale)  # twice as far as they should be
    assert combined(0 * places, scales)[1] == pytest.approx(scale)  # nearer than that: not surer


def test_one_source_or_none() -> None:
    places, scales = np.array([[[3.0, 4.0], [0, 0]], [[9.0, 9.0], [0, 0]]]), np.array([[2.0, np.inf], [np.inf, np.inf]])
    place, scale = combined(places, scales)
    assert place.tolist() == [[3, 4], [0, 0]] and scale.tolist() == [2, np.inf]
