"""The joints that the package's own weights know by their names."""

import re
from collections.abc import Sequence

from .joints import ALIASES
from .skeletons import COCO, POSETRACK, Skeleton, known_skeleton

_SIDED = ('big_toe', 'small_toe', 'heel')
_FEET = tuple(f'{side}_{part}' for part in _SIDED for side in ('left', 'right'))

#: The joints of COCO, PoseTrack and Halpe together; sigmas are theirs.
NAMED_JOINTS = Skeleton(
    (*COCO.joints, 'head_bottom', 'head_top', 'pelvis', *_FEET),
    (*COCO.sigmas, 0.025, 0.025, 0.066, *(0.079,) * len(_FEET)),
    links=(*POSETRACK.links, *(link for link in COCO.links if link not in POSETRACK.links)),
    swaps=(*COCO.swaps, *((f'left_{part}', f'right_{part}') for part in _SIDED)),
)

#: Other names of joints, without their side.
_SAME = dict(
    ALIASES,
    head='head_top',
    top_head='head_top',
    bottom_head='head_bottom',
    hip='pelvis',
    hips='pelvis',
    mid_hip='pelvis',
    midhip='pelvis',
    bigtoe='big_toe',
    smalltoe='small_toe',
)
#: Words in the names of other joints, and the joint that is near; the first of these that fits counts.
_NEAR = {
    **dict.fromkeys(('toe', 'toes', 'foot'), 'big_toe'),
    **dict.fromkeys(('paw', 'hoof'), 'ankle'),
    **dict.fromkeys(('hand', 'palm', 'thumb', 'forefinger', 'finger', 'index', 'middle', 'ring', 'pinky'), 'wrist'),
    **dict.fromkeys(
        ('face', 'mouth', 'lip', 'chin', 'jaw', 'snout', 'forehead', 'brow', 'eyebrow', 'eye', 'ear'), 'nose'
    ),
    **dict.fromkeys(('collar', 'clavicle', 'scapula', 'armpit'), 'shoulder'),
    **dict.fromkeys(('forearm', 'arm'), 'elbow'),
    **dict.fromkeys(('shin', 'calf', 'thigh', 'leg'), 'knee'),
    **dict.fromkeys(('thorax', 'chest', 'sternum', 'throat', 'withers'), 'head_bottom'),
    **dict.fromkeys(('skull', 'crown'), 'head_top'),
    **dict.fromkeys(('root', 'spine', 'torso', 'waist', 'belly', 'tail'), 'pelvis'),
}
#: Of joints whose names say nothing.
_UNKNOWN_SIGMA = 0.079
_SIDES = dict(l='left', r='right', left='left', right='right')
_WORD = re.compile(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]')


def named_joint(name: str) -> tuple[str, bool] | None:
    """The joint of `NAMED_JOINTS` that a name means, or the nearest one, and whether it is the joint itself; None
    where the name says nothing.

    >>> named_joint('left_wrist'), named_joint('LWrist'), named_joint('neck')
    (('left_wrist', True), ('left_wrist', True), ('head_bottom', True))
    >>> named_joint('right_thumb1'), named_joint('wing')
    (('right_wrist', False), None)
    """
    side, words = _words(name)
    part = '_'.join(words)
    known = _joint(part, side) or _joint(_SAME.get(part, part), side)
    if known:
        return known, not any(letter.isdigit() for letter in name)
    own = (_joint(word, side) or _joint(_SAME.get(word, word), side) for word in reversed(words))
    near = (_joint(joint, side) for word, joint in _NEAR.items() if word in words)
    return next(((joint, False) for joint in (*own, *near) if joint), None)


def _words(name: str) -> tuple[str | None, list[str]]:
    """The side that a name says, and its other words."""
    words = [word.lower() for word in _WORD.findall(name)]
    side = next((_SIDES[word] for word in words if word in _SIDES), None)
    return side, [word for word in words if word not in _SIDES]


def named_joints(names: Sequence[str]) -> list[tuple[str, bool]] | None:
    """What each name means, see `named_joint`; None where one of them says nothing."""
    found = [named_joint(name) for name in names]
    return None if None in found else found


def skeleton_named(names: Sequence[str]) -> Skeleton:
    """The skeleton of poses with these joints: PoseTrack's or COCO's if it is one of them in its order, else with the
    sigma of the joint that each name means or is near to.

    >>> found = skeleton_named(['left_paw', 'right_paw', 'wing'])
    >>> found.sigmas, found.flip_indices
    ((0.089, 0.089, 0.079), (1, 0, 2))
    """
    names = tuple(names)
    known = known_skeleton(names)
    if known is not None and known.joints == names:
        return known
    of = dict(zip(NAMED_JOINTS.joints, NAMED_JOINTS.sigmas))
    sigmas = tuple(of[joint[0]] if (joint := named_joint(name)) else _UNKNOWN_SIGMA for name in names)
    right = {tuple(words): name for name in names for side, words in [_words(name)] if side == 'right'}
    left = {tuple(words): name for name in names for side, words in [_words(name)] if side == 'left'}
    swaps = tuple((name, right[words]) for words, name in left.items() if words in right)
    return Skeleton(names, sigmas, swaps=swaps)


def _joint(part: str, side: str | None) -> str | None:
    """The joint of a part of the body, on a side where there are two."""
    both = f'{side}_{part}'
    return both if both in NAMED_JOINTS.joints else part if part in NAMED_JOINTS.joints else None
