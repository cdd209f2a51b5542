import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.analysis.motion_baselines import constant_velocity, last_pose


def a_history(*offsets: tuple[float, float]) -> InstanceData:
    """A person whose two joints move by so much a frame, in four frames."""
    steps = np.arange(4)[:, None, None] * np.array(offsets)
    return InstanceData(keypoints=100 + steps[None], valid=np.ones((1, 4, 2), bool))


def test_baselines() -> None:
    history = a_history((2, 0), (0, 4))
    last = history.keypoints[:, -1]
    np.testing.assert_allclose(last_pose(history, 3), last)
    np.testing.assert_allclose(constant_velocity(history, 3, 0.5, body=False) - last, [[[3, 0], [0, 6]]])
    np.testing.assert_allclose(constant_velocity(history, 3, 0.5, body=True) - last, [[[1.5, 3], [1.5, 3]]])
    history.valid[0, -2, 0] = False
    np.testing.assert_allclose(constant_velocity(history, 1, 1.0, body=False) - last, [[[0, 0], [0, 4]]])
    np.testing.assert_allclose(constant_velocity(history, 1, 1.0, body=True) - last, [[[0, 4], [0, 4]]])
