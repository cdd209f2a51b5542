import math
from functools import partial

import numpy as np
import pytest

from mmgnntrack.functional import bbox_iou, joint_likelihood, joint_nearness, oks
from mmgnntrack.functional.similarity import near_pairs


@pytest.mark.parametrize(
    ('other', 'expected'),
    [
        ([0, 0, 10, 10], 1.0),
        ([5, 0, 15, 10], 50 / 150),
        ([5, 5, 15, 15], 25 / 175),
        ([2, 2, 4, 4], 4 / 100),
        ([10, 0, 20, 10], 0.0),
        ([30, 30, 40, 40], 0.0),
        ([3, 3, 3, 3], 0.0),
    ],
)
def test_iou(other: list[float], expected: float) -> None:
    box = np.array([[0, 0, 10, 10]])
    assert bbox_iou(box, np.array([other])).item() == pytest.approx(expected)
    assert bbox_iou(np.array([other]), box).item() == pytest.approx(expected)


def test_iou_of_boxes_without_area_is_zero() -> None:
    empty = np.zeros((1, 4))
    assert bbox_iou(empty, empty).item() == 0


@pytest.mark.parametrize(('m', 'n'), [(0, 3), (3, 0), (0, 0)])
def test_nobody(m: int, n: int) -> None:
    assert bbox_iou(np.zeros((m, 4)), np.zeros((n, 4))).shape == (m, n)
    poses = np.zeros((m, 5, 2)), np.zeros((n, 5, 2))
    valid = np.ones((m, 5), bool), np.ones((n, 5), bool)
    assert oks(*poses, np.ones(m), np.ones(5), *valid).shape == (m, n)


@pytest.mark.parametrize(
    ('offset', 'expected'),
    [
        ((0, 0), 1.0),
        # k = 0.2, s^2 = 100: the variance is 4 px^2.
        ((2, 0), math.exp(-0.5)),
        ((0, -2), math.exp(-0.5)),
        ((2, 2), math.exp(-1)),
        ((1000, 0), 0.0),
    ],
)
def test_oks(offset: tuple[float, float], expected: float) -> None:
    pose = np.array([[[0.0, 0.0], [50.0, 20.0]]])
    assert oks(pose, pose + offset, np.array([100.0]), np.full(2, 0.1)).item() == pytest.approx(expected)


def direct_oks(a: np.ndarray, b: np.ndarray, area: float, sigmas: np.ndarray, valid: np.ndarray) -> float:
    """COCO's formula, joint by joint."""
    terms = [
        math.exp(-((a[k, 0] - b[k, 0]) ** 2 + (a[k, 1] - b[k, 1]) ** 2) / (2 * area * (2 * sigmas[k]) ** 2))
        for k in range(len(sigmas))
        if valid[k]
    ]
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize('seed', range(3))
def test_oks_is_cocos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 60, (4, 15, 2)), rng.uniform(0, 60, (3, 15, 2))
    areas, sigmas = rng.uniform(500, 5000, 4), rng.uniform(0.02, 0.2, 15)
    valid_a, valid_b = rng.random((4, 15)) < 0.7, rng.random((3, 15)) < 0.5
    valid_a[0] = False
    expected = [[direct_oks(a[i], b[j], areas[i], sigmas, valid_a[i] & valid_b[j]) for j in range(3)] for i in range(4)]
    np.testing.assert_allclose(oks(a, b, areas, sigmas, valid_a, valid_b), expected)
    assert not np.any(expected[0])


def test_oks_takes_the_area_of_the_reference() -> None:
    poses = np.zeros((2, 1, 2))
    other = np.array([[[3.0, 0.0]]])
    small, large = oks(poses, other, np.array([100.0, 10000.0]), np.array([0.1]))[:, 0]
    assert small == pytest.approx(math.exp(-9 / 8)) and large == pytest.approx(math.exp(-9 / 800))


def test_oks_of_a_person_without_area_is_finite() -> None:
    pose = np.array([[[1.0, 1.0]]])
    assert oks(pose, np.concatenate([pose, pose + 1]), np.zeros(1), np.array([0.1])).tolist() == [[1.0, 0.0]]


def test_joint_nearness_by_hand() -> None:
    one = np.array([[[0.0, 0], [10, 0], [0, 10]]])
    other = np.array([[[3.0, 4], [10, 10], [0, 10]], [[30.0, 40], [10, 0], [99, 99]]])
    # 5, 10 and 0 px; 50 and 0 px, the last joint is not valid. The area is 25 px^2.
    valid = np.array([[True, True, True], [True, True, False]])
    found = joint_nearness(one, other, np.array([25.0]), None, valid)
    np.testing.assert_allclose(-np.log(found), [[1.0, 5.0]])
    # Only the first joint of the one.
    found = joint_nearness(one, other, np.array([25.0]), np.array([[1, 0, 0]]))
    np.testing.assert_allclose(-np.log(found), [[1.0, 10.0]])


def test_joint_nearness_of_nothing_in_common() -> None:
    pose = np.zeros((1, 2, 2))
    found = joint_nearness(pose, pose, np.ones(1), np.array([[True, False]]), np.array([[False, True]]))
    assert found.tolist() == [[0.0]]
    assert joint_nearness(pose[:0], pose, np.ones(0)).shape == (0, 1)


