from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.models import GNNDynamicsHead

GRID = (12, 10)  # W, H
CHANNELS = 5


def a_head(k: int = 4, **options: object) -> GNNDynamicsHead:
    torch.manual_seed(0)
    return GNNDynamicsHead(k, **{'visual_channels': CHANNELS, 'feat_channels': 16, **options}).eval()


def a_history(m: int, k: int = 4, length: int = 3, channels: int = CHANNELS, seed: int = 0) -> InstanceData:
    """People around (100, 100) in crops of 60 x 80 px; cells of 10 px."""
    rng = np.random.default_rng(seed)
    crops = np.concatenate([rng.uniform(90, 110, (m, 2)), np.tile([60.0, 80], (m, 1))], -1)
    return InstanceData(
        keypoints=rng.uniform(70, 130, (m, length, k, 2)).astype(np.float32),
        keypoint_scores=rng.uniform(0.3, 1, (m, length, k)).astype(np.float32),
        valid=np.ones((m, length, k), bool),
        features=torch.from_numpy(rng.normal(size=(m, length, k, channels))).float(),
        crops=crops,
        regions=np.concatenate([crops[:, :2] - crops[:, 2:], np.full((m, 2), 10.0)], -1),
    )


def search_features(m: int, channels: int = CHANNELS, grid: tuple[int, int] = GRID) -> Tensor:
    return torch.randn(m, channels, *grid[::-1], generator=torch.Generator().manual_seed(m))


@torch.no_grad()
def predict(head: GNNDynamicsHead, history: InstanceData, visual: Tensor | None) -> Tensor:
    return head(history, GRID, visual)


@pytest.mark.parametrize('k', [1, 4, 17])
@pytest.mark.parametrize('m', [0, 1, 3])
@pytest.mark.parametrize('length', [1, 3])
def test_shapes(m: int, k: int, length: int) -> None:
    heatmaps = predict(a_head(k), a_history(m, k, length), search_features(m))
    assert heatmaps.shape == (m, k, *GRID[::-1]) and torch.isfinite(heatmaps).all()


@pytest.mark.parametrize('m', [0, 2])
def test_without_a_visual_cue(m: int) -> None:
    head, history = a_head(visual_channels=0), a_history(m, channels=0)
    assert predict(head, history, None).shape == (m, 4, *GRID[::-1])
    assert head.encoder.visual is None


@pytest.mark.parametrize('options', [{}, {'num_heads': 4, 'temporal': 'past', 'scaled_attention': False}])
def test_people_do_not_see_each_other(options: dict) -> None:
    head, history, visual = a_head(**options), a_history(4), search_features(4)
    heatmaps = predict(head, history, visual)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(predict(head, history[order], visual[order]), heatmaps[order])
    torch.testing.assert_close(predict(head, history[[1]], visual[[1]]), heatmaps[[1]])


MASKS = {
    'no first frame': np.s_[:, 0],
    'one frame only': np.s_[:, :2],
    'a joint of the last frame': np.s_[:, 2, 1],
    'nothing at all': np.s_[:],
}


@pytest.mark.parametrize('temporal', ['both', 'past'])
@pytest.mark.parametrize('where', MASKS.values(), ids=MASKS)
def test_what_is_not_valid_has_no_influence(where: tuple, temporal: str) -> None:
    head, visual = a_head(temporal=temporal), search_features(2)
    history, other = a_history(2), a_history(2)
    history.valid[where] = other.valid[where] = False
    other.keypoints[where] = -1e4
    other.keypoint_scores[where] = 7e3
    other.features[where] = 1e5
    expected = predict(head, history, visual)
    assert torch.isfinite(expected).all()
    assert torch.equal(predict(head, other, visual), expected)
    # Were it valid, it would count.
    other.valid[:] = True
    assert not torch.allclose(predict(head, other, visual), expected)


