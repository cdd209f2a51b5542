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
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report_data import Rules, Run, SequenceCounts, distinct_tails
from report_page import render, sequence_data
from report_pictures import Background, as_data_uri, choose_moments, draw_frame
from report_timeline import Timeline
from tqdm import tqdm

from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.posetrack import PoseVideo, format_error, posetrack_files, read_video, write_text

#: Pictures in the page by default; one takes about 40 kB.
_PICTURES = 240
#: Percentage points between two figures that ought to be the same. Result files are rounded.
_TOLERANCE = 0.1


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
        f'{_PICTURES} pictures in the whole page, at least 4 for each sequence and run)',
    )
    parser.add_argument('--sequences', metavar='NAME', nargs='+', help='these only')
    args = parser.parse_args()
    if args.max_frames is not None and args.max_frames < 0:
        parser.error(f'--max-frames: expected at least 0, got {args.max_frames}')
    return args


def warn(text: str) -> None:
    """Print a warning."""
    print(f'warning: {text}', file=sys.stderr)


def find_annotations(runs: Sequence[Run], given: Path | None) -> Path:
    """The annotations that the command line or the first config names."""
    named = {run.name: Path(run.evaluator['ann_dir']) for run in runs if 'ann_dir' in run.evaluator}
    if given is None and not named:
        expected = 'a config.py with test_evaluator.ann_dir, or --annotations'
        raise format_error(runs[0].path, 'config', expected, 'none')
    folder = given or next(iter(named.values()))
    if not folder.exists():
        raise format_error(folder, 'folder', 'annotations, whose folder --annotations names', 'nothing')
    others = [name for name, own in named.items() if own.resolve() != folder.resolve()]
    if others:
        warn(f'all runs are compared with {folder}; other annotations were used in the test of {", ".join(others)}')
    return folder


def find_images(runs: Sequence[Run], given: Path | None) -> Path | None:
    """The folder of images that the command line or a config names, None with a warning if there is none."""
    if given is not None:
        if not given.is_dir():
            raise format_error(given, 'folder', 'the folder that image names are relative to', 'nothing')
        return given
    named = [run.images for run in runs if run.images]
    found = next((folder for folder in named if folder.is_dir()), None)
    if found is None:
        got = f'{named[0]} is not there' if named else 'no config names any'
        warn(f'frames are shown without images: {got}; --images names their folder')
    return found


def find_sequences(folder: Path, runs: Sequence[Run], wanted: Sequence[str] | None) -> dict[str, Path]:
    """The annotation files of the sequences to show, by name; every run has them."""
    files = {file.stem: file for file in posetrack_files(folder)}
    unknown = sorted(set(wanted or ()) - files.keys())
    if unknown:
        raise format_error(folder, '--sequences', f'some of {", ".join(files)}', ', '.join(unknown))
    names = [name for name in files if (name in wanted if wanted else any(name in run.files for run in runs))]
    if not names:
        raise format_error(runs[0].path, 'file', f'results for sequences of {folder}', ', '.join(runs[0].files))
    for run in runs:
        missing = [name for name in names if name not in run.files]
        if missing:
            expected = f'results for {", ".join(missing)}, as another run has (--sequences names those to compare)'
            raise format_error(run.path, 'file', expected if not wanted else f'results for {missing[0]}', 'none')
    unused = sorted({file for run in runs for name, file in run.files.items() if name not in files})
    if unused:
        warn(f'no annotations for {", ".join(map(str, unused))}')
    if not wanted and len(names) < len(files):
        warn(f'no results for {len(files) - len(names)} of the {len(files)} sequences in {folder}')
    return {name: files[name] for name in names}


def evaluate_sequence(
    gt: PoseVideo, predictions: Sequence[PoseVideo], rules: Sequence[Rules], images: Path | None, limit: int
) -> tuple[list[SequenceCounts], dict[str, Any], list[Path]]:
    """Evaluate a sequence, and follow and draw its people.

    Args:
        gt: annotations.
        predictions: of each run.
        rules: of each run.
        images: what image names are relative to, None to draw on an empty background.
        limit: how many frames to draw at most; the same for all runs, so that these compare.

    Returns:
        The counts of each run, what the page shows of the sequence, and which images could not be read.
    """
    kept = [own.kept(pred) for own, pred in zip(rules, predictions)]
    counts = [
        SequenceCounts.of(gt, pred, left, own.official_quirks) for own, pred, left in zip(rules, predictions, kept)
    ]
    timelines = [Timeline.of(gt, left, own.official_quirks) for own, left in zip(rules, kept)]
    frames = timelines[0].frames.tolist()
    moments = choose_moments([event for timeline in timelines for event in timeline.events()], len(frames), limit)
    background = Background(gt, images, kept)
    pictures: list[list[str]] = [[] for _ in kept]
    for index in (frames[moment] for moment in moments):
        image = background.image(index)
        for own, left in zip(pictures, kept):
            own.append(as_data_uri(draw_frame(image, gt.frames[index], left.frames[index])))
    files = [gt.frames[index].file_name for index in frames]
    return counts, sequence_data(gt.name, files, timelines, moments, pictures), background.missing


def read_predictions(run: Run, name: str, rules: Rules) -> PoseVideo:
    """A run's predictions of a sequence, with a warning where they have no scores."""
    pred = read_video(run.files[name], predictions=True)
    if any((np.isnan(frame.keypoint_scores) & frame.annotated).any() for frame in pred.frames):
        left_out = ', and the threshold leaves them out' if rules.kept(pred) is not pred else ''
        warn(f'{pred.path}: poses without scores rank last in AP{left_out}')
    return pred


def check_metrics(run: Run, figures: Mapping[str, np.ndarray]) -> None:
    """Say so where the test itself found other figures."""
    for name in ('mAP', 'MOTA'):
        own, here = run.metrics.get(f'posetrack/{name}'), float(figures[name][-1])
        if own is not None and abs(own - here) > _TOLERANCE:
            warn(f'{run.path / "metrics.json"}: {name} is {own:.2f} there, {here:.2f} here')


def run(args: argparse.Namespace) -> None:
    """Read, evaluate, draw and write."""
    runs = [Run.read(path, name) for path, name in zip(args.results, distinct_tails(args.results))]
    if not args.out.parent.is_dir():
        raise format_error(args.out.parent, 'folder', 'a folder to write the page to', 'nothing')
    annotations = find_annotations(runs, args.annotations)
    sequences = find_sequences(annotations, runs, args.sequences)
    images = find_images(runs, args.images)
    rules = [Rules.of(run, args.joint_score_thr) for run in runs]
    limit = args.max_frames if args.max_frames is not None else max(4, _PICTURES // (len(runs) * len(sequences)))
    counts, data, missing = {}, [], []
    for name in tqdm(sequences, unit='sequence', desc='drawing', disable=None):
        predictions = [read_predictions(run, name, own) for run, own in zip(runs, rules)]
        counts[name], shown, lost = evaluate_sequence(read_video(sequences[name]), predictions, rules, images, limit)
        data.append(shown)
        missing += lost
    if missing:
        warn(f'{len(missing)} frames are shown without images: cannot read {missing[0]}; --images names their folder')
    if args.sequences is None and args.joint_score_thr is None:
        for index, run in enumerate(runs):
            check_metrics(run, SequenceCounts.total([own[index] for own in counts.values()]).figures())
    write_text(args.out, render(runs, rules, counts, data, annotations))
    size = args.out.stat().st_size / 1e6
    print(f'{args.out}: runs: {len(runs)}, sequences: {len(sequences)}, {size:.1f} MB')


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
