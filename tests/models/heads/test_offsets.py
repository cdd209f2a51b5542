import numpy as np
import pytest
import torch
from histories import GRID, a_history, a_truth, an_offsets_head, predicted, walking
from mmengine.structures import InstanceData

from mmgnntrack.models import GNNOffsetsHead


def places(head: GNNOffsetsHead, history: InstanceData) -> np.ndarray:
    return head(history).keypoints.detach().numpy()


def test_untrained_offsets_follow_the_body() -> None:
    head = an_offsets_head()
    history = walking()
    history.keypoints[0, -1, 0, 0] += 300  # a joint that jumps to somebody else moves nobody
    expected = history.keypoints[:, -1] + 0.7 * np.array([[[6, 0]], [[0, 6]]])
    np.testing.assert_allclose(places(head, history), expected, rtol=1e-4)


def test_joints_that_the_last_pose_lacks_go_with_the_body() -> None:
    head, history = an_offsets_head(), walking()
    whole = places(head, history)
    history.valid[1, -1, 2] = False
    history.keypoints[1, -1, 2] = 0
    np.testing.assert_allclose(places(head, history), whole, rtol=1e-4)
    history.valid[1, :, 2] = False
    found = head(history)
    assert found.keypoint_scores[1, 2] == 0 and (found.keypoint_scores > 0).sum() == 7
    np.testing.assert_allclose(found.keypoints.detach()[1, [0, 1, 3]], whole[1, [0, 1, 3]], rtol=1e-4)


@pytest.mark.parametrize('age', [1, 2, 5])
def test_untrained_offsets_of_any_age(age: int) -> None:
    """Who was not seen goes on, and is less certain."""
    head, history = an_offsets_head(), walking()
    now = head(history)
    history.ages += age - 1
    later = head(history)
    step = now.keypoints.detach().numpy() - history.keypoints[:, -1]
    np.testing.assert_allclose(later.keypoints.detach(), history.keypoints[:, -1] + age * step, rtol=1e-4)
    torch.testing.assert_close(later.scales, now.scales * age)
    history.ages = np.array([[9, 7, 1]] * 2)  # seen rarely: the last step took six frames
    np.testing.assert_allclose(places(head, history), history.keypoints[:, -1] + step / 6, rtol=1e-4)


def test_somebody_without_any_joint() -> None:
    history = walking()
    history.valid[1] = False
    keypoints, scores, heatmaps, scales, certainty = predicted(an_offsets_head(motion=2), history)
    assert np.isfinite(keypoints).all() and np.isfinite(scales).all() and np.isfinite(certainty).all()
    assert (scores[1] == 0).all() and (heatmaps[1] == 0).all() and (scores[0] > 0).all()


def test_offsets_are_drawn_where_joints_were_seen() -> None:
    head, history = an_offsets_head(sigma=1.0), walking(step=0)
    history.regions[:] = [40, 20, 10, 10]
    history.keypoints[:] = [110, 80]
    history.keypoints[..., 1, :] = [70, 40]
    history.valid[1, :, 2] = False
    head.inertia.data.zero_()
    keypoints, scores, heatmaps, scales, certainty = predicted(head, history)
    assert heatmaps.shape == (2, 4, *GRID[::-1])
    np.testing.assert_allclose(scales, 0.03 * 40, rtol=1e-5)  # of an untrained head, in sizes of the person
    np.testing.assert_allclose(certainty, 1 / (1 + (0.03 / head.tolerance) ** 2), rtol=1e-5)
    np.testing.assert_allclose(scores, history.keypoint_scores[:, -1] * history.valid[:, -1], rtol=1e-5)
    np.testing.assert_allclose(keypoints, history.keypoints[:, -1])
    np.testing.assert_allclose(heatmaps.amax((2, 3)), scores * certainty, rtol=1e-5)
    wide = predicted(an_offsets_head(sigma=1.0), InstanceData(**{**dict(history.items()), 'ages': history.ages + 9}))
    ratios = [maps[0, 0, 6, 8] / maps[0, 0, 6, 7] for maps in (heatmaps, wide.heatmaps)]
    assert ratios[0] < ratios[1]


@pytest.mark.parametrize('motion', [0, 1, 3])
def test_offsets_can_learn(motion: int) -> None:
    """That people stop."""
    head = an_offsets_head(motion=motion).train()
    started = head(walking()).scales.detach()
    history = walking()
    history.valid[1, :, 2] = False
    keypoints = torch.from_numpy(history.keypoints[:, -1].copy())
    keypoints[1, 2] = torch.nan  # which was never seen
    keypoints[0, 1] = -1e4  # which is not annotated
    weights = torch.ones(2, 4)
    weights[0, 1] = 0
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    losses = []
    for _ in range(100):
        (loss,) = head.loss(history, None, a_truth(keypoints, weights)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    off = torch.linalg.norm(head(history).keypoints - keypoints, dim=-1)[weights > 0]
    assert losses[-1] < losses[0] - 2 and off[~off.isnan()].max() < 1
    assert (head(history).scales < started / 2).sum() >= 6  # it is sure of that


@pytest.mark.parametrize('position_scale', ['box', 'pixel'])
def test_inertia_of_some_frames(position_scale: str) -> None:
    head = an_offsets_head(motion=2, position_scale=position_scale)
    history = walking()
    history.keypoints[0, 0, :, 0] -= 4  # the first of both steps was longer
    history.keypoints[0, 2, 0, 1] += 2
    head.inertia.data = torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    moved = places(head, history) - history.keypoints[:, -1]
    np.testing.assert_allclose(moved[0], [[6 + 5, 2], [6 + 5, 0], [6 + 5, 0], [6 + 5, 0]], atol=1e-4)


def test_attention_of_offsets_is_that_of_the_last_spatial_layer() -> None:
    """Among the joints of the last pose, whatever comes after."""
    kinds = ('spatial', 'temporal', 'spatial', 'temporal')
    head, history = an_offsets_head(aggregation=kinds), a_history(2, channels=0)
    weights = head.attention(history, GRID, None, np.full((2, 4, 2), np.nan))
    before = an_offsets_head(aggregation=kinds[:2])
    before.load_state_dict(head.state_dict(), strict=False)
    nodes = before.aggregate(before._carried(history))[:, -1].detach()
    expected = head.aggregation_layers[2].attention(nodes, nodes).mean(1)
    torch.testing.assert_close(weights, expected)
    head.aggregation_layers[3].query.weight.data += 1
    assert torch.equal(head.attention(history, GRID, None, np.zeros((2, 4, 2))), weights)