def test_joint_nearness_still_says_who_is_nearer_where_oks_is_zero() -> None:
    pose = np.zeros((1, 2, 2))
    far = np.array([[[200.0, 0]] * 2, [[300.0, 0]] * 2])
    areas, sigmas = np.array([1000.0]), np.full(2, 0.1)
    assert oks(pose, far, areas, sigmas).max() < 1e-9
    near, farther = joint_nearness(pose, far, areas)[0]
    assert near > farther > 0


def test_joint_likelihood_by_hand() -> None:
    """Two joints, 3-4-5 and 0 px off, with scales of 5 and 10 px, of a person of 20 x 20 px."""
    one = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    other = np.array([[[3.0, 4.0], [10.0, 0.0]]])
    scales, areas = np.array([[5.0, 10.0]]), np.array([400.0])
    ratio = math.sqrt((5 * 20 / 50) * (10 * 20 / 100))
    assert joint_likelihood(one, other, scales, areas, noise=0).item() == pytest.approx(ratio / (1 + ratio))
    first = np.array([[True, False]])
    assert joint_likelihood(one, other, scales, areas, first, noise=0).item() == pytest.approx(2 / 3)
    wide = math.hypot(5, 0.2 * 20)
    expected = wide * 20 / (wide**2 + 25)
    assert joint_likelihood(one, other, scales, areas, None, first, noise=0.2).item() == pytest.approx(
        expected / (1 + expected)
    )


def test_joint_likelihood_of_nothing_in_common() -> None:
    pose, nothing = np.zeros((1, 2, 2)), np.zeros((1, 2), bool)
    assert joint_likelihood(pose, pose, np.ones((1, 2)), np.ones(1), nothing).item() == 0
    assert joint_likelihood(pose[:0], pose, np.ones((0, 2)), np.ones(0)).shape == (0, 1)


def test_of_two_predictions_the_surer_one_is_likelier_nearby_and_the_other_far_away() -> None:
    poses, scales = np.zeros((2, 1, 2)), np.array([[0.0], [30.0]])
    near, far = np.full((1, 1, 2), 2.0), np.full((1, 1, 2), 80.0)
    areas = np.full(2, 400.0)
    (sure,), (unsure,) = joint_likelihood(poses, near, scales, areas)
    assert sure > unsure
    (sure,), (unsure,) = joint_likelihood(poses, far, scales, areas)
    assert sure < unsure


@pytest.mark.parametrize('enough', [0.02, 0.3, 0.7])
@pytest.mark.parametrize('seed', range(3))
def test_whoever_is_not_looked_at_is_not_alike_enough(seed: int, enough: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0, 3000, (count, 1, 2)) + rng.normal(0, 40, (count, 6, 2)) for count in (60, 80))
    b[:40] = a[:40] + rng.normal(0, 1, (40, 1, 1)) * rng.uniform(0, 60, (40, 6, 2))
    areas, scales = rng.uniform(500, 20000, 60), rng.uniform(0, 100, (60, 6))
    valid = rng.random((60, 6)) < 0.7, rng.random((80, 6)) < 0.7
    valid[0][0] = False
    for compare in (
        partial(oks, a, b, areas, rng.uniform(0.02, 0.2, 6), *valid),
        partial(joint_likelihood, a, b, scales, areas, *valid),
        partial(joint_nearness, a, b, areas, *valid),
    ):
        every, found = compare(), compare(enough=enough)
        passed_over = (found == 0) & (every > 0)
        assert passed_over.any() and every[passed_over].max() < enough
        np.testing.assert_allclose(found[~passed_over], every[~passed_over])
        assert (every >= enough).any()


@pytest.mark.parametrize('enough', [0.0, -1.0])
def test_where_nothing_is_asked_for_all_are_looked_at(enough: float) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 500, (40, 3, 2)), rng.uniform(0, 500, (40, 3, 2))
    areas = np.full(40, 1e4)
    for compare in (
        partial(oks, a, b, areas, np.full(3, 0.1)),
        partial(joint_likelihood, a, b, np.full((40, 3), 9.0), areas),
        partial(joint_nearness, a, b, areas),
    ):
        np.testing.assert_allclose(
            compare(enough=enough),
            [
                [
                    compare.func(
                        a[[i]], b[[j]], *(rest[[i]] if len(rest) == 40 else rest for rest in compare.args[2:])
                    ).item()
                    for j in range(40)
                ]
                for i in range(40)
            ],
        )


def test_near_pairs() -> None:
    poses = np.array([[[0.0, 0.0], [2.0, 2.0]], [[5.0, 2.0], [99.0, 99.0]], [[3.0, 50.0], [3.0, 50.0]]])
    valid = np.array([[True, True], [True, False], [True, True]])
    assert found_pairs(poses, valid, 2.9) == {(0, 0), (1, 1), (2, 2)}
    assert found_pairs(poses, valid, 3.0) == {(0, 0), (1, 1), (2, 2), (0, 1), (1, 0)}
    assert len(found_pairs(poses, valid, np.inf)) == 9
    assert found_pairs(poses, np.array([[True] * 2, [False] * 2, [True] * 2]), np.inf) == {
        (0, 0),
        (0, 2),
        (2, 0),
        (2, 2),
    }
    assert not found_pairs(poses[:0], valid[:0], 9.0)
    assert len(near_pairs(poses, poses, valid, valid, np.zeros(3), few=9)[0]) == 9


def found_pairs(poses: np.ndarray, valid: np.ndarray, reach: float) -> set[tuple[int, int]]:
    rows, cols = near_pairs(poses, poses, valid, valid, np.full(len(poses), reach), few=0)
    return set(zip(rows.tolist(), cols.tolist()))
