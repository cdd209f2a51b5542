"""What heads learn by."""

import torch
from torch import Tensor, nn

from mmgnntrack.registry import MODELS


@MODELS.register_module()
class StudentLoss(nn.Module):
    """The negative logarithm of the probability of positions, but for a constant, see `functional.uncertainty`.

    Args:
        use_target_weight: as MMPose's losses; the weights always count.
        loss_weight: factor.
    """

    def __init__(self, use_target_weight: bool = True, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor) -> Tensor:
        """
        Args:
            output: (..., 3) x and y, and the logarithm of the radius that holds the position with one half.
            target: (..., 2) x and y.
            target_weight: (...), 0 where nothing is known.

        Returns:
            the weighted mean.

        >>> output = torch.tensor([[3.0, 4.0, 0.0]])
        >>> StudentLoss()(output, torch.zeros(1, 2), torch.ones(1)).exp().round().item()  # (1 + 5^2) squared
        676.0
        """
        log_scale = output[..., 2]
        squared = (output[..., :2] - target).square().sum(-1)
        values = 2 * log_scale + 2 * torch.log1p(squared * torch.exp(-2 * log_scale))
        return self.loss_weight * (values * target_weight).sum() / target_weight.sum().clamp(min=1e-6)
