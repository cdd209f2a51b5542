"""How the networks run, whatever they find."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from .top_down_estimator import TopDownEstimator


@dataclass(frozen=True)
class Speed:
    """Ways to run the same networks faster.

    Args:
        amp: mixed precision, float16 on a GPU and bfloat16 on a CPU. Few CPUs have the arithmetic; without it the
            estimator takes seven times as long. On an H200 it gains next to nothing. Heatmaps, fusion and decoding stay
            float32.
        channels_last: the estimator's convolutions in the memory layout that most of their kernels want, 7 to 10 % less
            time on a CPU. Deformable convolutions of mmcv refuse it.
        tf32: let a GPU multiply matrices in TF32, as it does convolutions anyway.
        cuda_graphs: run the estimator's backbone on a GPU as `CUDAGraphs`, for one person in half of the time.
    """

    amp: bool = False
    channels_last: bool = True
    tf32: bool = False
    cuda_graphs: bool = True

    def prepare(self, estimator: TopDownEstimator) -> None:
        """Makes an estimator ready, once."""
        if self.channels_last:
            estimator.model.to(memory_format=torch.channels_last)
        if self.tf32:
            torch.set_float32_matmul_precision('high')
        if self.cuda_graphs:
            estimator.record()

    def running(self, device: torch.device) -> AbstractContextManager:
        """While open, the networks run so; without `amp` as they would anyway."""
        return torch.autocast(device.type, enabled=self.amp or torch.is_autocast_enabled(device.type))
