import torch

from mmgnntrack.models.heads.layers import past, velocities


def test_velocities() -> None:
    """Of two joints, the second of which is unknown in the second of three frames."""
    places = torch.tensor([[[[0.0, 0], [10, 0]], [[1, 2], [99, 99]], [[3, 2], [11, 0]]]])
    moved, known = velocities(places, torch.tensor([[[1.0, 1], [1, 0], [1, 1]]]))
    assert moved[0, :, 0].tolist() == [[0, 0, 0, 0], [1, 2, 1, 2], [2, 0, 2, 0]]
    assert moved[0, :, 1].tolist() == [[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 2, 0]]
    assert known[0, :, :, 0].tolist() == [[0, 0], [1, 0], [1, 0]]


def test_the_past_is_zero_before_the_first_frame() -> None:
    values = torch.arange(1.0, 7).view(1, 3, 2, 1)
    assert past(values, 2)[0, 0, 1].tolist() == [[0], [2]]
    assert past(values, 2)[0, 2, 0].tolist() == [[3], [5]]
    assert torch.equal(past(values, 1)[..., 0, :], values)
