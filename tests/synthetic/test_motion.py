"""How people move."""

import numpy as np
import pytest

from mmgnntrack.synthetic.motion import ACTIONS, NEAREST, Script, simulate
from mmgnntrack.synthetic.skeleton import POINT_INDEX, Body

RATE = 48.0


@pytest.mark.parametrize('action', sorted(ACTIONS))
def test_limbs_keep_their_length_and_feet_the_ground(action: str) -> None:
    motion = simulate(Script(((0.0, action),), ((0.0, 1.2),), (0.5, 0.0, 4.5)), Body(), 96, RATE)
    for a, b in (('left_hip', 'left_knee'), ('right_elbow', 'right_wrist'), ('left_shoulder', 'left_elbow')):
        length = np.linalg.norm(motion.points[:, POINT_INDEX[a]] - motion.points[:, POINT_INDEX[b]], axis=1)
        np.testing.assert_allclose(length, length[0])
    lowest = motion.points[..., 1].min(axis=1)
    assert (lowest > 0).all() and (lowest < 0.1).all()


def test_standing_height_is_the_bodys() -> None:
    motion = simulate(Script(((0.0, 'stand'),), ((0.0, 0.0),), (0.0, 0.0, 4.5)), Body(1.8), 2, RATE)
    assert motion.points[0, POINT_INDEX['head_top'], 1] == pytest.approx(1.8, rel=0.04)


def test_walking_goes_where_the_heading_points_and_passes_the_anchor() -> None:
    motion = simulate(Script(((0.0, 'walk'),), ((0.0, np.pi / 2),), (0.5, 0.4, 5.0)), Body(), 96, RATE)
    pelvis = motion.points[:, POINT_INDEX['pelvis']]
    assert (np.diff(pelvis[:, 0]) > 0).all()
    np.testing.assert_allclose(pelvis[48, [0, 2]], [0.4, 5.0])


def test_arms_swing_against_the_legs() -> None:
    motion = simulate(Script(((0.0, 'walk'),), ((0.0, np.pi / 2),), (0.5, 0.0, 5.0)), Body(), 96, RATE)
    x = motion.points[..., 0] - motion.points[:, [POINT_INDEX['pelvis']], 0]
    assert np.corrcoef(x[:, POINT_INDEX['left_wrist']], x[:, POINT_INDEX['left_ankle']])[0, 1] < -0.5


def test_changes_of_action_and_heading_are_smooth() -> None:
    script = Script(((0.0, 'run'), (0.4, 'wave'), (0.7, 'sit')), ((0.0, 1.5), (0.5, -1.5)), (0.5, 0.0, 4.5))
    motion = simulate(script, Body(), 160, RATE)
    assert np.abs(np.diff(motion.points, axis=0)).max() * RATE < 15


def test_nobody_walks_into_the_camera() -> None:
    motion = simulate(Script(((0.0, 'run'),), ((0.0, 0.0),), (0.0, 0.0, 3.5)), Body(), 160, RATE)
    assert motion.points[:, POINT_INDEX['pelvis'], 2].min() >= NEAREST - 1e-9
