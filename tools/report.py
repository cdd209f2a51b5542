"""Write one HTML page about one or several tests: tables, MOTA over time, and who is followed by whom, frame by frame.

RESULTS are folders that tools/test.py --out-dir wrote, or folders of PoseTrack result files. Where annotations and
images are, and which joints count, is taken from the config in such a folder, unless it is said here. The page holds
all that it shows and needs no network: it can be sent and kept.

examples:
  python tools/report.py results
  python tools/report.py outputs/quickstart/test/* --out report.html
  python tools/report.py tracked --annotations data/posetrack18/annotations/val --images data/posetrack18
  python tools/report.py a b --sequences 000342_mpii_test 000522_mpii_test --max-frames 40
"""

import argparse
from pathlib import Path

from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.files import write_text
from mmgnntrack.report import PICTURES, build_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument(
        'results', metavar='RESULTS', type=Path, nargs='+', help='folders; the others are compared with the first'
    )
    parser.add_argument('--out', metavar='FILE', type=Path, default=Path('report.html'), help='default: %(default)s')
    parser.add_argument('--annotations', metavar='DIR', type=Path, help="default: the config's")
    parser.add_argument(
        '--images', metavar='DIR', type=Path, help="what the images' names are relative to (default: the config's)"
    )
    parser.add_argument(
        '--joint-score-thr',
        metavar='SCORE',
        type=float,
        help="tracking figures and pictures leave out joints below (default: each config's, or 0)",
    )
    parser.add_argument(
        '--max-frames',
        metavar='N',
        type=int,
        help=f'frames with a picture, for each sequence and run: those where something happens first (default: '
        f'{PICTURES} pictures in the whole page, at least 4 for each sequence and run)',
    )
    parser.add_argument('--sequences', metavar='NAME', nargs='+', help='these only')
    args = parser.parse_args()
    if args.max_frames is not None and args.max_frames < 0:
        parser.error(f'--max-frames: expected at least 0, got {args.max_frames}')
    return args


def run(args: argparse.Namespace) -> None:
    """Build the page and write it."""
    if not args.out.parent.is_dir():
        raise FileNotFoundError(f'{args.out.parent}: no such folder to write the page to')
    page, sequences = build_report(
        args.results, args.annotations, args.images, args.joint_score_thr, args.max_frames, args.sequences
    )
    write_text(args.out, page)
    print(f'{args.out}: runs: {len(args.results)}, sequences: {len(sequences)}, {args.out.stat().st_size / 1e6:.1f} MB')


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
