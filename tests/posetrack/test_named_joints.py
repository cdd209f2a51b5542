import pytest

from mmgnntrack.posetrack import COCO, NAMED_JOINTS, POSETRACK, named_joints, skeleton_named
from mmgnntrack.posetrack.named_joints import named_joint


def test_each_joint_means_itself() -> None:
    assert len(NAMED_JOINTS.joints) == len(NAMED_JOINTS.sigmas) == len(set(NAMED_JOINTS.joints)) == 26
    for skeleton in (NAMED_JOINTS, COCO, POSETRACK):
        assert named_joints(skeleton.joints) == [(joint, True) for joint in skeleton.joints]
        for joint, sigma in zip(skeleton.joints, skeleton.sigmas):
            assert NAMED_JOINTS.sigmas[NAMED_JOINTS.joints.index(joint)] == sigma


@pytest.mark.parametrize(
    ('names', 'joint'),
    [
        (('left_wrist', 'LWrist', 'wrist_left', 'left wrist', 'leftWrist', 'L-Wrist', 'l_wrist'), 'left_wrist'),
        (('neck', 'Neck', 'upper_neck', 'head_bottom', 'bottom_head'), 'head_bottom'),
        (('head', 'head_top', 'top_head'), 'head_top'),
        (('hip', 'MidHip', 'mid_hip', 'pelvis'), 'pelvis'),
        (('right_big_toe', 'RBigToe'), 'right_big_toe'),
    ],
)
def test_other_names_of_a_joint(names: tuple[str, ...], joint: str) -> None:
    assert named_joints(names) == [(joint, True)] * len(names)


@pytest.mark.parametrize(
    ('name', 'joint'),
    [
        ('thorax', 'head_bottom'),
        ('root', 'pelvis'),
        ('right_foot', 'right_big_toe'),
        ('left_eye_inner', 'left_eye'),
        ('mouth_left', 'nose'),
        ('L_F_Paw', 'left_ankle'),
        ('face-17', 'nose'),
        ('right_thumb3', 'right_wrist'),
        ('left_back_paw', 'left_ankle'),
        ('left_back_hip', 'left_hip'),
        ('left_forearm_wrist', 'left_wrist'),
        ('left_foot_ankle', 'left_ankle'),
        ('left_foot_index', 'left_big_toe'),
        ('hip1', 'pelvis'),
        ('neck_base', 'head_bottom'),
    ],
)
def test_near_joints(name: str, joint: str) -> None:
    assert named_joint(name) == (joint, False)


def test_names_that_say_nothing() -> None:
    for name in ('kpt-3', 'wing', 'shoulder', '', '42'):
        assert named_joint(name) is None
    assert named_joints(['nose', 'wing']) is None


def test_skeletons_of_names() -> None:
    assert skeleton_named(COCO.joints) is COCO
    backwards = skeleton_named(COCO.joints[::-1])
    assert backwards.joints == COCO.joints[::-1] and backwards.sigmas == COCO.sigmas[::-1]
    assert sorted(backwards.swaps) == sorted(COCO.swaps)
    own = skeleton_named(['nose', 'left_hand', 'right_hand', 'wing'])
    assert own.sigmas == (0.026, 0.062, 0.062, 0.079)
    assert own.flip_indices == (0, 2, 1, 3)


def test_sides_are_paired_however_they_are_written() -> None:
    assert skeleton_named(['LWrist', 'RWrist', 'left-eye', 'right-eye', 'wing_l']).swaps == (
        ('LWrist', 'RWrist'),
        ('left-eye', 'right-eye'),
    )
    assert skeleton_named(['leftpaw', 'rightpaw']).swaps == ()