@pytest.mark.parametrize(('temporal', 'newer'), [('both', True), ('past', False)])
def test_temporal(temporal: str, newer: bool) -> None:
    """Whom a joint of each frame hears, with one temporal layer."""
    head = a_head(aggregation=['temporal'], temporal=temporal)
    history = a_history(1)
    before = head.aggregate(history).detach()
    history.keypoints[:, 1] += 5
    changed = (head.aggregate(history).detach() != before).flatten(2).any(-1)[0]
    assert changed.tolist() == [newer, True, True]
    # The frame before only, and of it all joints.
    history = a_history(1)
    history.keypoints[:, 0] += 5
    changed = (head.aggregate(history).detach() != before).flatten(2).any(-1)[0]
    assert changed.tolist() == [True, True, False]


def test_spatial() -> None:
    head, history = a_head(aggregation=['spatial']), a_history(1)
    before = head.aggregate(history).detach()
    history.keypoints[0, 1, 2] += 5
    assert torch.equal(head.aggregate(history), before)
    history.keypoints[0, -1, 2] += 5
    changed = (head.aggregate(history).detach() != before).any(-1)[0]
    assert changed.tolist() == [[True] * 4]


def moved(history: InstanceData, move: Callable[[np.ndarray], np.ndarray], scale: float = 1.0) -> InstanceData:
    other = history.clone()
    other.keypoints = move(history.keypoints)
    other.crops = np.concatenate([move(history.crops[:, :2]), history.crops[:, 2:] * scale], -1)
    other.regions = np.concatenate([move(history.regions[:, :2]), history.regions[:, 2:] * scale], -1)
    return other


@pytest.mark.parametrize('position_scale', ['box', 'pixel'])
def test_translation_changes_nothing(position_scale: str) -> None:
    head, history, visual = a_head(position_scale=position_scale), a_history(3), search_features(3)
    expected = predict(head, history, visual)
    found = predict(head, moved(history, lambda points: points + np.array([300, -64], np.float32)), visual)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    history.keypoints[:, -1] += 30  # people alone, and not what is around them
    assert not torch.allclose(predict(head, history, visual), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(('position_scale', 'same'), [('box', True), ('pixel', False)])
def test_uniform_scaling(position_scale: str, same: bool) -> None:
    head, history, visual = a_head(position_scale=position_scale), a_history(3), search_features(3)
    expected = predict(head, history, visual)
    found = predict(head, moved(history, lambda points: points * 3, 3), visual)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4) == same


def test_wrong_number_of_keypoints() -> None:
    with pytest.raises(ValueError, match='built for 4 keypoints, the poses have 7'):
        predict(a_head(4), a_history(2, 7), search_features(2))


@pytest.mark.parametrize('visual', [search_features(2, 8), search_features(2, grid=(6, 6)), None])
def test_wrong_search_features(visual: Tensor | None) -> None:
    got = 'None' if visual is None else rf'\(2, {visual.shape[1]}, {visual.shape[2]}, {visual.shape[3]}\)'
    with pytest.raises(ValueError, match=rf'\(2, 5, 10, 12\), got {got}'):
        predict(a_head(), a_history(2), visual)


def test_wrong_history_features() -> None:
    with pytest.raises(ValueError, match=r'5.*8'):
        predict(a_head(), a_history(2, channels=8), search_features(2))


