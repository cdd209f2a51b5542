import numpy as np
import pytest
from videos import HEAD_SIZE, a_frame, people_at

from mmgnntrack.evaluation.functional.matching import assign_poses, head_sizes, joint_distances, match_frame


def matched(found: list[list[int]], joints: int) -> np.ndarray:
    """(P, G, joints) with so many matching joints."""
    return np.arange(joints) < np.array(found)[..., None]


def test_head_size() -> None:
    np.testing.assert_allclose(head_sizes(np.array([[5.0, 5, 35, 45], [1, 1, 1, 1]])), [30, 0])


def test_distances_are_in_heads_of_the_annotated_person() -> None:
    pred, gt = np.array([[[3.0, 4.0]]]), np.zeros((2, 1, 2))
    np.testing.assert_allclose(joint_distances(pred, gt, np.array([5.0, 10.0])), [[[1.0], [0.5]]])


@pytest.mark.parametrize(
    ('found', 'annotated', 'expected'),
    [
        pytest.param([[4, 0], [0, 4]], [4, 4], [0, 1], id='apart'),
        pytest.param([[3, 0], [4, 0]], [4, 4], [-1, 0], id='the better of two on one person'),
        pytest.param([[4, 0], [4, 0]], [4, 4], [0, -1], id='the first of equals'),
        pytest.param([[2, 2]], [4, 4], [0], id='a prediction stands for the first of its equals'),
        pytest.param([[2, 2]], [4, 2], [1], id='by the share of the annotated joints'),
        pytest.param([[4, 0], [3, 2]], [4, 4], [0, -1], id='a loser does not fall back on its second best'),
        pytest.param([[0, 0]], [4, 4], [-1], id='nothing found'),
        pytest.param([[0, 1]], [0, 4], [1], id='a person without joints'),
    ],
)
def test_assignment(found: list, annotated: list[int], expected: list[int]) -> None:
    has_gt = np.arange(4) < np.array(annotated)[:, None]
    np.testing.assert_array_equal(assign_poses(matched(found, 4), has_gt), expected)


def test_only_joints_of_both_within_the_threshold_have_a_distance() -> None:
    gt, pred = a_frame(people_at(0)), a_frame(people_at(15))
    gt.annotated[0, 0] = pred.annotated[0, 1] = False
    pred.keypoints[0, 2, 0] = 15.1
    distances = match_frame(gt, pred).distances
    assert np.isfinite(distances).sum() == 12
    assert distances.min() == pytest.approx(15 / HEAD_SIZE)


def test_an_annotated_person_needs_a_head_box() -> None:
    gt = a_frame(people_at(0, 300))
    gt.head_bboxes[1] = np.nan
    with pytest.raises(ValueError, match='head box.*person 1'):
        match_frame(gt, a_frame(people_at(0)))


@pytest.mark.parametrize(('people', 'poses'), [((), (0,)), ((0,), ()), ((), ())])
def test_nobody(people: tuple, poses: tuple) -> None:
    result = match_frame(a_frame(people_at(*people)), a_frame(people_at(*poses)))
    assert result.labels().shape == (len(poses), 15)
    assert not result.labels().any()
