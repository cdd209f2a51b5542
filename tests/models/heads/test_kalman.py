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
    assert found.heatmaps.shape == (2, 4, *GRID[::-1])
    peaks = found.heatmaps.amax((2, 3)).numpy()
    assert (peaks <= found.keypoint_scores + 1e-6).all() and ((peaks > 0) == history.valid[:, -1]).all()


def test_heatmaps_are_drawn_where_they_are_asked_for() -> None:
    assert KalmanDynamics(4).predict(walking(), GRID, None, None, heatmaps=False).heatmaps is None


@pytest.mark.parametrize('ahead', [1, 3])
def test_a_kalman_filter_follows_what_moves_evenly(ahead: int) -> None:
    steps = np.arange(4)[:, None, None] * np.array([(2, 0), (0, 4)])
    keypoints, valid = 100 + steps[None], np.ones((1, 4, 2), bool)
    filtered = KalmanFilter(0.001, 0.1)
    expected = keypoints[:, -1] + ahead * np.array([[2, 0], [0, 4]])
    np.testing.assert_allclose(filtered.forecast(keypoints, valid, ahead), expected, atol=0.03)
    valid[0, 2] = False  # unseen for a frame
    keypoints[0, 2] = -1e3
    np.testing.assert_allclose(filtered.forecast(keypoints, valid, ahead), expected, atol=0.03)


def test_a_kalman_filter_smoothes() -> None:
    rng = np.random.default_rng(0)
    keypoints, valid = rng.normal(0, 1, (500, 20, 1, 2)), np.ones((500, 20, 1), bool)
    assert KalmanFilter(1.0, 0.001).forecast(keypoints, valid, 1).std() < 0.6


def test_it_has_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match='KalmanDynamics has nothing to learn'):
        KalmanDynamics(4).loss(walking(), None, None)


def test_a_head_has_to_predict() -> None:
    with pytest.raises(TypeError, match='abstract'):
        DynamicsHead()