@pytest.mark.parametrize(
    ('field', 'value', 'got'),
    [
        ('aggregation', ['spatial', 'time'], 'time'),
        ('temporal', 'future', 'future'),
        ('position_scale', 'crop', 'crop'),
        ('output', 'boxes', 'boxes'),
    ],
)
def test_unknown_options(field: str, value: str | list[str], got: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be one of .*got '{got}'"):
        a_head(**{field: value})


def test_loss_is_weighted_squared_error() -> None:
    head, history, visual = a_head(), a_history(2), search_features(2)
    targets = torch.rand(2, 4, *GRID[::-1])
    weights = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])
    (loss,) = head.loss(history, visual, targets, weights).values()
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
        (loss,) = head.loss(history, None, target, torch.ones(1, k)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        best = head.eval()(history, (size, size)).flatten(2).argmax(-1)[0]
    assert torch.equal(torch.stack([best % size, best // size], -1).float(), cells)


def walking(k: int = 4, step: float = 6.0) -> InstanceData:
    """Two people all of whose joints move by so many px a frame, to the right and down."""
    history = a_history(2, k, channels=0)
    history.keypoints[:] = history.keypoints[:, :1]
    history.keypoints[0, ..., 0] += step * np.arange(3)[:, None]
    history.keypoints[1, ..., 1] += step * np.arange(3)[:, None]
    return history


def test_untrained_offsets_follow_the_body() -> None:
    head = a_head(visual_channels=0, output='offsets')
    history = walking()
    history.keypoints[0, -1, 0, 0] += 40  # what one joint does moves the body by a quarter of it
    history.valid[1, -1, 2] = False
    expected = history.keypoints[:, -1] + 0.7 * np.array([[[6 + 10, 0]], [[0, 6]]])
    np.testing.assert_allclose(head.positions(history).detach()[0], expected[0], rtol=1e-4)
    np.testing.assert_allclose(head.positions(history).detach()[1, [0, 1, 3]], expected[1, [0, 1, 3]], rtol=1e-4)


def test_offsets_are_drawn_where_the_last_pose_has_joints() -> None:
    head, history = a_head(visual_channels=0, output='offsets', sigma=1.0, fading=0.8), walking(step=0)
    history.crops[:] = [100, 100, 60, 80]
    history.regions[:] = [40, 20, 10, 10]
    history.keypoints[:, -1] = [110, 80]
    history.valid[1, -1, 2] = False
    head.inertia.data.zero_()
    heatmaps = predict(head, history, None)
    assert heatmaps.shape == (2, 4, *GRID[::-1])
    np.testing.assert_allclose(
        heatmaps[..., 6, 7], 0.8 * history.keypoint_scores[:, -1] * history.valid[:, -1], rtol=1e-6
    )
    assert heatmaps.amax((2, 3)).ravel().argmin() == 6 and heatmaps[1, 2].abs().max() == 0
    keypoints, scores = head.poses(history)
    np.testing.assert_allclose(keypoints, history.keypoints[:, -1])
    np.testing.assert_allclose(scores, heatmaps.amax((2, 3)), rtol=1e-6)


@pytest.mark.parametrize('motion', [0, 1, 3])
def test_offsets_can_learn(motion: int) -> None:
    """That people stop."""
    head = a_head(visual_channels=0, output='offsets', motion=motion).train()
    history = walking()
    history.valid[1, -1, 2] = False
    keypoints = torch.from_numpy(history.keypoints[:, -1].copy())
    keypoints[1, 2] = 1e4  # which the last pose lacks
    keypoints[0, 1] = -1e4  # which is not annotated
    weights = torch.ones(2, 4)
    weights[0, 1] = 0
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    losses = []
    for _ in range(100):
        (loss,) = head.loss(history, None, torch.zeros(2, 4, *GRID[::-1]), weights, keypoints).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 5


def test_motion_of_some_frames() -> None:
    head, history = a_head(visual_channels=0, motion=4), walking()
    history.crops[:] = [100, 100, 10, 10]
    history.keypoints[0, 1, 0] += 3  # one joint is ahead in the second frame
    own, body = (cue / 20 for cue in head._motion(history)[0, -1].unflatten(-1, (4, 5))[..., :4].split(2, -1))
    np.testing.assert_allclose(own[0], np.array([[0, 0], [0, 0], [9, 3], [3, -3]]) / 10, atol=1e-5)
    np.testing.assert_allclose(own[1], np.array([[0, 0], [0, 0], [6, 0], [6, 0]]) / 10, atol=1e-5)
    np.testing.assert_allclose(body[1], np.array([[0, 0], [0, 0], [6.75, 0.75], [5.25, -0.75]]) / 10, atol=1e-5)


@pytest.mark.parametrize('position_scale', ['box', 'pixel'])
def test_inertia_of_some_frames(position_scale: str) -> None:
    head = a_head(visual_channels=0, motion=2, output='offsets', position_scale=position_scale)
    history = walking()
    history.keypoints[0, 0, :, 0] -= 4  # the first of both steps was longer
    history.keypoints[0, 2, 0, 1] += 2
    head.inertia.data = torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    moved = head.positions(history).detach().numpy() - history.keypoints[:, -1]
    np.testing.assert_allclose(moved[0], [[6 + 5, 2], [6 + 5, 0], [6 + 5, 0], [6 + 5, 0]], atol=1e-4)


def test_without_temporal_layers_the_last_pose_alone_has_nodes() -> None:
    history = walking()
    for motion in (0, 2):
        head = a_head(visual_channels=0, motion=motion, aggregation=('spatial', 'spatial'))
        assert head.aggregate(history).shape[1] == 1
        before = predict(head, history, None)
        history.keypoints[:, 0] += 50
        assert torch.equal(predict(head, history, None), before) == (motion == 0)


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
    head.loss(history, None, torch.ones(2, 4, *GRID[::-1]), torch.ones(2, 4))['loss_heatmaps'].backward()
    assert head.log_spread.grad.abs().min() > 0 and head.inertia.grad.abs().max() > 0


def test_motion_of_a_short_history() -> None:
    head, history = a_head(visual_channels=0, motion=2), walking()
    history.valid[:, :2] = False
    velocities, known = head._velocities(history)
    assert velocities.abs().max() == 0 and known.max() == 0
    assert torch.isfinite(predict(head, history, None)).all()


def cells_of(m: int, k: int = 4) -> np.ndarray:
    """(m, k, 2) one cell for each joint."""
    return np.random.default_rng(m).integers(0, GRID, (m, k, 2))


@pytest.mark.parametrize('options', [{}, {'num_heads': 4}, {'output': 'offsets'}, {'num_prediction_layers': 1}])
@pytest.mark.parametrize('m', [0, 2])
def test_attention_is_shared_out_among_the_joints_that_there_are(m: int, options: dict) -> None:
    head, history, visual = a_head(**options), a_history(m), search_features(m)
    weights = head.attention(history, GRID, visual, cells_of(m))
    assert weights.shape == (m, 4, 4) and (weights > 0).all() and not weights.requires_grad
    torch.testing.assert_close(weights.sum(-1), torch.ones(m, 4))
    history.valid[:, -1, 2] = False
    weights = head.attention(history, GRID, visual, cells_of(m))
    assert (weights[..., 2] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(m, 4))
    history.valid[:, -1] = False
    assert (head.attention(history, GRID, visual, cells_of(m)) == 0).all()


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


def test_attention_of_offsets_is_that_of_the_last_spatial_layer() -> None:
    """Among the joints of the last pose, whatever comes after."""
    kinds = ('spatial', 'temporal', 'spatial', 'temporal')
    head, history = a_head(visual_channels=0, output='offsets', aggregation=kinds), a_history(2, channels=0)
    weights = head.attention(history, GRID, None, np.full((2, 4, 2), np.nan))
    before = a_head(visual_channels=0, output='offsets', aggregation=kinds[:2])
    before.load_state_dict(head.state_dict(), strict=False)
    nodes = before.aggregate(history)[:, -1].detach()
    expected = head.aggregation_layers[2].attention(nodes, nodes).mean(1)
    torch.testing.assert_close(weights, expected)
    head.aggregation_layers[3].query.weight.data += 1
    assert torch.equal(head.attention(history, GRID, None, np.zeros((2, 4, 2))), weights)


@pytest.mark.parametrize('options', [{'num_prediction_layers': 0}, {'output': 'offsets', 'aggregation': ['temporal']}])
def test_no_layer_whose_attention_to_show(options: dict) -> None:
    with pytest.raises(ValueError, match='no attention to show'):
        a_head(**options).attention(a_history(1), GRID, search_features(1), cells_of(1))
