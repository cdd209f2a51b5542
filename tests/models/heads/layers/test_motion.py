import numpy as np
import pytest
import torch

from mmgnntrack.models.heads.layers import carried, past, velocities
from mmgnntrack.models.heads.layers.motion import body_motion


def test_velocities() -> None:
    """Of two joints, the second of which is unknown in the second of three frames."""
    places = torch.tensor([[[[0.0, 0], [10, 0]], [[1, 2], [99, 99]], [[3, 2], [11, 0]]]])
    valid = torch.tensor([[[1.0, 1], [1, 0], [1, 1]]])
    moved, known = velocities(places, valid, torch.tensor([[3, 2, 1]]))
    assert moved[0, :, 0].tolist() == [[0, 0, 0, 0], [1, 2, 1, 2], [2, 0, 2, 0]]
    assert moved[0, :, 1].tolist() == [[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 2, 0]]
    assert known[0, :, :, 0].tolist() == [[0, 0], [1, 0], [1, 0]]


def test_velocities_are_of_a_frame() -> None:
    """Where poses are missing between two others."""
    places = torch.tensor([[[[0.0, 0]], [[6, 3]], [[7, 3]]]])
    moved, _ = velocities(places, torch.ones(1, 3, 1), torch.tensor([[6, 3, 1]]))
    assert moved[0, :, 0, :2].tolist() == [[0, 0], [2, 1], [0.5, 0]]


def test_joints_that_are_missing_go_with_the_body() -> None:
    """Of four poses of three joints, the second of which is seen once and the third only at the end."""
    here = torch.tensor([[[0.0, 0], [2, 2], [0, 0]], [[1, 0], [9, 9], [0, 0]], [[1, 4], [9, 9], [5, 5]]])
    valid = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, 1]])
    places, known, source = carried(here[None], valid[None])
    assert places[0, :, 1].tolist() == [[2, 2], [3, 2], [3, 6]]
    assert places[0, :, 0].tolist() == here[:, 0].tolist() and places[0, 2, 2].tolist() == [5, 5]
    assert known[0].tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    assert source[0].tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 2]]


def test_the_past_is_zero_before_the_first_frame() -> None:
    values = torch.arange(1.0, 7).view(1, 3, 2, 1)
    assert past(values, 2)[0, 0, 1].tolist() == [[0], [2]]
    assert past(values, 2)[0, 2, 0].tolist() == [[3], [5]]
    assert torch.equal(past(values, 1)[..., 0, :], values)


def test_the_body_moves_alike_in_either_direction() -> None:
    motion = torch.tensor([[[1.0, 0], [2, 0], [4, 0], [99, 0]]])
    known = torch.tensor([[[1], [1], [1], [1]]])
    assert body_motion(motion, known, dim=1).tolist() == [[[3, 0]]]
    assert body_motion(-motion, known, dim=1).tolist() == [[[-3, 0]]]


def test_a_body_of_which_nothing_is_known_stays() -> None:
    assert body_motion(torch.full((2, 3, 2), 7.0), torch.zeros(2, 3, 1), dim=1).tolist() == [[[0, 0]], [[0, 0]]]
    assert body_motion(torch.zeros(0, 3, 2), torch.zeros(0, 3, 1), dim=1).shape == (0, 1, 2)


@pytest.mark.parametrize('dim', [1, 2])
def test_the_body_moves_as_most_joints_that_are_known(dim: int) -> None:
    rng = np.random.default_rng(0)
    motion, known = rng.normal(size=(9, 6, 7, 2)), rng.random((9, 6, 7, 1)) < 0.7
    found = body_motion(torch.from_numpy(motion), torch.from_numpy(known).float(), dim)
    expected = np.nanmedian(np.where(known, motion, np.nan), axis=dim, keepdims=True)
    np.testing.assert_allclose(found, expected)
