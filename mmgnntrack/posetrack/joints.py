"""The joints of PoseTrack: which they are, and in which order each file format lists them."""

from types import MappingProxyType

import numpy as np

#: The 15 joints of the benchmark, in the order used everywhere inside this package.
JOINTS = (
    'nose',
    'head_bottom',
    'head_top',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)

#: PoseTrack18 and PoseTrack21 files list 17 keypoints; the two ears are never labelled.
POSETRACK18_KEYPOINTS = (*JOINTS[:3], 'left_ear', 'right_ear', *JOINTS[3:])

#: PoseTrack17 files number the joints with these ids, and the official evaluator reports in this order.
POSETRACK17_JOINTS = (
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'neck',
    'nose',
    'head_top',
)

#: The names under which files and papers know a joint of `JOINTS`.
ALIASES = MappingProxyType({'neck': 'head_bottom', 'upper_neck': 'head_bottom'})

#: OKS standard deviations relative to the person's scale: COCO's, and for the head joints MMPose's PoseTrack18 values.
SIGMAS = np.array(
    [0.026, 0.025, 0.025, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089]
)
SIGMAS.flags.writeable = False


def mirrored(joint: str) -> str:
    """The joint that takes this one's place when the image is flipped.

    >>> mirrored('left_knee'), mirrored('nose')
    ('right_knee', 'nose')
    """
    side, _, rest = joint.partition('_')
    return {'left': 'right_', 'right': 'left_'}.get(side, f'{side}_' if rest else side) + rest


def joint_index(name: str) -> int | None:
    """Index of a joint in `JOINTS` by any of its names, None for one the benchmark does not have.

    >>> joint_index('neck'), joint_index('left_ear')
    (1, None)
    """
    name = ALIASES.get(name, name)
    return JOINTS.index(name) if name in JOINTS else None
