import pytest
import torch
from torch import Tensor

from mmgnntrack.models.heads.layers import MessagePassing, NodeEncoder


def by_hand(layer: MessagePassing, nodes: Tensor, neighbours: Tensor, mask: Tensor) -> Tensor:
    """The paper's formula for (P, d) nodes, node by node and head by head."""
    width = nodes.shape[-1] // layer.num_heads
    updated = []
    for p, node in enumerate(nodes):
        message = torch.zeros_like(node)
        for head in range(layer.num_heads):
            part = slice(head * width, (head + 1) * width)
            heard = [q for q in range(len(neighbours)) if mask[p, q]]
            logits = [layer.query(node)[part] @ layer.key(neighbours[q])[part] * layer.scale for q in heard]
            weights = torch.stack(logits).softmax(0) if heard else []
            for weight, q in zip(weights, heard):
                message[part] += weight * layer.value(neighbours[q])[part]
        updated.append(node + layer.update(torch.cat([node, message])))
    return torch.stack(updated)


@pytest.mark.parametrize('scaled', [True, False])
@pytest.mark.parametrize('num_heads', [1, 2, 4])
def test_formula(num_heads: int, scaled: bool) -> None:
    torch.manual_seed(0)
    layer = MessagePassing(8, num_heads, scaled).double()
    nodes, neighbours = torch.randn(2, 5, 8).double(), torch.randn(2, 3, 8).double()
    mask = torch.rand(2, 5, 3) < 0.5
    mask[0, 0] = False
    found = layer(nodes, neighbours, mask)
    for i in range(2):
        torch.testing.assert_close(found[i], by_hand(layer, nodes[i], neighbours[i], mask[i]))
    everyone = torch.ones(5, 3, dtype=torch.bool)
    torch.testing.assert_close(layer(nodes, neighbours)[1], by_hand(layer, nodes[1], neighbours[1], everyone))


def test_scale() -> None:
    assert MessagePassing(16, 4).scale == pytest.approx(0.5)
    assert MessagePassing(16, 4, scaled=False).scale == 1


def test_attention_weights() -> None:
    layer = MessagePassing(8, 2)
    mask = torch.tensor([[[True, False, True], [False, False, False]]])
    weights = layer.attention(torch.randn(3, 2, 8), torch.randn(3, 3, 8), mask)
    assert weights.shape == (3, 2, 2, 3)
    torch.testing.assert_close(weights[:, :, 0].sum(-1), torch.ones(3, 2))
    assert not weights[:, :, 0, 1].any() and (weights[:, :, 0, [0, 2]] > 0).all()
    assert not weights[:, :, 1].any()


def test_a_node_without_neighbours_hears_nothing() -> None:
    layer = MessagePassing(8)
    nodes, mask = torch.randn(1, 4, 8), torch.zeros(1, 4, 6, dtype=torch.bool)
    alone = nodes + layer.update(torch.cat([nodes, torch.zeros_like(nodes)], dim=-1))
    torch.testing.assert_close(layer(nodes, torch.randn(1, 6, 8), mask), alone)
    nodes.requires_grad_()
    layer(nodes, nodes, torch.zeros(1, 4, 4, dtype=torch.bool)).sum().backward()
    assert torch.isfinite(nodes.grad).all()


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match='3 heads and width 8'):
        MessagePassing(8, 3)


def test_a_joint_is_the_mean_of_three_cues_and_a_candidate_of_two() -> None:
    encoder = NodeEncoder(num_keypoints=4, visual_channels=6, channels=8)
    position, visual = torch.randn(2, 3, 4, 3), torch.randn(2, 3, 4, 6)
    cues = [
        encoder.visual(visual),
        encoder.position(position),
        encoder.joint_type(encoder.embedding.weight).expand(2, 3, 4, 8),
    ]
    torch.testing.assert_close(encoder.joints(position, visual), torch.stack(cues).mean(0))
    torch.testing.assert_close(encoder.candidates(encoder.position(position), visual), torch.stack(cues[:2]).mean(0))


def test_nodes_without_a_visual_cue() -> None:
    encoder = NodeEncoder(num_keypoints=4, visual_channels=0, channels=8)
    position = torch.randn(2, 4, 3)
    joint_type = encoder.joint_type(encoder.embedding.weight)
    torch.testing.assert_close(encoder.joints(position, None), (encoder.position(position) + joint_type) / 2)
    torch.testing.assert_close(encoder.candidates(encoder.position(position), None), encoder.position(position))
