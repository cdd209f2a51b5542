import math

import numpy as np
import pytest

from mmgnntrack.functional import pose_nms

POSE = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]])
BOX = np.array([0.0, 0, 100, 100])
#: Distance in px at which two poses in `BOX` are exactly 0.5 alike: exp(-d / (0.1 x 100)).
HALF = 10 * math.log(2)


def kept(
    poses: list[np.ndarray], scores: list[float], joint_scores: np.ndarray | None = None, **options: float
) -> list:
    n = len(poses)
    joint_scores = np.ones((n, 4)) if joint_scores is None else joint_scores
    return pose_nms(np.stack(poses), joint_scores, np.tile(BOX, (n, 1)), np.array(scores), **options).tolist()


@pytest.mark.parametrize(('offset', 'expected'), [(0, [1]), (HALF - 0.01, [1]), (HALF + 0.01, [1, 0]), (100, [1, 0])])
def test_threshold(offset: float, expected: list[int]) -> None:
    assert kept([POSE, POSE + (offset, 0)], [0.6, 0.8]) == expected


@pytest.mark.parametrize(('options', 'expected'), [({'threshold': 0.9}, [0, 1]), ({'spread': 1.0}, [0]), ({}, [0])])
def test_options(options: dict, expected: list[int]) -> None:
    assert kept([POSE, POSE + (5, 0)], [0.9, 0.8], **options) == expected


def test_a_dropped_pose_drops_nobody() -> None:
    # 1 is like 0 and like 2, but 0 and 2 are not alike.
    assert kept([POSE, POSE + (5, 0), POSE + (10, 0)], [0.9, 0.8, 0.7]) == [0, 2]


def test_the_same_box_does_not_make_a_duplicate() -> None:
    assert kept([POSE, POSE[::-1]], [0.9, 0.8]) == [0, 1]


def test_joints_count_by_their_scores() -> None:
    other = POSE + np.array([[0.0, 0], [0, 0], [90, 0], [90, 0]])
    first_two = np.array([[1, 1, 0.01, 0.01]] * 2)
    assert kept([POSE, other], [0.9, 0.8], first_two) == [0]
    assert kept([POSE, other], [0.9, 0.8], first_two[:, ::-1]) == [0, 1]


def test_the_better_pose_gives_the_scale() -> None:
    poses, boxes = np.stack([POSE, POSE + (5, 0)]), np.array([BOX, [0, 0, 10, 10]])
    assert pose_nms(poses, np.ones((2, 4)), boxes, np.array([0.9, 0.8])).tolist() == [0]
    assert pose_nms(poses, np.ones((2, 4)), boxes, np.array([0.8, 0.9])).tolist() == [1, 0]


def test_joints_without_any_score() -> None:
    assert kept([POSE, POSE, POSE + 300], [0.9, 0.8, 0.7], np.zeros((3, 4))) == [0, 2]


def test_nobody() -> None:
    found = pose_nms(np.zeros((0, 4, 2)), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0))
    assert found.shape == (0,) and np.zeros((0, 3))[found].shape == (0, 3)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('threshold', [0.0, 0.1, 0.5, 0.9, 1.5])
def test_many_at_once(seed: int, threshold: float) -> None:
    """Each of the best is kept, and drops those that are like it."""
    rng = np.random.default_rng(seed)
    poses = rng.uniform(0, 1000, (60, 1, 2)) + rng.normal(0, 40, (60, 4, 2))
    poses[30:] = poses[:30] + rng.normal(0, 8, (30, 4, 2))
    boxes = np.concatenate([poses.min(1), poses.max(1)], axis=-1)
    joints, scores = rng.random((60, 4)), rng.random(60).round(1)
    expected, left = [], sorted(range(60), key=lambda row: -scores[row])
    while left:
        best = left.pop(0)
        expected.append(best)
        scale = 0.1 * math.sqrt((boxes[best, 2:] - boxes[best, :2]).prod())
        likeness = [
            np.average(
                np.exp(-np.linalg.norm(poses[best] - poses[row], axis=-1) / scale), weights=joints[best] * joints[row]
            )
            for row in left
        ]
        left = [row for row, alike in zip(left, likeness) if alike < threshold]
    assert pose_nms(poses, joints, boxes, scores, threshold).tolist() == expected
