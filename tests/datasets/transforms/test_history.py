import numpy as np
import pytest
from tubes import a_track

from mmgnntrack.datasets.transforms import ChooseJoints, DropHistory, JitterHistory, SampleTube


@pytest.fixture(autouse=True)
def seed() -> None:
    np.random.seed(0)


def test_poses_and_joints_are_missing_for_some_frames() -> None:
    tube = SampleTube(length=9, gaps=(1, 1))(a_track(list(range(10)), 9))
    seen = np.stack([DropHistory(poses=0.5, joints=0.4, found=0.0)(dict(tube))['annotated'] for _ in range(400)])
    assert seen[:, -2:].any(-1).all() and seen[:, -1].all() and (seen[:, -2].sum(-1) >= 2).all()
    gone = ~seen[:, :-1].any(-1)
    assert gone.any(-1).mean() == pytest.approx(0.5 * 8.5 / 9, abs=0.07)
    kept = seen[~gone.any(-1)][:, :-1]
    assert (~kept).any(1).mean() == pytest.approx(0.2, abs=0.03)
    for lacks in (gone, *(~kept).transpose(2, 0, 1)):
        assert (np.diff(np.pad(lacks.astype(int), ((0, 0), (1, 1)))) == 1).sum(-1).max() == 1  # one run
    assert DropHistory(poses=0.0, joints=0.0, found=0.0)(dict(tube))['annotated'].all() and tube['annotated'].all()


def test_people_who_were_found_lately() -> None:
    tube = SampleTube(length=9, gaps=(1, 1))(a_track(list(range(10)), 9))
    seen = np.stack([DropHistory(0.0, 0.0, found=0.5)(dict(tube))['annotated'] for _ in range(400)])
    assert seen[:, -2:].all() and (np.diff(seen.astype(int), axis=1) >= 0).all()
    assert (~seen[:, 0, 0]).mean() == pytest.approx(0.5 * 7 / 8, abs=0.07)
    assert np.unique((~seen[..., 0]).sum(1)).tolist() == list(range(8))


def test_jitter() -> None:
    tube = SampleTube(gaps=(1, 1))(a_track(list(range(10)), 9))
    true, size = tube['keypoints'].copy(), np.linalg.norm(np.ptp(tube['keypoints'][-2], axis=0))
    offsets, scores = [], []
    for _ in range(200):
        tube = JitterHistory(noise=0.01, outlier_rate=0.1, outlier_noise=1.0, scores=(0.4, 1.0))(tube)
        offsets.append(np.linalg.norm(tube['history'] - true[:-1], axis=-1) / size)
        scores.append(tube['history_scores'])
    np.testing.assert_array_equal(tube['keypoints'], true)
    offsets, scores = np.stack(offsets), np.stack(scores)
    assert offsets.shape == scores.shape == (200, 3, 15)
    badly = offsets > 0.06
    assert 0.07 < badly.mean() < 0.13
    assert (offsets[~badly] ** 2).mean() ** 0.5 == pytest.approx(0.01 * 2**0.5, rel=0.1)
    assert 0.4 <= scores.min() and scores[badly].max() <= 0.7 < 0.95 < scores.max() <= 1


def test_estimators_with_fewer_joints() -> None:
    tube = SampleTube(gaps=(1, 1))(a_track(list(range(10)), 9))
    tube['annotated'][:, 2] = False
    sets = ([0, 1, 2], range(15), [3, 4])
    seen = np.stack([ChooseJoints(sets)(dict(tube))['annotated'] for _ in range(300)])
    kinds = [np.isin(np.arange(15), list(kind)) & (np.arange(15) != 2) for kind in sets]
    shares = [(seen == kind).all((1, 2)).mean() for kind in kinds]
    np.testing.assert_allclose(shares, [1 / 3] * 3, atol=0.08)
    assert sum(shares) == pytest.approx(1)


def test_whom_an_estimator_would_not_see_is_left_whole() -> None:
    tube = SampleTube(gaps=(1, 1))(a_track(list(range(10)), 9))
    tube['annotated'][-1, :7] = False
    assert (ChooseJoints([range(8)])(dict(tube))['annotated'] == tube['annotated']).all()
