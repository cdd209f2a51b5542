"""From the results of tests to a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from mmgnntrack.command_line import warn
from mmgnntrack.posetrack import PoseVideo, read_video

from .page import render, sequence_data
from .pictures import Background, as_data_uri, choose_moments, draw_frame
from .runs import Rules, Run, RunCounts, distinct_tails
from .sources import find_annotations, find_images, find_sequences
from .timeline import Timeline

#: Pictures in the page by default; one takes about 40 kB.
PICTURES = 240
#: Percentage points between two figures that ought to be the same. Result files are rounded.
_TOLERANCE = 0.1


class Report(NamedTuple):
    """A page as HTML, and the names of the sequences in it."""

    page: str
    sequences: list[str]


def build_report(
    results: Sequence[Path],
    annotations: Path | None = None,
    images: Path | None = None,
    joint_score_thr: float | None = None,
    max_frames: int | None = None,
    wanted: Sequence[str] | None = None,
) -> Report:
    """One HTML page about one or several tests.

    Args:
        results: folders that tools/test.py --out-dir wrote, or folders of PoseTrack result files; the others are
            compared with the first.
        annotations: folder; None for the first config's.
        images: what the images' names are relative to; None for a config's.
        joint_score_thr: tracking figures and pictures leave out joints below; None for each config's.
        max_frames: frames with a picture, for each sequence and run; None for `PICTURES` pictures in the whole page, at
            least 4 for each sequence and run.
        wanted: names of the sequences; None for all.

    Raises:
        ValueError: naming a file, what was expected there and what came.
    """
    runs = [Run.read(path, name) for path, name in zip(results, distinct_tails(results))]
    folder = find_annotations(runs, annotations)
    sequences = find_sequences(folder, runs, wanted)
    images = find_images(runs, images)
    rules = [Rules.of(run, joint_score_thr) for run in runs]
    limit = max_frames if max_frames is not None else max(4, PICTURES // (len(runs) * len(sequences)))
    counts, data, missing = {}, [], []
    for name in tqdm(sequences, unit='sequence', desc='drawing', disable=None):
        predictions = [read_predictions(run, name, own) for run, own in zip(runs, rules)]
        counts[name], shown, lost = evaluate_sequence(read_video(sequences[name]), predictions, rules, images, limit)
        data.append(shown)
        missing += lost
    if missing:
        warn(f'{len(missing)} frames are shown without images: cannot read {missing[0]}; --images names their folder')
    if wanted is None and joint_score_thr is None:
        for index, run in enumerate(runs):
            check_metrics(run, RunCounts.total([own[index] for own in counts.values()]).figures())
    return Report(render(runs, rules, counts, data, folder), list(sequences))


def evaluate_sequence(
    gt: PoseVideo, predictions: Sequence[PoseVideo], rules: Sequence[Rules], images: Path | None, limit: int
) -> tuple[list[RunCounts], dict[str, Any], list[Path]]:
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
    counts = [RunCounts.of(gt, pred, left, own.official_quirks) for own, pred, left in zip(rules, predictions, kept)]
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
        left_out = ', and the threshold leaves them out' if max(rules.thresholds) > 0 else ''
        warn(f'{pred.path}: poses without scores rank last in AP{left_out}')
    return pred


def check_metrics(run: Run, figures: Mapping[str, np.ndarray]) -> None:
    """Say so where the test itself found other figures."""
    for name in ('mAP', 'MOTA'):
        own, here = run.metrics.get(f'posetrack/{name}'), float(figures[name][-1])
        if own is not None and abs(own - here) > _TOLERANCE:
            warn(f'{run.path / "metrics.json"}: {name} is {own:.2f} there, {here:.2f} here')
