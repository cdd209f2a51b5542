import pytest

from mmgnntrack.posetrack import COCO, JOINTS, POSETRACK, POSETRACK17_JOINTS, POSETRACK18_KEYPOINTS, Skeleton
from mmgnntrack.posetrack.skeletons import joint_columns, known_skeleton


def numbered(names: tuple[str, ...]) -> Skeleton:
    """A skeleton whose sigmas are 0, 1, ..."""
    return Skeleton(names, tuple(map(float, range(len(names)))))


@pytest.mark.parametrize('names', [JOINTS, POSETRACK17_JOINTS, POSETRACK18_KEYPOINTS])
def test_joints_of_posetrack_in_any_order(names: tuple[str, ...]) -> None:
    kept = numbered(names).in_posetrack()
    assert kept.joints == JOINTS and known_skeleton(names) is POSETRACK
    # The 17 have two ears after the first three; PoseTrack17 counts from the right ankle.
    assert kept.sigmas[-1] == {15: 14 if names is JOINTS else 0, 17: 16}[len(names)]


def test_other_joints_are_kept() -> None:
    more = numbered((*JOINTS, 'left_thumb'))
    assert more.in_posetrack() is more and known_skeleton(more.joints) is None
    assert COCO.in_posetrack() is COCO and known_skeleton(COCO.joints[::-1]) is COCO
    assert len(COCO.joints) == len(COCO.sigmas) == 17


def test_columns_of_joints_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"none for \['head_bottom', 'head_top'\]"):
        joint_columns(COCO.joints, JOINTS)
