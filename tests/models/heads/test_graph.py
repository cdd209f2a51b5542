from collections.abc import Callable

import numpy as np
import pytest
import torch
from histories import GRID, a_head, a_history, cells_of, predict, search_features, walking
from mmengine.structures import InstanceData


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


def test_motion_of_some_frames() -> None:
    head, history = a_head(visual_channels=0, motion=4), walking()
    history.crops[:] = [100, 100, 10, 10]
    history.keypoints[0, 1, 0] += 3  # one joint is ahead in the second frame
    own, body = (cue / 20 for cue in head._motion(history)[0, -1].unflatten(-1, (4, 5))[..., :4].split(2, -1))
    np.testing.assert_allclose(own[0], np.array([[0, 0], [0, 0], [9, 3], [3, -3]]) / 10, atol=1e-5)
    np.testing.assert_allclose(own[1], np.array([[0, 0], [0, 0], [6, 0], [6, 0]]) / 10, atol=1e-5)
    np.testing.assert_allclose(body[0], np.array([[0, 0], [0, 0], [6, 0], [6, 0]]) / 10, atol=1e-5)


def test_without_temporal_layers_the_last_pose_alone_has_nodes() -> None:
    history = walking()
    for motion in (0, 2):
        head = a_head(visual_channels=0, motion=motion, aggregation=('spatial', 'spatial'))
        assert head.aggregate(history).shape[1] == 1
        before = predict(head, history, None)
        history.keypoints[:, 0] += 50
        assert torch.equal(predict(head, history, None), before) == (motion == 0)


def test_motion_of_a_short_history() -> None:
    head, history = a_head(visual_channels=0, motion=2), walking()
    history.valid[:, :2] = False
    velocities, known = head._velocities(history)
    assert velocities.abs().max() == 0 and known.max() == 0
    assert torch.isfinite(predict(head, history, None)).all()


@pytest.mark.parametrize('options', [{}, {'num_heads': 4}, {'output': 'offsets'}, {'num_prediction_layers': 1}])
@pytest.mark.parametrize('m', [0, 2])
def test_attention_is_shared_out_among_the_joints_that_there_are(m: int, options: dict) -> None:
    head, history, visual = a_head(**options), a_history(m), search_features(m)
    weights = head.attention(history, GRID, visual, cells_of(m))
    assert weights.shape == (m, 4, 4) and (weights > 0).all() and not weights.requires_grad
    torch.testing.assert_close(weights.sum(-1), torch.ones(m, 4))
    history.valid[:, :, 2] = False
    weights = head.attention(history, GRID, visual, cells_of(m))
    assert (weights[..., 2] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(m, 4))
    history.valid[:] = False
    assert (head.attention(history, GRID, visual, cells_of(m)) == 0).all()


@pytest.mark.parametrize('options', [{'num_prediction_layers': 0}, {'output': 'offsets', 'aggregation': ['temporal']}])
def test_no_layer_whose_attention_to_show(options: dict) -> None:
    with pytest.raises(ValueError, match='no attention to show'):
        a_head(**options).attention(a_history(1), GRID, search_features(1), cells_of(1))
