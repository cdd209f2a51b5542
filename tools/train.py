"""Trains a model: a dynamics head, or one of its parts (any MMDet or MMPose config).

Examples:
    python tools/train.py configs/gnn_hrnet_w48_posetrack18.py
    python tools/train.py configs/gnn_hrnet_w48_posetrack18.py --resume --amp
    mim train mmgnntrack configs/gnn_hrnet_w48_posetrack18.py
"""

import argparse
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.engine.claims import EXPIRY, Claim
from mmgnntrack.engine.launch import FILE_ERRORS, add_common_arguments, build_runner, latest_checkpoint, load_config

#: Seconds that a training waits for one that died on another machine, as after a scheduler has moved it.
PATIENCE = 1.2 * EXPIRY


class ClaimHook(Hook):
    """Ends a training that was suspended for so long that another one has taken over its folder.

    Args:
        claim: on the folder.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim

    def after_train_iter(self, *_: object, **__: object) -> None:
        self.claim.check()


def parse_args() -> argparse.Namespace:
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to go on from; without a name, the newest in the work folder, if any',
    )
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='no validation during training')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    config = load_config(args)
    if args.resume:
        config.load_from = latest_checkpoint(config.work_dir) if args.resume == 'auto' else args.resume
        config.resume = config.load_from is not None
    if args.amp:
        if not torch.cuda.is_available():
            raise SystemExit('--amp needs a GPU: mixed precision is not supported on CPU. Leave the flag out.')
        config.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
    if args.auto_scale_lr:
        config.setdefault('auto_scale_lr', {})['enable'] = True
    runner = build_runner(config)
    if not is_main_process():
        runner.train()
        return
    # Two trainings in one folder would write over each other's checkpoints.
    with Claim(Path(runner.work_dir) / '.training.claim', PATIENCE) as claim:
        runner.register_hook(ClaimHook(claim))
        runner.train()


if __name__ == '__main__':
    with one_line_errors(FILE_ERRORS):
        main()
