"""Evaluate tracked poses as the PoseTrack benchmark does, and by IDF1 and HOTA. Needs numpy and scipy alone.

GT and PRED are folders of JSON files, paired by name, or two single files; PoseTrack17, 18 and 21 files may be mixed.
Prints the tables of the papers.

examples:
  python tools/eval_posetrack.py data/posetrack18/annotations/val results
  python tools/eval_posetrack.py gt/000001.json results/000001.json --no-quirks
  python tools/eval_posetrack.py gt results --out figures --per-sequence --jobs 8
  python tools/eval_posetrack.py gt results --joint-score-thr 0.4
  python tools/eval_posetrack.py posetrack21/val results --hota posetrack21
  python tools/eval_posetrack.py gt results --json | python -m json.tool
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')  # parallel by sequences; before numpy is there
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a checkout needs no installation

import numpy as np

from mmgnntrack.command_line import one_line_errors, tool_parser, warn
from mmgnntrack.disk_list import DiskList
from mmgnntrack.evaluation.files import NAMES, SequenceCounts, count_files, pair_files, write_official
from mmgnntrack.evaluation.functional import (
    HOTAS,
    EvaluationCounts,
    PoseTrackResult,
    figures,
    format_sequences,
    format_table,
)
from mmgnntrack.files import remove_unfinished

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('gt', metavar='GT', type=Path, help='annotations, a folder or a file')
    parser.add_argument('pred', metavar='PRED', type=Path, help='predictions, a folder or a file')
    parser.add_argument('--out', type=Path, metavar='DIR', help='write JSON files as the official evaluator does')
    parser.add_argument('--per-sequence', action='store_true', help='also print and write each sequence')
    parser.add_argument('--json', action='store_true', help='print JSON (null for NaN) instead of tables')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processes (default: %(default)s)')
    parser.add_argument(
        '--no-quirks', action='store_true', help="leave out the official evaluator's oddities; see docs/evaluation.md"
    )
    parser.add_argument(
        '--official-order',
        action='store_true',
        help="AP takes equal scores as the official evaluator does, in an order of this machine's: that of numpy's "
        'sort and of the files in their folder',
    )
    parser.add_argument(
        '--joint-score-thr',
        metavar='T',
        type=float,
        default=0.0,
        help='leave out joints with lower scores, as papers do before MOTA; AP is given with and without',
    )
    parser.add_argument(
        '--pose-score-thr', metavar='T', type=float, default=0.0, help='likewise poses with a lower mean score'
    )
    parser.add_argument(
        '--hota',
        choices=HOTAS,
        default='trackeval',
        help="whose definition: that of the paper about HOTA, or that of PoseTrack21's kit (default: %(default)s)",
    )
    args = parser.parse_args()
    if args.no_quirks and args.official_order:
        parser.error('--official-order: not with --no-quirks, where equal scores have no order')
    if args.jobs < 1:
        parser.error(f'--jobs: expected at least 1, got {args.jobs}')
    return args


def with_progress(sequences: Iterable[SequenceCounts], total: int) -> Iterator[SequenceCounts]:
    """The sequences, with a bar on the terminal, or without tqdm a line for each."""
    if tqdm is not None:
        yield from tqdm(sequences, total=total, unit='sequence', desc='evaluating', disable=None)
        return
    for number, sequence in enumerate(sequences, 1):
        if sys.stderr.isatty():
            print(f'[{number}/{total}] {sequence.name}', file=sys.stderr)
        yield sequence


@dataclass
class Figures:
    """Those of one or several sequences.

    Attributes:
        all: of all predictions.
        kept: of the filtered ones; the same where nothing is filtered.
    """

    all: PoseTrackResult
    kept: PoseTrackResult

    @classmethod
    def of(cls, sequences: Sequence[SequenceCounts], **order: bool) -> 'Figures':
        """Those of some sequences; for `order` see `figures`."""
        everything = figures(EvaluationCounts.total(sequence.counts for sequence in sequences), **order)
        if all(sequence.filtered is sequence.counts for sequence in sequences):
            return cls(everything, everything)
        kept = EvaluationCounts.total(sequence.filtered for sequence in sequences)
        return cls(everything, figures(kept, **order))

    def as_dict(self) -> dict[str, list[float | None]]:
        """All figures, each a list of 16 values: AP of all predictions and of the filtered ones, the rest of these."""
        found = asdict(self.kept) | {name: getattr(self.all, name) for name in ('ap', 'ap_precision', 'ap_recall')}
        found['ap_filtered'] = self.kept.ap
        arrays = {name: values.tolist() for name, values in found.items() if isinstance(values, np.ndarray)}
        return {name: [x if x == x else None for x in values] for name, values in arrays.items()}

    def table(self, thresholds: tuple[float, float]) -> str:
        """The papers' tables."""
        return format_table(self.all) if self.kept is self.all else format_table(self.all, self.kept, thresholds)


def as_json(args: argparse.Namespace, total: Figures, sequences: dict[str, Figures]) -> str:
    """All figures, and how they were made; the 16 values of each are for the names under `joints`."""
    document: dict[str, Any] = {
        'official_quirks': total.all.official_quirks,
        'filled_heads': total.all.filled_heads,
        'hota': args.hota,
        'joint_score_thr': args.joint_score_thr,
        'pose_score_thr': args.pose_score_thr,
        'joints': NAMES,
        'total': total.as_dict(),
    }
    if sequences:
        document['sequences'] = {name: own.as_dict() for name, own in sequences.items()}
    return json.dumps(document, allow_nan=False)


def run(args: argparse.Namespace) -> None:
    """Evaluate, print and write."""
    pairs, unused = pair_files(args.gt, args.pred, official_order=args.official_order)
    if unused:
        warn(f'no ground truth for {", ".join(map(str, unused))}')
    if args.out and args.per_sequence and any(pair.name == 'total' for pair in pairs):
        raise ValueError(
            'a sequence is called total, as the files of all of them are: rename it, or do without --per-sequence'
        )
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        remove_unfinished(args.out)
    thresholds = args.joint_score_thr, args.pose_score_thr
    how = dict(official_quirks=not args.no_quirks, hota=args.hota, thresholds=thresholds)
    sequences = DiskList(with_progress(count_files(pairs, **how, jobs=args.jobs), len(pairs)))
    found = [sequence.notes for sequence in sequences]
    for field in ('bbox_head', 'frames', 'scores', 'track_id'):
        notes = [own[field] for own in found if field in own]
        if notes:
            warn(notes[0] + (f' (also in {len(notes) - 1} other files)' if notes[1:] else ''))
    order = {'official_order': args.official_order}
    total, single = Figures.of(sequences, **order), {}
    if args.per_sequence:
        single = dict(sorted((sequence.name, Figures.of([sequence], **order)) for sequence in sequences))
    if args.out:
        for name, found in {'total': total, **single}.items():
            write_official(args.out, name, found.all, found.kept)
    if args.json:
        print(as_json(args, total, single))
        return
    if single:
        print(format_sequences({name: found.kept for name, found in single.items()}) + '\n')
    print(total.table(thresholds))
    if args.hota != 'trackeval':
        print("HOTA and its parts as PoseTrack21's kit defines them.")


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
