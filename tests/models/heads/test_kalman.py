import numpy as np
import pytest
from histories import GRID, predicted, walking

from mmgnntrack.models.heads import DynamicsHead, KalmanDynamics, KalmanFilter


def test_people_who_walk_evenly_go_on() -> None:
    history = walking()
    history.crops[:] = [100, 100, 60, 80]
    history.regions[:] = [40, 20, 10, 10]
    history.valid[1, -1, 2] = False
    found = predicted(KalmanDynamics(4, noise=1e-4, acceleration=1e-2), history)
    step = np.array([[[6.0, 0]], [[0, 6]]])
    np.testing.assert_allclose(found.keypoints[0], history.keypoints[0, -1] + step[0], atol=0.1)
    np.testing.assert_allclose(found.keypoint_scores, history.keypoint_scores[:, -1] * history.valid[:, -1])
    assert (found.certainty > 0.9).all() and found.scales.shape == (2, 4)
    assert found.heatmaps.shape == (2, 4, *GRID[::-1])
    peaks = found.heatmaps.amax((2, 3)).numpy()
    assert (peaks <= found.keypoint_scores + 1e-6).all() and ((peaks > 0) == history.valid[:, -1]).all()


def test_heatmaps_are_drawn_where_they_are_asked_for() -> None:
    assert KalmanDynamics(4).predict(walking(), GRID, None, None, heatmaps=False).heatmaps is None


@pytest.mark.parametrize('ahead', [1, 3])
def test_a_kalman_filter_follows_what_moves_evenly(ahead: int) -> None:
    steps = np.arange(4)[:, None, None] * np.array([(2, 0), (0, 4)])
    keypoints, valid = 100 + steps[None], np.ones((1, 4, 2), bool)
    filtered, ages = KalmanFilter(0.001, 0.1), np.arange(3, -1, -1)[None] + ahead
    expected = keypoints[:, -1] + ahead * np.array([[2, 0], [0, 4]])
    np.testing.assert_allclose(filtered.forecast(keypoints, valid, ages)[0], expected, atol=0.03)
    valid[0, 2] = False  # unseen for a frame
    keypoints[0, 2] = -1e3
    np.testing.assert_allclose(filtered.forecast(keypoints, valid, ages)[0], expected, atol=0.03)


def test_a_kalman_filter_smoothes() -> None:
    rng = np.random.default_rng(0)
    keypoints, valid = rng.normal(0, 1, (500, 20, 1, 2)), np.ones((500, 20, 1), bool)
    ages = np.tile(np.arange(20, 0, -1), (500, 1))
    assert KalmanFilter(1.0, 0.001).forecast(keypoints, valid, ages)[0].std() < 0.6


def test_a_kalman_filter_fills_what_it_did_not_see() -> None:
    """Poses that are left out, and poses that are there but not valid, are the same."""
    rng = np.random.default_rng(0)
    keypoints, valid = rng.normal(0, 1, (3, 6, 2, 2)), np.ones((3, 6, 2), bool)
    ages = np.tile(np.arange(6, 0, -1), (3, 1))
    valid[:, 2:4] = False
    seen = [0, 1, 4, 5]
    filtered = KalmanFilter(0.3, 0.0)
    for whole, part in zip(
        filtered.forecast(keypoints, valid, ages), filtered.forecast(keypoints[:, seen], valid[:, seen], ages[:, seen])
    ):
        np.testing.assert_allclose(whole, part)


def test_a_kalman_filter_knows_how_sure_it_is() -> None:
    """Half of what moves as it assumes is within its radius, one and five frames ahead."""
    rng = np.random.default_rng(0)
    velocity = np.cumsum(rng.normal(0, 0.1, (4000, 40, 1, 2)), axis=1)
    places = np.cumsum(velocity, axis=1)
    seen = places + rng.normal(0, 0.5, places.shape)
    filtered, valid = KalmanFilter(0.5, 0.1), np.ones((4000, 30, 1), bool)
    for ahead in (1, 5):
        ages = np.tile(np.arange(29, -1, -1) + ahead, (4000, 1))
        found, scales = filtered.forecast(seen[:, :30], valid, ages)
        off = np.linalg.norm(found - places[:, 29 + ahead], axis=-1)
        assert (off <= scales).mean() == pytest.approx(0.5, abs=0.03)


def test_it_has_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match='KalmanDynamics has nothing to learn'):
        KalmanDynamics(4).loss(walking(), None, None)


def test_a_head_has_to_predict() -> None:
    with pytest.raises(TypeError, match='abstract'):
        DynamicsHead()
