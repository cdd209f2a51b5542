"""Evaluate tracked poses as the PoseTrack benchmark does, and by IDF1 and HOTA. Needs numpy and scipy alone.

GT and PRED are folders of JSON files, paired by name, or two single files; PoseTrack17, 18 and 21 files may be mixed.
Prints the tables of the papers.

examples:
  python tools/eval_posetrack.py data/posetrack18/annotations/val results
  python tools/eval_posetrack.py gt/000001.json results/000001.json --no-quirks
  python tools/eval_posetrack.py gt results --out figures --per-sequence --jobs 8
  python tools/eval_posetrack.py gt results --json | python -m json.tool
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')  # parallel by sequences; before numpy is there
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a checkout needs no installation

from mmgnntrack.command_line import one_line_errors, tool_parser, warn
from mmgnntrack.evaluation.files import NAMES, SequenceCounts, count_files, pair_files, write_official
from mmgnntrack.evaluation.functional import EvaluationCounts, PoseTrackResult, figures, format_sequences, format_table

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


def as_json(total: PoseTrackResult, sequences: dict[str, PoseTrackResult] | None) -> str:
    """All figures, each a list of 16 values for the names under `joints`."""

    def values(result: PoseTrackResult) -> dict[str, Any]:
        arrays = {name: array.tolist() for name, array in asdict(result).items() if name not in about}
        return {name: [x if x == x else None for x in array] for name, array in arrays.items()}

    about = {'official_quirks': total.official_quirks, 'filled_heads': total.filled_heads}
    document: dict[str, Any] = {**about, 'joints': NAMES, 'total': values(total)}
    if sequences is not None:
        document['sequences'] = {name: values(result) for name, result in sequences.items()}
    return json.dumps(document, allow_nan=False)


def run(args: argparse.Namespace) -> None:
    """Evaluate, print and write."""
    pairs, unused = pair_files(args.gt, args.pred, official_order=args.official_order)
    if unused:
        warn(f'no ground truth for {", ".join(map(str, unused))}')
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
    counted = count_files(pairs, official_quirks=not args.no_quirks, jobs=args.jobs)
    sequences = list(with_progress(counted, len(pairs)))
    unscored = [sequence.missing_scores for sequence in sequences if sequence.missing_scores]
    if unscored:
        warn(unscored[0] + (f' (also in {len(unscored) - 1} other files)' if unscored[1:] else ''))
    order = {'official_order': args.official_order}
    total = figures(EvaluationCounts.total([sequence.counts for sequence in sequences]), **order)
    single = None
    if args.per_sequence:
        sequences.sort(key=lambda sequence: sequence.name)
        single = {sequence.name: figures(sequence.counts, **order) for sequence in sequences}
    if args.out:
        for name, result in {'total': total, **(single or {})}.items():
            write_official(args.out, name, result)
    if args.json:
        print(as_json(total, single))
        return
    if single:
        print(format_sequences(single) + '\n')
    print(format_table(total))


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
