"""PoseTrack's 15 joints as MMPose describes a data set."""

from mmgnntrack.posetrack.joints import JOINTS, SIGMAS, SKELETON, mirrored

_COLORS = {'left': [0, 128, 255], 'right': [255, 128, 0]}


def _color(joint: str) -> list[int]:
    return _COLORS.get(joint.partition('_')[0], [51, 153, 255])


POSETRACK15 = dict(
    dataset_name='posetrack15',
    keypoint_info={
        index: dict(
            name=joint,
            id=index,
            color=_color(joint),
            type='lower' if joint.endswith(('hip', 'knee', 'ankle')) else 'upper',
            swap='' if mirrored(joint) == joint else mirrored(joint),
        )
        for index, joint in enumerate(JOINTS)
    },
    skeleton_info={index: dict(link=link, id=index, color=_color(link[0])) for index, link in enumerate(SKELETON)},
    joint_weights=[1.5 if joint.endswith(('wrist', 'ankle')) else 1.2 if joint.endswith(('elbow', 'knee')) else 1.0
                   for joint in JOINTS],
    sigmas=SIGMAS.tolist(),
)  # fmt: skip
