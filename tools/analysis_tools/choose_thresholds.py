"""Choose the score thresholds below which joints and poses do not count for MOTA.

GT are annotations of videos that no figures are reported on, such as some of the training set, and PRED what a test
wrote of them (tools/test.py --out-dir, its folder `posetrack`). All thresholds are tried on the same files: the joints'
first, then the poses' beside the best one. Prints MOTA and its errors, and draws MOTA over both. What is best goes into
`val_evaluator.joint_score_thr` and `pose_score_thr` of the config.

examples:
  python tools/analysis_tools/choose_thresholds.py annotations/train results/posetrack --out thresholds.png
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tqdm import tqdm

from mmgnntrack.analysis.tables import table
from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.evaluation.files import pair_files
from mmgnntrack.evaluation.functional import filter_predictions
from mmgnntrack.evaluation.functional.average_precision import mean_over_joints
from mmgnntrack.evaluation.functional.clear_mot import MotCounts, count_sequence, mot_percentages
from mmgnntrack.evaluation.functional.matching import match_video
from mmgnntrack.posetrack import PoseVideo, read_video

COLUMNS = {'MOTA': 'mota', 'Miss': 'miss_rate', 'Switch': 'switch_rate', 'FP': 'false_positive_rate'}
Videos = Sequence[tuple[PoseVideo, PoseVideo]]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('gt', metavar='GT', type=Path, help='annotations, a folder or a file')
    parser.add_argument('pred', metavar='PRED', type=Path, help='results of these videos, a folder or a file')
    parser.add_argument('--steps', metavar='N', type=int, default=20, help='thresholds from 0 to 1 (%(default)s)')
    parser.add_argument('--out', metavar='FILE', type=Path, help='PNG of MOTA against the thresholds')
    args = parser.parse_args()
    if args.steps < 1:
        parser.error(f'--steps: expected 1 or more, got {args.steps}')
    return args


def figures(videos: Videos, joints: float, poses: float) -> dict[str, float]:
    """The totals of `COLUMNS` without joints and poses below two thresholds."""
    counts = (count_sequence(match_video(gt, filter_predictions(pred, joints, poses))) for gt, pred in videos)
    found = mot_percentages(sum(counts, MotCounts.zeros()))
    return {column: mean_over_joints(found[name]) for column, name in COLUMNS.items()}


def draw(path: Path, curves: dict[str, tuple[np.ndarray, list[float]]]) -> None:
    """MOTA against each kind of threshold."""
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='threshold', ylabel='MOTA')
    for name, (thresholds, motas) in curves.items():
        (line,) = axes.plot(thresholds, motas, marker='.', label=name)
        best = int(np.nanargmax(motas))
        axes.plot(thresholds[best], motas[best], 'o', color=line.get_color(), markersize=9)
    axes.grid(alpha=0.3)
    axes.legend()
    FigureCanvasAgg(figure).print_png(path)


def run(args: argparse.Namespace) -> None:
    """Read once, try all, print and draw."""
    pairs, _ = pair_files(args.gt, args.pred)
    videos = [(read_video(pair.gt), read_video(pair.pred, predictions=True)) for pair in pairs]
    thresholds = np.arange(args.steps) / args.steps
    curves, rows, best = {}, [], [0.0, 0.0]
    for kind, name in enumerate(('joint_score_thr', 'pose_score_thr')):
        tried = []
        for threshold in tqdm(thresholds, desc=name, disable=None):
            best[kind] = float(threshold)
            tried.append(figures(videos, *best))
            values = [f'{tried[-1][column]:.1f}' for column in COLUMNS]
            rows.append([f'{best[0]:g}', f'{best[1]:g}', *values])
        motas = [found['MOTA'] for found in tried]
        best[kind] = float(thresholds[int(np.nanargmax(motas))])
        curves[name if kind == 0 else f'{name}, with joint_score_thr={best[0]:g}'] = thresholds, motas
    print(table(['joint_score_thr', 'pose_score_thr', *COLUMNS], rows, texts=()))
    print(f'\nbest of {len(videos)} videos: joint_score_thr={best[0]:g}, pose_score_thr={best[1]:g}')
    if args.out:
        draw(args.out, curves)


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
