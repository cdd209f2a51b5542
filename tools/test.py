"""Tests a model.

Examples:
    python tools/test.py configs/gnn_hrnet_w48_posetrack18.py work_dirs/gnn_hrnet_w48_posetrack18/epoch_10.pth
    python tools/test.py CONFIG CHECKPOINT --out-dir results --cfg-options model.tracker.matching=oks
    python tools/test.py CONFIG CHECKPOINT --show-dir overlays --show-videos 000342_mpii_test
    python tools/test.py CONFIG CHECKPOINT --show-dir overlays --show-panels fusion heatmaps attention
    python tools/test.py CONFIG CHECKPOINT --amp
    mim test mmgnntrack CONFIG --checkpoint CHECKPOINT
"""

import argparse
import json
from pathlib import Path

from mmengine.dist import is_main_process

from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.engine.launch import FILE_ERRORS, add_common_arguments, build_runner, load_config, writable_folder
from mmgnntrack.files import write_text
from mmgnntrack.visualization import PANELS


def parse_args() -> argparse.Namespace:
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file; "none" for the weights as built')
    parser.add_argument('--out-dir', help='where the result files and the figures (metrics.json) go')
    parser.add_argument('--show-dir', help='where overlay videos and contact sheets go')
    parser.add_argument('--show-score-thr', type=float, default=0.2, help='joints below are not drawn (%(default)s)')
    parser.add_argument('--show-videos', nargs='+', metavar='NAME', help='draw these videos only')
    parser.add_argument(
        '--show-panels', nargs='+', choices=PANELS, default=(), help='also draw these of what the tracker did'
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision, for GPUs (`model.amp`)')
    add_common_arguments(parser)
    args = parser.parse_args()
    if args.checkpoint is None:
        parser.error('expected a checkpoint, or "none" for weights as they are built, which nobody has trained')
    if args.show_panels and not args.show_dir:
        parser.error('--show-panels needs --show-dir')
    return args


def main() -> None:
    args = parse_args()
    config = load_config(args)
    if args.amp:
        config.model.amp = True
    config.load_from = None if args.checkpoint == 'none' else args.checkpoint
    if config.load_from and '://' not in config.load_from and not Path(config.load_from).is_file():
        raise SystemExit(f'checkpoint not found: {config.load_from}')
    for folder in filter(None, (args.out_dir, args.show_dir)):
        writable_folder(folder)
    if args.out_dir:
        for evaluator in config.test_evaluator if isinstance(config.test_evaluator, list) else [config.test_evaluator]:
            if evaluator['type'].endswith('PoseTrackMetric'):
                evaluator['outfile_dir'] = str(Path(args.out_dir) / 'posetrack')
    if args.show_dir:
        hook = dict(
            type='mmgnntrack.TrackVisualizationHook',
            out_dir=args.show_dir,
            videos=args.show_videos,
            score_thr=args.show_score_thr,
            panels=args.show_panels,
        )
        config.setdefault('custom_hooks', []).append(hook)
    runner = build_runner(config)
    if args.out_dir and is_main_process():
        config.dump(Path(args.out_dir) / 'config.py')
    metrics = runner.test() | {'boxes_from': runner.test_dataloader.dataset.metainfo.get('boxes_from')}
    if args.out_dir and is_main_process():
        path = Path(args.out_dir) / 'metrics.json'
        write_text(path, json.dumps(metrics, indent=2))


if __name__ == '__main__':
    with one_line_errors(FILE_ERRORS):
        main()
