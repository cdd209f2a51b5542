"""Body proportions and forward kinematics.

World space is in metres: x to the right, y up, z away from the camera, the ground at y = 0. A heading of 0 looks at the
camera, +pi/2 to the right of the image.
"""

from dataclasses import dataclass

import numpy as np

from ..posetrack.joints import JOINTS

#: The labelled joints, then the points that only the drawing needs.
POINTS = (
    *JOINTS,
    'pelvis',
    'chest',
    'head',
    'left_hand',
    'right_hand',
    'left_heel',
    'right_heel',
    'left_toe',
    'right_toe',
    'back_of_head',
    'nape',
    'brim',
)
POINT_INDEX = {name: i for i, name in enumerate(POINTS)}

#: Angles of a pose in radians; all 0 is standing straight with hanging arms. Limb angles are positive forwards
#: (knees: backwards), `spread` outwards; `elbow_out` turns the forearm outwards on top of the upper arm's spread.
ANGLES = (
    'lean',
    'twist',
    'nod',
    'head_turn',
    *(
        f'{side}_{angle}'
        for side in ('left', 'right')
        for angle in ('shoulder', 'spread', 'elbow', 'elbow_out', 'hip', 'hip_spread', 'knee')
    ),
)
ANGLE_INDEX = {name: i for i, name in enumerate(ANGLES)}


@dataclass(frozen=True)
class Body:
    """Sizes of one person: standing height in metres, widths relative to an average person of that height."""

    height: float = 1.72
    shoulders: float = 1.0
    girth: float = 1.0


@dataclass(frozen=True)
class Motion:
    """A person over S time steps.

    Attributes:
        points: (S, len(POINTS), 3), world space.
        headings: (S, 3) headings of pelvis, chest and head in radians.
    """

    points: np.ndarray
    headings: np.ndarray


def _direction(heading: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (S, 3) forward and to the person's left."""
    sin, cos, zero = np.sin(heading), np.cos(heading), np.zeros_like(heading)
    return np.stack([sin, zero, -cos], -1), np.stack([cos, zero, sin], -1)


def _limb(forward: np.ndarray, outward: np.ndarray, flexion: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Unit vectors (S, 3) of a limb that hangs down at zero angles."""
    flexion, spread = flexion[:, None], spread[:, None]
    down = np.array([0.0, -1.0, 0.0])
    return forward * np.sin(flexion) + np.cos(flexion) * (down * np.cos(spread) + outward * np.sin(spread))


def _leg(body: Body, side: str, pelvis: np.ndarray, heading: np.ndarray, angle: dict) -> dict[str, np.ndarray]:
    forward, left = _direction(heading)
    outward = left if side == 'left' else -left
    hip_flexion, spread = angle[f'{side}_hip'], angle[f'{side}_hip_spread']
    shin_flexion = hip_flexion - angle[f'{side}_knee']
    hip = pelvis + outward * 0.055 * body.height
    knee = hip + _limb(forward, outward, hip_flexion, spread) * 0.245 * body.height
    shin = _limb(forward, outward, shin_flexion, spread)
    ankle = knee + shin * 0.235 * body.height
    foot = _limb(forward, outward, np.pi / 2 - 0.25 + 0.6 * np.minimum(shin_flexion, 0.3), 0.1 + 0 * spread)
    heel = ankle + shin * 0.03 * body.height - foot * 0.02 * body.height
    points = {'hip': hip, 'knee': knee, 'ankle': ankle, 'heel': heel, 'toe': heel + foot * 0.13 * body.height}
    return {f'{side}_{name}': xyz for name, xyz in points.items()}


def _arm(body: Body, side: str, chest: np.ndarray, heading: np.ndarray, angle: dict) -> dict[str, np.ndarray]:
    forward, left = _direction(heading)
    outward = left if side == 'left' else -left
    flexion, spread = angle[f'{side}_shoulder'], angle[f'{side}_spread']
    shoulder = chest + outward * 0.108 * body.height * body.shoulders
    elbow = shoulder + _limb(forward, outward, flexion, spread) * 0.17 * body.height
    lower = _limb(forward, outward, flexion + angle[f'{side}_elbow'], spread + angle[f'{side}_elbow_out'])
    wrist = elbow + lower * 0.15 * body.height
    points = {'shoulder': shoulder, 'elbow': elbow, 'wrist': wrist, 'hand': wrist + lower * 0.045 * body.height}
    return {f'{side}_{name}': xyz for name, xyz in points.items()}


def _head(body: Body, chest: np.ndarray, heading: np.ndarray, lean: np.ndarray) -> dict[str, np.ndarray]:
    forward, _ = _direction(heading)
    sin, cos = np.sin(lean)[:, None], np.cos(lean)[:, None]
    world_up = np.array([0.0, 1.0, 0.0])
    up, front = world_up * cos + forward * sin, forward * cos - world_up * sin
    base = chest + up * 0.045 * body.height
    head = base + (up * 0.07 + front * 0.012) * body.height
    offsets = {
        'nose': up * -0.012 + front * 0.062,
        'head_top': up * 0.075,
        'head': up * 0.0,
        'back_of_head': front * -0.035 + up * 0.01,
        'nape': front * -0.05 - up * 0.11,
        'brim': front * 0.095 + up * 0.03,
    }
    return {'head_bottom': base, **{name: head + offset * body.height for name, offset in offsets.items()}}


def forward_kinematics(body: Body, angles: np.ndarray, heading: np.ndarray, ground: np.ndarray) -> Motion:
    """Pose a body over time, standing with its lower foot on the ground.

    Args:
        body: The person's sizes.
        angles: (S, len(ANGLES)) radians.
        heading: (S,) radians.
        ground: (S, 3) the point of the ground below the pelvis; y > 0 lifts the person off the ground.

    Returns:
        Motion: S time steps.
    """
    angle = {name: angles[:, i] for name, i in ANGLE_INDEX.items()}
    chest_heading = heading + angle['twist']
    head_heading = chest_heading + angle['head_turn']
    pelvis = np.zeros((len(angles), 3))
    forward, _ = _direction(heading)
    lean = angle['lean'][:, None]
    chest = (np.array([0.0, 1.0, 0.0]) * np.cos(lean) + forward * np.sin(lean)) * 0.29 * body.height
    named = {'pelvis': pelvis, 'chest': chest, **_head(body, chest, head_heading, 0.6 * angle['lean'] + angle['nod'])}
    for side in ('left', 'right'):
        named |= _leg(body, side, pelvis, heading, angle) | _arm(body, side, chest, chest_heading, angle)
    points = np.stack([named[name] for name in POINTS], axis=1)
    feet = [POINT_INDEX[f'{side}_{name}'] for side in ('left', 'right') for name in ('heel', 'toe')]
    lift = 0.012 * body.height - points[:, feet, 1].min(axis=1)
    points += ground[:, None] + lift[:, None, None] * np.array([0.0, 1.0, 0.0])
    return Motion(points, np.stack([heading, chest_heading, head_heading], axis=1))
