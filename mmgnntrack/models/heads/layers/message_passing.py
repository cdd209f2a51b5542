"""One step of message passing."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


def mlp(in_channels: int, channels: int, out_channels: int) -> nn.Sequential:
    """Two linear layers with a ReLU between."""
    return nn.Sequential(nn.Linear(in_channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, out_channels))


class MessagePassing(nn.Module):
    """J <- J + MLP([J || sum_k a_k value(J_k)]), with a the softmax over neighbours of query(J) . key(J_k) (paper
    section 3.2). The graph is small and fixed, so that it is dense attention under a mask. Nodes are many, neighbours
    few: what the formula does to each node and depends on a neighbour alone is done to the neighbours.

    Args:
        channels: feature width d.
        num_heads: attention heads.
        scaled: divide the dot product by the square root of the head's width; the paper writes the plain product.
    """

    def __init__(self, channels: int, num_heads: int = 1, scaled: bool = True) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'num_heads must divide the feature width; got {num_heads} heads and width {channels}')
        self.num_heads = num_heads
        self.scale = (channels // num_heads) ** -0.5 if scaled else 1.0
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.update = mlp(2 * channels, channels, channels)

    def attention(self, nodes: Tensor, neighbours: Tensor, mask: Tensor | None = None) -> Tensor:
        """The weights a, (n, heads, P, Q), of Q neighbours for P nodes; zero for all where a node has no neighbour."""
        # (Wq J + bq) . k = J . Wq^T k + bq . k
        keys = self._split(self.key(neighbours)) * self.scale
        folded = self._mapped(keys, self.query.weight.unflatten(0, (self.num_heads, -1)))
        constant = (keys * self.query.bias.unflatten(0, (self.num_heads, -1))).sum(-1).transpose(1, 2)
        logits = nodes @ folded.transpose(1, 2) + constant.flatten(1).unsqueeze(1)
        logits = logits.unflatten(-1, constant.shape[1:])  # (n, P, heads, Q), as `forward` needs it
        if mask is None:
            return logits.softmax(-1).transpose(1, 2)
        mask = mask.unsqueeze(-2)
        lowest = torch.finfo(logits.dtype).min
        return (logits.masked_fill(~mask, lowest).softmax(-1) * mask).transpose(1, 2)

    def forward(self, nodes: Tensor, neighbours: Tensor, mask: Tensor | None = None) -> Tensor:
        """
        Args:
            nodes: (n, P, d) to be updated.
            neighbours: (n, Q, d) that send messages.
            mask: (n or 1, P, Q) bool, True where a node listens to a neighbour; None for everywhere.

        Returns:
            (n, P, d)
        """
        weights = self.attention(nodes, neighbours, mask).transpose(1, 2).flatten(2)
        # W [J || sum_k a_k v_k] = W1 J + sum_k a_k W2 v_k
        first, activation, last = self.update
        own, heard = first.weight.chunk(2, dim=1)
        heard = heard.unflatten(1, (self.num_heads, -1)).permute(1, 2, 0)
        messages = self._mapped(self._split(self.value(neighbours)), heard)
        return nodes + last(activation(linear(nodes, own, first.bias) + weights @ messages))

    def _split(self, x: Tensor) -> Tensor:
        """(n, Q, heads, w) features (n, Q, d) of each head."""
        return x.unflatten(-1, (self.num_heads, -1))

    def _mapped(self, x: Tensor, weights: Tensor) -> Tensor:
        """(n, heads Q, d) features (n, Q, heads, w) of each head times its weights (heads, w, d), of all people in
        one product."""
        found = x.flatten(0, 1).transpose(0, 1) @ weights
        return found.unflatten(1, x.shape[:2]).transpose(0, 1).flatten(1, 2)
