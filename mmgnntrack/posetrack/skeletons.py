"""Which joints poses have: PoseTrack's, COCO's or any others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .joints import ALIASES, JOINTS, POSETRACK18_KEYPOINTS, SIGMAS, mirrored


@dataclass(frozen=True)
class Skeleton:
    """The K joints of a pose, and all that follows from which they are.

    Args:
        joints: their names.
        sigmas: their OKS standard deviations relative to the person's scale.
        links: the limbs, as pairs of joints.
        swaps: pairs of joints that change places in a mirrored image.
    """

    joints: tuple[str, ...]
    sigmas: tuple[float, ...]
    links: tuple[tuple[str, str], ...] = ()
    swaps: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        twice = [joint for joint in dict.fromkeys(self.joints) if self.joints.count(joint) > 1]
        if twice or len(self.sigmas) != len(self.joints):
            got = f'{", ".join(twice)} twice' if twice else f'{len(self.sigmas)} sigmas for {len(self.joints)} joints'
            raise ValueError(f'expected joints of different names, each with a sigma, got {got}')

    @property
    def link_indices(self) -> tuple[tuple[int, int], ...]:
        """The limbs, as pairs of joint indices."""
        return tuple((self.joints.index(start), self.joints.index(end)) for start, end in self.links)

    @property
    def flip_indices(self) -> tuple[int, ...]:
        """(K,) for each joint the index of the one that takes its place in a mirrored image.

        >>> Skeleton(('nose', 'left_paw', 'right_paw'), (0.1,) * 3, swaps=(('left_paw', 'right_paw'),)).flip_indices
        (0, 2, 1)
        """
        other = dict(self.swaps) | {right: left for left, right in self.swaps}
        return tuple(self.joints.index(other.get(joint, joint)) for joint in self.joints)

    def in_posetrack(self) -> 'Skeleton':
        """PoseTrack's 15 of these joints if these are PoseTrack's, in any order, with or without ears; or else all."""
        if not is_posetrack(self.joints):
            return self
        columns = joint_columns(self.joints, JOINTS)
        return replace(POSETRACK, sigmas=tuple(self.sigmas[column] for column in columns))


def _sides(joints: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((joint, mirrored(joint)) for joint in joints if joint.startswith('left_'))


_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
_BELOW_THE_HEAD = JOINTS[3:]

POSETRACK = Skeleton(
    JOINTS,
    tuple(SIGMAS.tolist()),
    links=(
        ('left_ankle', 'left_knee'),
        ('left_knee', 'left_hip'),
        ('right_ankle', 'right_knee'),
        ('right_knee', 'right_hip'),
        ('left_hip', 'right_hip'),
        ('left_shoulder', 'left_hip'),
        ('right_shoulder', 'right_hip'),
        ('left_shoulder', 'head_bottom'),
        ('right_shoulder', 'head_bottom'),
        ('left_shoulder', 'left_elbow'),
        ('right_shoulder', 'right_elbow'),
        ('left_elbow', 'left_wrist'),
        ('right_elbow', 'right_wrist'),
        ('head_bottom', 'nose'),
        ('nose', 'head_top'),
    ),
    swaps=_sides(JOINTS),
)
#: Its joints below the head are PoseTrack's, with the same sigmas.
COCO = Skeleton(
    (*_HEAD, *_BELOW_THE_HEAD),
    (0.026, 0.025, 0.025, 0.035, 0.035, *SIGMAS[3:].tolist()),
    links=(
        *(link for link in POSETRACK.links if {*link} <= {*_BELOW_THE_HEAD}),
        ('left_shoulder', 'right_shoulder'),
        ('left_eye', 'right_eye'),
        ('nose', 'left_eye'),
        ('nose', 'right_eye'),
        ('left_eye', 'left_ear'),
        ('right_eye', 'right_ear'),
        ('left_ear', 'left_shoulder'),
        ('right_ear', 'right_shoulder'),
    ),
    swaps=_sides((*_HEAD, *_BELOW_THE_HEAD)),
)


def skeleton_of(num_joints: int) -> Skeleton | None:
    """The skeleton that poses of so many joints are taken to have where nothing says which: PoseTrack's or COCO's;
    None for other numbers.

    >>> skeleton_of(15) is POSETRACK, skeleton_of(17) is COCO, skeleton_of(26)
    (True, True, None)
    """
    return {len(skeleton.joints): skeleton for skeleton in (POSETRACK, COCO)}.get(num_joints)


def known_skeleton(names: Sequence[str]) -> Skeleton | None:
    """PoseTrack's or COCO's skeleton if these are its joints, in any order; None for others.

    >>> known_skeleton(POSETRACK18_KEYPOINTS) is POSETRACK, known_skeleton(['nose', 'tail'])
    (True, None)
    """
    if is_posetrack(names):
        return POSETRACK
    return COCO if set(names) == set(COCO.joints) else None


def is_posetrack(names: Sequence[str]) -> bool:
    """Whether these are the 15 joints of the benchmark, under any of their names, with or without ears."""
    return set(JOINTS) <= set(_canonical(names)) <= set(POSETRACK18_KEYPOINTS)


def joint_columns(names: Sequence[str], joints: Sequence[str]) -> list[int]:
    """For each joint its position among names; both may use any name of a joint.

    Raises:
        ValueError: naming the joints that are not there.

    >>> joint_columns(['neck', 'nose'], ['nose', 'head_bottom'])
    [1, 0]
    """
    names = _canonical(names)
    missing = [joint for joint in joints if ALIASES.get(joint, joint) not in names]
    if missing:
        raise ValueError(f'none for {missing}')
    return [names.index(joint) for joint in _canonical(joints)]


def _canonical(names: Sequence[str]) -> list[str]:
    return [ALIASES.get(name, name) for name in names]
