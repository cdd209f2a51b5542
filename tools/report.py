"""Write one HTML page about one or several tests: tables, MOTA over time, and who is followed by whom, frame by frame.
Or, with --video, about a tracked video without ground truth.

RESULTS are folders that tools/test.py --out-dir wrote, or folders of PoseTrack result files. Where annotations and
images are, and which joints count, is taken from the config in such a folder, unless it is said here. The page holds
all that it shows and needs no network: it can be sent and kept.

With --video RESULTS is the one JSON file of a video that tools/track_video.py tracked, and the page is the one that its
--report writes: identities over time, pictures and speeds of each, and, if it is there, the overlay NAME.mp4.

examples:
  python tools/report.py results
  python tools/report.py outputs/quickstart/test/* --out report.html
  python tools/report.py tracked --annotations data/posetrack18/annotations/val --images data/posetrack18
  python tools/report.py a b --sequences 000342_mpii_test 000522_mpii_test --max-frames 40
  python tools/report.py outputs/videos/dance.json --video dance.mp4
"""

import argparse
from pathlib import Path

from mmgnntrack.apis import FrameSource
from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.files import remove_unfinished, write_text
from mmgnntrack.posetrack import read_poses, read_video
from mmgnntrack.posetrack.errors import printable
from mmgnntrack.report import PICTURES, build_report, by_number, write_video_report

#: Options about tests; a tracked video has no use for them.
OF_TESTS = ('annotations', 'images', 'joint_score_thr', 'max_frames', 'sequences')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument(
        'results', metavar='RESULTS', type=Path, nargs='+', help='folders; the others are compared with the first'
    )
    help = 'default: report.html, or with --video NAME.html beside NAME.json'
    parser.add_argument('--out', metavar='FILE', type=Path, help=help)
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
    parser.add_argument(
        '--video', metavar='SOURCE', help='what was tracked: a video file, a folder, or a glob of frames'
    )
    parser.add_argument('--fps', type=float, help="where SOURCE does not say (default: the overlay's, or 25)")
    args = parser.parse_args()
    if args.video is not None:
        useless = [f'--{name.replace("_", "-")}' for name in OF_TESTS if getattr(args, name) is not None]
        if useless:
            parser.error(f'--video: {", ".join(useless)} is about tests')
        if len(args.results) > 1:
            parser.error(f'--video: expected one JSON file, got {len(args.results)}')
    args.out = args.out or (args.results[0].with_suffix('.html') if args.video else Path('report.html'))
    if args.max_frames is not None and args.max_frames < 0:
        parser.error(f'--max-frames: expected at least 0, got {args.max_frames}')
    return args


def run(args: argparse.Namespace) -> None:
    """Build the page and write it."""
    if not args.out.parent.is_dir():
        raise FileNotFoundError(f'{args.out.parent}: no such folder to write the page to')
    remove_unfinished(args.out.parent)
    if args.video is not None:
        run_video(args)
        return
    page, sequences = build_report(
        args.results, args.annotations, args.images, args.joint_score_thr, args.max_frames, args.sequences
    )
    write_text(args.out, page)
    size = args.out.stat().st_size / 1e6
    print(printable(f'{args.out}: runs: {len(args.results)}, sequences: {len(sequences)}, {size:.1f} MB'))


def run_video(args: argparse.Namespace) -> None:
    """Write the page about a tracked video."""
    source = FrameSource(args.video)
    if source.live:
        raise ValueError(f'--video {args.video}: a live source cannot be read again')
    (path,) = args.results
    video = read_video(path, predictions=True, skeleton=read_poses(path).skeleton)  # the latter takes no identities
    overlay = path.with_suffix('.mp4')
    fps = source.fps or args.fps or (FrameSource(overlay).fps if overlay.is_file() else None) or 25.0
    write_video_report(args.out, by_number(video), source.frames(), fps, overlay, args.video)
    print(printable(f'{args.out}: {len(video)} frames, {args.out.stat().st_size / 1e6:.1f} MB'))


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
