import numpy as np
import pytest
import torch
from histories import GRID, a_history, a_truth, an_offsets_head, predicted, walking


def test_untrained_offsets_follow_the_body() -> None:
    head = an_offsets_head()
    history = walking()
    history.keypoints[0, -1, 0, 0] += 40  # what one joint does moves the body by a quarter of it
    history.valid[1, -1, 2] = False
    expected = history.keypoints[:, -1] + 0.7 * np.array([[[6 + 10, 0]], [[0, 6]]])
    np.testing.assert_allclose(head(history).detach()[0], expected[0], rtol=1e-4)
    np.testing.assert_allclose(head(history).detach()[1, [0, 1, 3]], expected[1, [0, 1, 3]], rtol=1e-4)


def test_offsets_are_drawn_where_the_last_pose_has_joints() -> None:
    head, history = an_offsets_head(sigma=1.0, fading=0.8), walking(step=0)
    history.crops[:] = [100, 100, 60, 80]
    history.regions[:] = [40, 20, 10, 10]
    history.keypoints[:, -1] = [110, 80]
    history.valid[1, -1, 2] = False
    head.inertia.data.zero_()
    keypoints, scores, heatmaps = predicted(head, history)
    assert heatmaps.shape == (2, 4, *GRID[::-1])
    np.testing.assert_allclose(
        heatmaps[..., 6, 7], 0.8 * history.keypoint_scores[:, -1] * history.valid[:, -1], rtol=1e-6
    )
    assert heatmaps.amax((2, 3)).ravel().argmin() == 6 and heatmaps[1, 2].abs().max() == 0
    np.testing.assert_allclose(keypoints, history.keypoints[:, -1])
    np.testing.assert_allclose(scores, heatmaps.amax((2, 3)), rtol=1e-6)


@pytest.mark.parametrize('motion', [0, 1, 3])
def test_offsets_can_learn(motion: int) -> None:
    """That people stop."""
    head = an_offsets_head(motion=motion).train()
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
        (loss,) = head.loss(history, None, a_truth(keypoints, weights)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 5


@pytest.mark.parametrize('position_scale', ['box', 'pixel'])
def test_inertia_of_some_frames(position_scale: str) -> None:
    head = an_offsets_head(motion=2, position_scale=position_scale)
    history = walking()
    history.keypoints[0, 0, :, 0] -= 4  # the first of both steps was longer
    history.keypoints[0, 2, 0, 1] += 2
    head.inertia.data = torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    moved = head(history).detach().numpy() - history.keypoints[:, -1]
    np.testing.assert_allclose(moved[0], [[6 + 5, 2], [6 + 5, 0], [6 + 5, 0], [6 + 5, 0]], atol=1e-4)


def test_attention_of_offsets_is_that_of_the_last_spatial_layer() -> None:
    """Among the joints of the last pose, whatever comes after."""
    kinds = ('spatial', 'temporal', 'spatial', 'temporal')
    head, history = an_offsets_head(aggregation=kinds), a_history(2, channels=0)
    weights = head.attention(history, GRID, None, np.full((2, 4, 2), np.nan))
    before = an_offsets_head(aggregation=kinds[:2])
    before.load_state_dict(head.state_dict(), strict=False)
    nodes = before.aggregate(history)[:, -1].detach()
    expected = head.aggregation_layers[2].attention(nodes, nodes).mean(1)
    torch.testing.assert_close(weights, expected)
    head.aggregation_layers[3].query.weight.data += 1
    assert torch.equal(head.attention(history, GRID, None, np.zeros((2, 4, 2))), weights)
