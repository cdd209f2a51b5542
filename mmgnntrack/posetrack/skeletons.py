"""Which joints poses have: PoseTrack's, COCO's or any others."""

from collections.abc import Sequence
from dataclasses import dataclass

from .joints import ALIASES, JOINTS, POSETRACK18_KEYPOINTS, SIGMAS


@dataclass(frozen=True)
class Skeleton:
    """The K joints of a pose.

    Args:
        joints: their names.
        sigmas: their OKS standard deviations relative to the person's scale.
    """

    joints: tuple[str, ...]
    sigmas: tuple[float, ...]

    def in_posetrack(self) -> 'Skeleton':
        """PoseTrack's 15 of these joints if these are PoseTrack's, in any order, with or without ears; or else all."""
        if not is_posetrack(self.joints):
            return self
        return Skeleton(JOINTS, tuple(self.sigmas[column] for column in joint_columns(self.joints, JOINTS)))


POSETRACK = Skeleton(JOINTS, tuple(SIGMAS.tolist()))
#: Its joints below the head are PoseTrack's, with the same sigmas.
COCO = Skeleton(
    ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', *JOINTS[3:]),
    (0.026, 0.025, 0.025, 0.035, 0.035, *SIGMAS[3:].tolist()),
)


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
