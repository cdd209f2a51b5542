import math

import pytest
import torch

from mmgnntrack.models import StudentLoss


def test_joints_that_do_not_count() -> None:
    output = torch.tensor([[3.0, 4.0, math.log(5)], [9.0, 9.0, 9.0]])
    loss = StudentLoss(loss_weight=2.0)(output, torch.zeros(2, 2), torch.tensor([0.5, 0.0]))
    assert loss.item() == pytest.approx(2 * (2 * math.log(5) + 2 * math.log(2)))
    assert StudentLoss()(output, torch.zeros(2, 2), torch.zeros(2)).item() == 0


def test_the_likeliest_scale_holds_half_of_the_positions() -> None:
    generator = torch.Generator().manual_seed(0)
    off = torch.randn(20_000, 2, generator=generator)
    off /= torch.distributions.Exponential(1.0).icdf(torch.rand(20_000, 1, generator=generator)).sqrt()
    losses = []
    for log_scale in torch.linspace(-1, 1.5, 51):
        output = torch.cat([off, log_scale.expand(20_000, 1)], dim=-1)
        losses.append(StudentLoss()(output, torch.zeros_like(off), torch.ones(20_000)))
    best = torch.linspace(-1, 1.5, 51)[torch.stack(losses).argmin()].exp()
    assert abs((off.norm(dim=-1) <= best).float().mean() - 0.5) < 0.03
