"""Measure what the dynamics head gains on SynthTrack: the rows of the paper's ablations, over several training seeds.

Detector and pose estimator are trained already (by tools/quickstart.sh --long); the dynamics head is trained here, for
each seed and each of its variants. All rows track the same detections and the same estimated poses. Prints a table for
each data set: means over the seeds and, behind +-, their standard deviation. The last column is the share of the joints
labelled as occluded that lie within half a head of the truth.

What was trained or tested before is not done again. --plot also draws MOTA against what each row adds to the pose
estimator (OUT/cost.png).

examples:
  python tools/make_synthtrack.py --out data/synthtrack_hard --hard --train-videos 0
  python tools/analysis_tools/study_synthtrack.py data/synthtrack data/synthtrack_hard --out outputs/study \\
      --detector outputs/long/detector/iter_1000.pth --pose-estimator outputs/long/pose/iter_2700.pth
  python tools/analysis_tools/study_synthtrack.py ... --seeds 0 --rows oks full
  python tools/analysis_tools/study_synthtrack.py ... --seeds 0 --rows oks full wide tight early coarse --plot
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from mmgnntrack.analysis.cost_plot import plot_against_cost
from mmgnntrack.analysis.occlusion import occluded_pckh
from mmgnntrack.analysis.tables import table_over_seeds

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/mini/gnn_hrnet-mini_synthtrack.py'
COLUMNS = ('mAP', 'MOTA', 'Miss', 'Switch', 'FP', 'IDF1', 'HOTA')
OCCLUDED = 'PCKh occluded'


def searching(**search: object) -> list[str]:
    """The settings of search regions, for the model and for its training."""
    places = ('model.pose_estimator', 'train_dataloader.dataset.pipeline.4')
    return [f'{place}.search.{name}={value}' for name, value in search.items() for place in places]


#: The paper's search regions, of 2 x 1.5 boxes.
PAPER_REGION = searching(scale='(2.0,1.5)')
#: Variants of the dynamics head: settings for its training and its tests.
HEADS = {
    'head': [],
    'two_frames': ['model.tracker.memory.length=1', 'train_dataloader.dataset.pipeline.0.length=2'],
    'half_width': ['model.tracker.dynamics_head.feat_channels=32'],
    'wide': PAPER_REGION,
    'tight': searching(scale='(1.0,1.0)'),
    'early': [
        *PAPER_REGION,
        'model.pose_estimator.feature_layers=(backbone.stage2,backbone.stage3)',
        'model.tracker.dynamics_head.visual_channels=32',
    ],
    'coarse': PAPER_REGION + searching(coarsen=1.5),
    # As configs/ablations/paper_hrnet_w48_posetrack18.py: all that the paper says, the rest as in the config.
    'paper': [
        *PAPER_REGION,
        'model.tracker.dynamics_head.motion_prior=False',
        'model.tracker.dynamics_head.scaled_attention=False',
        'model.tracker.dynamics_head.position_scale=pixel',
        'train_dataloader.dataset.pipeline.3.noise=0.0',
        'train_dataloader.dataset.pipeline.3.outlier_rate=0.0',
        'train_dataloader.dataset.pipeline.3.scores=(1.0,1.0)',
        f'train_dataloader.dataset.pipeline.4.codec.sigma={1.5 / 2**0.5}',
        'optim_wrapper.clip_grad=None',
    ],
}

#: The paper's rules of tracking, beside its head.
PAPER_RULES = [
    'model.tracker.alignment=centre',
    'model.tracker.confidence_power=0.0',
    'model.tracker.unseen_power=0.0',
    'model.tracker.coasting=False',
    'model.tracker.predicted_weight=0.5',
]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        title: in the table.
        matching: how poses are matched.
        head: key of `HEADS`; None for no head, and so no seeds.
        options: settings of its tests.
    """

    title: str
    matching: str
    head: str | None = None
    options: list[str] = field(default_factory=list)


ROWS = {
    'iou': Row('iou', 'iou'),
    'oks': Row('oks', 'oks'),
    'gnn': Row('gnn', 'gnn', 'head'),
    'full': Row('full', 'full', 'head'),
    'two_frames': Row('full, two frames', 'full', 'two_frames'),
    'half_width': Row('full, half width', 'full', 'half_width'),
    'wide': Row("full, the paper's search regions", 'full', 'wide'),
    'tight': Row('full, search regions of 1 x 1 box', 'full', 'tight'),
    'early': Row('full, those without stage 4', 'full', 'early'),
    'coarse': Row('full, those at 2/3 of the resolution', 'full', 'coarse'),
    'mean': Row('full, fixed average', 'full', 'head', ['model.tracker.confidence_power=0.0']),
    'no_coasting': Row('full, no coasting', 'full', 'head', ['model.tracker.coasting=False']),
    'paper_gnn': Row("gnn, the paper's method", 'gnn', 'paper', PAPER_RULES),
    'paper': Row("full, the paper's method", 'full', 'paper', PAPER_RULES),
}


