"""Measure the milliseconds per frame of each stage of the tracker, the multiplications of its networks (GMAC, in one
frame more), and its memory, against the number of people.

Weights are random: the time does not depend on them. But what they find is no person, so that scripted people take the
place of the networks' answers, after the networks have run and been timed. All have the same figure; each sways in a
cell of a grid. So a frame has exactly as many poses, tracklets and matches as people. The detector's boxes are left.

--mmpose also times MMPose's own loop, `inference_topdown` with the same model and boxes, without tracking.

With --length the tracker alone runs through a long video of poses that were made once, without detector, estimator and
search-region features. People leave for so long that they come back as new ones. Neither time nor memory should grow.

Examples:
    python tools/analysis_tools/benchmark_tracker.py configs/mini/gnn_hrnet-mini_synthtrack.py
    python tools/analysis_tools/benchmark_tracker.py configs/gnn_hrnet_w48_posetrack18.py --people 1 5 --frames 1
    python tools/analysis_tools/benchmark_tracker.py configs/gnn_hrnet_w48_posetrack18.py --fp16 --json speed.json
    python tools/analysis_tools/benchmark_tracker.py configs/mini/gnn_hrnet-mini_synthtrack.py \\
        --people 5 --length 10000 \\
        --cfg-options model.pose_estimator.search.coarsen=2 model.tracker.dynamics_head.feat_channels=16
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmengine.utils import track_iter_progress

from mmgnntrack.analysis.tables import table
from mmgnntrack.analysis.tracker_stages import BOOKKEEPING, MMPOSE, NETWORKS, STAGES, TrackerBenchmark
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.registry import MODELS


def figures_table(header: list[str], rows: list[list[str | int | float]]) -> str:
    """A Markdown table of figures with three digits."""

    def text(cell: str | int | float) -> str:
        if isinstance(cell, float):
            return f'{cell:.0f}' if cell >= 100 else f'{cell:.3g}'
        return str(cell)

    return table(header, [list(map(text, row)) for row in rows])


def stages_table(sizes: list[dict]) -> str:
    """A row for each stage and sum, a column for each number of people."""
    sums = {
        'added by the method, of the pose estimator, in ms': 'added_milliseconds_ratio',
        'added by the method, of the pose estimator, in GMAC': 'added_gmac_ratio',
        'frames per second': 'frames_per_second',
        f'{MMPOSE} instead of the pose estimator, ms': 'mmpose_milliseconds',
        'frames per second, of those of detector and that loop: full': 'speed_of_mmpose_full',
        'frames per second, of those of detector and that loop: oks': 'speed_of_mmpose_oks',
        f'{", ".join(BOOKKEEPING)}: % of the pose estimator': 'bookkeeping_percent',
        'peak memory, MiB': 'peak_memory_mib',
    }
    rows = [[f'{stage}, ms', *(size['milliseconds'][stage] for size in sizes)] for stage in STAGES]
    rows += [[f'{stage}, GMAC', *(size['gmac'][stage] for size in sizes)] for stage in NETWORKS]
    rows += [[name, *(size[key] for size in sizes)] for name, key in sums.items() if key in sizes[0]]
    return figures_table(['people', *(str(size['people']) for size in sizes)], rows)


def long_video_table(tenths: list[dict]) -> str:
    """A row for each tenth of the video."""
    names = {
        'frames': 'frames',
        'ms per frame': 'milliseconds',
        f'{", ".join(BOOKKEEPING)}, ms': 'bookkeeping_milliseconds',
        'memory, MiB': 'memory_mib',
        'tracklets at most': 'most_tracklets',
        'ids so far': 'visits',
    }
    return figures_table(list(names), [[tenth[key] for key in names.values()] for tenth in tenths])


def positive(text: str) -> int:
    """A number of at least 1 on the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a number of at least 1, got {text}')
    return int(text)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path, help='of a VideoPoseTracker with detector and dynamics head')
    parser.add_argument('--people', type=positive, nargs='+', default=[1, 5, 10, 20, 40], help='default: 1 5 10 20 40')
    parser.add_argument(
        '--frames', type=positive, help='frames that are measured for each size (default: 3, on a GPU 50)'
    )
    parser.add_argument('--warm-up', type=positive, help='frames before them that are not (default: 2, on a GPU 10)')
    parser.add_argument(
        '--length', type=positive, help='frames of one long video, for each size, instead of the stages'
    )
    parser.add_argument(
        '--image-size', type=positive, nargs=2, default=[1280, 720], metavar=('W', 'H'), help='in pixels'
    )
    parser.add_argument('--device', type=torch.device, default=get_device(), help='default: the GPU, if there is one')
    parser.add_argument('--mmpose', action='store_true', help="also time MMPose's own loop")
    parser.add_argument('--fp16', action='store_true', help='mixed precision')
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    parser.add_argument('--json', type=Path, help='also write the figures here')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings that override the config')
    args = parser.parse_args()
    if not args.config.is_file():
        parser.error(f'config not found: {args.config}')
    if args.json and not args.json.parent.is_dir():
        parser.error(f'no such folder: {args.json.parent}')
    if args.fp16 and args.device.type != 'cuda':
        parser.error('--fp16 needs a GPU: mixed precision is not supported on CPU. Leave the flag out.')
    on_gpu = args.device.type == 'cuda'
    args.frames = args.frames or (50 if on_gpu else 3)
    args.warm_up = args.warm_up or (10 if on_gpu else 2)
    args.people.sort()  # the peak of a process's memory only grows
    return args


def build(args: argparse.Namespace) -> VideoPoseTracker:
    """The config's model with random weights."""
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options or {})
    init_default_scope(config.default_scope)
    set_random_seed(args.seed)
    model = MODELS.build(config.model)
    if not isinstance(model, VideoPoseTracker) or model.detector is None or not model.tracker.mode.predicts:
        raise SystemExit(f'{args.config}: expected a VideoPoseTracker with a detector and matching gnn or full')
    return model.to(args.device).eval()


def main() -> None:
    args = parse_args()
    benchmark = TrackerBenchmark(build(args), args.image_size, args.seed)
    on_gpu = args.device.type == 'cuda'
    machine = dict(
        config=args.config.as_posix(),
        device=torch.cuda.get_device_name() if on_gpu else f'CPU, {torch.get_num_threads()} threads',
        torch=torch.__version__,
        dtype='float16 (autocast)' if args.fp16 else 'float32',
        image_size='{} x {}'.format(*args.image_size),
        frames=args.length or f'{args.frames} after {args.warm_up}',
        seed=args.seed,
    )
    print(', '.join(f'{name} {value}' for name, value in machine.items()), flush=True)
    with torch.no_grad(), torch.autocast(args.device.type, torch.float16, enabled=args.fp16):
        if args.length:
            figures = {}
            for count in args.people:
                tenths = track_iter_progress((benchmark.long_video(count, args.length), 10), file=sys.stderr)
                figures[count] = list(tenths)
                print(f'\nup to {count} people\n\n{long_video_table(figures[count])}')
        else:
            figures = [benchmark.stages(count, args.frames, args.warm_up, args.mmpose) for count in args.people]
            print(f'\n{stages_table(figures)}')
    if args.json:
        args.json.write_text(json.dumps(dict(machine, figures=figures), indent=2))


if __name__ == '__main__':
    main()
