"""Heads of poses alone, trained for a study."""

import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner, load_checkpoint

from mmgnntrack.models import DynamicsHead
from mmgnntrack.registry import MODELS


def trained(config: Config, videos: list[str] | None, seed: int, work_dir: Path) -> DynamicsHead:
    """The dynamics head of a config after its training on some sequences. What was trained before is not again.

    Args:
        config: of poses alone, see `configs/pose_only`.
        videos: names of the sequences; None for all.
        seed: of the training.
        work_dir: where the checkpoint is, or goes.
    """
    config = config.copy()
    config.work_dir = str(work_dir)
    config.randomness = dict(seed=seed)
    config.train_dataloader.dataset.videos = videos
    checkpoint = work_dir / f'iter_{config.train_cfg.max_iters}.pth'
    if not checkpoint.is_file():
        print(f'training {work_dir.name}; log: {work_dir}/*/*.log', file=sys.stderr, flush=True)
        Runner.from_cfg(config).train()
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, str(checkpoint), map_location='cpu', strict=True)
    return model.tracker.dynamics_head
