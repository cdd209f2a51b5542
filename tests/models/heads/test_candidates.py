import numpy as np
import pytest
import torch
from histories import GRID, a_head, a_history, a_truth, cells_of, predict, search_features, walking
from torch import Tensor

from mmgnntrack.functional import SearchGeometry
from mmgnntrack.models.heads import candidates


def test_loss_is_weighted_squared_error() -> None:
    head, history, visual = a_head(), a_history(2), search_features(2)
    targets = torch.rand(2, 4, *GRID[::-1])
    weights = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])
    (loss,) = head.loss(history, visual, a_truth(torch.zeros(2, 4, 2), weights, targets)).values()
    expected = ((predict(head, history, visual) - targets) ** 2 * weights[..., None, None]).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_it_can_learn_one_tube() -> None:
    """A person who walks on by a cell a frame, known by position alone."""
    k, size = 3, 12
    head = a_head(k, visual_channels=0, aggregation=['spatial', 'temporal']).train()
    history = a_history(1, k, channels=0)
    history.crops = np.array([[60.0, 60, 60, 60]])
    history.regions = np.array([[0.0, 0, 10, 10]])
    last = np.array([[30.0, 30], [60, 50], [40, 80]], np.float32)
    history.keypoints = np.stack([last - (20, 0), last - (10, 0), last])[None].astype(np.float32)
    cells = torch.from_numpy((last + (10, 0)) / 10).float()
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    squared = (x - cells[:, 0, None, None]) ** 2 + (y - cells[:, 1, None, None]) ** 2
    target = torch.exp(-squared / 2)[None]
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    for _ in range(300):
        (loss,) = head.loss(history, None, a_truth(torch.zeros(1, k, 2), torch.ones(1, k), target)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        best = head.eval()(history, (size, size)).flatten(2).argmax(-1)[0]
    assert torch.equal(torch.stack([best % size, best // size], -1).float(), cells)


@pytest.mark.parametrize('visual', [search_features(2, 8), search_features(2, grid=(6, 6)), None])
def test_wrong_search_features(visual: Tensor | None) -> None:
    got = 'None' if visual is None else rf'\(2, {visual.shape[1]}, {visual.shape[2]}, {visual.shape[3]}\)'
    with pytest.raises(ValueError, match=rf'\(2, 5, 10, 12\), got {got}'):
        predict(a_head(), a_history(2), visual)


def test_candidates_of_people_of_any_size_and_place_are_alike() -> None:
    """Their positions are computed once; in pixels they differ."""
    geometry = SearchGeometry((48, 64), (12, 16))
    history = a_history(2, channels=0)
    history.crops = geometry.crops(np.array([[10.0, 20, 40, 90], [200.0, 0, 290, 300]]))
    history.regions = geometry.search_grids(history.crops)
    for scale, people in (('box', 1), ('pixel', 2)):
        head = a_head(visual_channels=0, position_scale=scale)
        positions = head._candidate_positions(history, geometry.search_grid_size)
        assert len(positions) == people
        alone = [head(history[[person]], geometry.search_grid_size) for person in range(2)]
        torch.testing.assert_close(head(history, geometry.search_grid_size), torch.cat(alone), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('position_scale', ['box', 'pixel'])
def test_many_people(monkeypatch: pytest.MonkeyPatch, position_scale: str) -> None:
    """A few at a time, with the same result."""
    head, history, visual = a_head(position_scale=position_scale), a_history(7), search_features(7)
    cells = np.zeros((7, 4, 2))
    expected, attention = head(history, GRID, visual), head.attention(history, GRID, visual, cells)
    monkeypatch.setattr(candidates, '_AT_ONCE', 3)
    torch.testing.assert_close(head(history, GRID, visual), expected)
    torch.testing.assert_close(head.attention(history, GRID, visual, cells), attention)
    assert head(history[:0], GRID, visual[:0]).shape == (0, 4, *GRID[::-1])


def test_motion_prior() -> None:
    """Heatmaps are what they were, times a Gaussian around where inertia leads; joints that the last pose lacks have
    none."""
    history = walking()
    history.crops[:] = [100, 100, 60, 80]
    history.regions[:] = [40, 20, 10, 10]
    history.keypoints[:] = [104, 80]
    history.keypoints[0, :-1, :, 0] -= 10
    history.valid[1, -1, 2] = False
    head, free = (a_head(visual_channels=0, motion_prior=prior) for prior in (True, False))
    free.load_state_dict(head.state_dict(), strict=False)
    head.log_spread.data.fill_(np.log(0.2))
    ratio = (predict(head, history, None) / predict(free, history, None)).numpy()
    x, y = (40 + 10 * np.arange(GRID[0]), 20 + 10 * np.arange(GRID[1])[:, None])
    spread = 0.2 * np.sqrt(60 * 80)
    for person, expected_x in enumerate((104 + 7, 104)):
        expected = np.exp(-((x - expected_x) ** 2 + (y - 80) ** 2) / (2 * spread**2))
        np.testing.assert_allclose(ratio[person, 0], expected, rtol=1e-3)
    np.testing.assert_allclose(ratio[1, 2], 1)
    head.train()
    truth = a_truth(torch.zeros(2, 4, 2), torch.ones(2, 4), torch.ones(2, 4, *GRID[::-1]))
    head.loss(history, None, truth)['loss_heatmaps'].backward()
    assert head.log_spread.grad.abs().min() > 0 and head.inertia.grad.abs().max() > 0


def test_attention_is_that_of_the_last_prediction_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the cell of each joint, rounded; of cells outside, of the nearest one."""
    head, history, visual = a_head(num_heads=2), a_history(2), search_features(2)
    cells = cells_of(2)
    used = []
    layer = head.prediction_layers[-1]
    attend = layer.attention
    monkeypatch.setattr(layer, 'attention', lambda *args: used.append(attend(*args)) or used[-1])
    expected = predict(head, history, visual)
    found = head.attention(history, GRID, visual, cells)
    by_cell = used[0].mean(1).unflatten(1, GRID[::-1])
    for person, joint in np.ndindex(2, 4):
        x, y = cells[person, joint]
        torch.testing.assert_close(found[person, joint], by_cell[person, y, x])
    assert not torch.allclose(found[0, 0], found[0, 1])
    torch.testing.assert_close(head.attention(history, GRID, visual, cells + 0.4), found)
    cells[:] = (GRID[0] - 1, 0)
    nearest = head.attention(history, GRID, visual, cells)
    torch.testing.assert_close(head.attention(history, GRID, visual, cells + (50, -7)), nearest)
    # Nothing stays behind.
    assert not layer._forward_pre_hooks
    assert torch.equal(predict(head, history, visual), expected)