def run(script: str, arguments: list[str], log: Path) -> None:
    """One of the launchers in tools/, on all cores.

    Raises:
        RuntimeError: with the end of its log, if it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | dict(OMP_NUM_THREADS='1', PYTHONWARNINGS='ignore')
    with log.open('w') as file:
        done = subprocess.run(
            ['bash', str(ROOT / 'tools' / script), *arguments], stdout=file, stderr=subprocess.STDOUT, env=environment
        )
    if done.returncode:
        raise RuntimeError(f'{script} failed; the end of {log}:\n' + log.read_text()[-2000:])


def parts(args: argparse.Namespace) -> list[str]:
    """The settings that name the trained parts."""
    return [
        f'custom_hooks.0.detector={args.detector.resolve()}',
        f'custom_hooks.0.pose_estimator={args.pose_estimator.resolve()}',
    ]


def train(args: argparse.Namespace, head: str, seed: int) -> Path:
    """The checkpoint of a variant of the dynamics head, trained if it is not there."""
    folder = args.out / 'train' / f'{head}_seed{seed}'
    checkpoint = folder / f'iter_{args.iters}.pth'
    if checkpoint.is_file():
        return checkpoint
    print(f'training {folder.name}; log: {folder}.log', file=sys.stderr, flush=True)
    warm_up = args.iters // 10 + 2
    settings = [
        f'randomness.seed={seed}',
        f'train_cfg.max_iters={args.iters}',
        f'default_hooks.checkpoint.interval={args.iters}',
        f'param_scheduler.0.end={warm_up}',
        f'param_scheduler.1.begin={warm_up}',
        f'param_scheduler.1.end={args.iters}',
        f'train_dataloader.dataset.data_root={args.data[0].resolve()}/',
        f'train_dataloader.batch_size={16 // args.processes}',
    ]
    arguments = [str(CONFIG), str(args.processes), '--work-dir', str(folder), '--no-validate', '--cfg-options']
    run('dist_train.sh', [*arguments, *settings, *parts(args), *HEADS[head]], folder.with_suffix('.log'))
    return checkpoint


def test(args: argparse.Namespace, data: Path, name: str, seed: int) -> dict[str, float]:
    """The figures of a row on a data set's validation videos."""
    row = ROWS[name]
    folder = args.out / 'test' / data.name / (f'{name}_seed{seed}' if row.head else name)
    file = folder / 'metrics.json'
    if not file.is_file():
        checkpoint = str(train(args, row.head, seed)) if row.head else 'none'
        print(f'testing {folder.name} on {data.name}; log: {folder}.log', file=sys.stderr, flush=True)
        settings = [
            f'model.tracker.matching={row.matching}',
            f'model.cache_dir={args.out / "cache" / data.name}',
            f'test_dataloader.dataset.data_root={data.resolve()}/',
            f'test_evaluator.ann_dir={data.resolve()}/annotations/val',
        ]
        arguments = [str(CONFIG), checkpoint, str(args.processes), '--work-dir', str(folder), '--out-dir', str(folder)]
        options = [*settings, *parts(args), *(HEADS[row.head] if row.head else []), *row.options]
        run('dist_test.sh', [*arguments, '--cfg-options', *options], folder.with_suffix('.log'))
    figures = json.loads(file.read_text())
    found = {column: figures[f'posetrack/{column}'] for column in COLUMNS}
    return found | {OCCLUDED: occluded_pckh(data / 'annotations/val', folder / 'posetrack')}


def added_cost(args: argparse.Namespace, head: str | None) -> float:
    """What a variant of the dynamics head adds, in multiplications for a person, of those of the pose estimator."""
    if head is None:
        return 0.0
    file = args.out / 'cost' / f'{head}.json'
    if not file.is_file():
        print(f'counting the multiplications of {head}', file=sys.stderr, flush=True)
        file.parent.mkdir(exist_ok=True)
        sizes = ['--people', '1', '--frames', '1', '--warm-up', '1', '--json', str(file)]
        options = ['--cfg-options', *HEADS[head]] if HEADS[head] else []
        benchmark = str(Path(__file__).with_name('benchmark_tracker.py'))
        subprocess.run([sys.executable, benchmark, str(CONFIG), *sizes, *options], check=True, capture_output=True)
    return json.loads(file.read_text())['figures'][0]['added_gmac_ratio']


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, nargs='+', help='data sets; the first one is trained on')
    parser.add_argument('--out', type=Path, required=True, help='where everything goes')
    parser.add_argument('--detector', type=Path, required=True, help='checkpoint')
    parser.add_argument('--pose-estimator', type=Path, required=True, help='checkpoint')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='of the dynamics head (default: 0 1 2)')
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS), help='default: all')
    parser.add_argument('--iters', type=int, default=300, help='of the dynamics head (default: %(default)s)')
    parser.add_argument('--processes', type=int, default=min(os.cpu_count() or 1, 4), help='default: %(default)s')
    parser.add_argument('--plot', action='store_true', help='also draw MOTA against added cost')
    args = parser.parse_args()
    for path in (*args.data, args.detector, args.pose_estimator):
        if not path.exists():
            parser.error(f'not found: {path}')
    args.out = args.out.resolve()
    return args


def main() -> None:
    """Train, test, print."""
    args = parse_args()
    tables, motas = [], {}
    for data in args.data:
        rows = {
            ROWS[name].title: [test(args, data, name, seed) for seed in (args.seeds if ROWS[name].head else [0])]
            for name in args.rows
        }
        found = table_over_seeds('matching', (*COLUMNS, OCCLUDED), rows)
        tables.append(f'{data.name}, seeds {" ".join(map(str, args.seeds))}\n\n{found}')
        print('\n' + tables[-1], flush=True)
        motas[data.name] = {title: [seed['MOTA'] for seed in seeds] for title, seeds in rows.items()}
    (args.out / 'table.md').write_text('\n\n'.join(tables) + '\n')
    if args.plot:
        costs = {ROWS[name].title: added_cost(args, ROWS[name].head) for name in args.rows}
        plot_against_cost(args.out / 'cost.png', costs, motas)


if __name__ == '__main__':
    main()
