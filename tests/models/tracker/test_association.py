import numpy as np
import pytest
from mmengine.structures import InstanceData

from mmgnntrack.functional import bbox_areas, pose_bboxes
from mmgnntrack.models.tracker import Association

BODY = np.array([[0.0, 0], [10, 15], [-10, 15], [0, 48]])
RULES = Association(sigmas=[0.1] * 4, similarity='distance')


def poses(*places: tuple[float, float], scores: tuple[float, ...] = (), unseen: tuple[int, ...] = ()) -> InstanceData:
    """People at some places, as references if it is said how long they were not seen."""
    keypoints = BODY + np.reshape(places, (-1, 1, 2))
    scores = np.broadcast_to(np.reshape(scores or [0.9], (-1, 1)), keypoints.shape[:2]).copy()
    bboxes = pose_bboxes(keypoints, scores > 0)
    areas = bbox_areas(bboxes)
    found = InstanceData(keypoints=keypoints, keypoint_scores=scores, bboxes=bboxes, areas=areas, extents=areas)
    if unseen:
        found.set_field(np.array(unseen), 'unseen')
    return found


def pairs(reference: InstanceData, estimated: InstanceData) -> tuple[list, list, list, list]:
    return tuple(part.tolist() for part in RULES.match(reference, estimated))


def test_a_new_pose_that_repeats_a_tracked_one_is_left_out() -> None:
    """However sure it is."""
    found = poses((101, 100), (100, 100), (300, 100), scores=(0.95, 0.5, 0.6))
    assert pairs(poses((100, 100), unseen=(1,)), found) == ([0], [1], [], [2])


def test_of_new_poses_that_repeat_each_other_the_surest_stays() -> None:
    found = poses((101, 100), (100, 100), scores=(0.5, 0.9))
    assert pairs(poses((999, 999), unseen=(1,))[:0], found) == ([], [], [], [1])


@pytest.mark.parametrize(('unseen', 'expected'), [(1, [0]), (2, [1])])
def test_of_tracked_people_who_repeat_each_other_one_stays(unseen: int, expected: list[int]) -> None:
    """The one whose pose is likest, but rather one who was there in the last frame."""
    reference = poses((100, 100), (105, 100), unseen=(unseen, 1))
    rows, _, lost, new = pairs(reference, poses((100, 100), (102, 100)))
    assert (rows, lost, new) == (expected, [1 - expected[0]], [])


def test_people_who_stand_close_stay() -> None:
    reference = poses((100, 100), (112, 100), unseen=(1, 2))
    assert pairs(reference, poses((100, 100), (112, 100))) == ([0, 1], [0, 1], [], [])


def test_who_is_surer_takes_a_likely_pose() -> None:
    """Two people are as near to a pose; the one whose place is less certain might be anywhere."""
    rules = Association(sigmas=[0.1] * 4, similarity='likelihood')
    reference = poses((96, 100), (104, 100), unseen=(1, 1))
    reference.scales = np.array([[20.0] * 4, [4.0] * 4])
    matches = rules.match(reference, poses((100, 100)))
    assert matches.rows.tolist() == [1] and matches.unmatched_rows.tolist() == [0]
    assert rules.match(reference, poses((150, 100))).rows.tolist() == [0]


def test_likelihood_needs_a_head_that_knows_how_sure_it_is() -> None:
    rules = Association(sigmas=[0.1] * 4, similarity='likelihood')
    with pytest.raises(ValueError, match="similarity='likelihood' needs a dynamics head that predicts `scales`"):
        rules.match(poses((100, 100), unseen=(1,)), poses((100, 100)))
