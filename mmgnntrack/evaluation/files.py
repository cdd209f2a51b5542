"""Evaluation of files: which belong together, several sequences at once, and results in the official layout."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mmgnntrack.evaluation.functional import (
    EvaluationCounts,
    PoseTrackResult,
    aligned,
    count_video,
    filter_predictions,
    tracked_predictions,
)
from mmgnntrack.files import write_text
from mmgnntrack.posetrack import (
    POSETRACK17_JOINTS,
    PoseFrame,
    PoseTrackFormatError,
    PoseVideo,
    posetrack_files,
    read_video,
)
from mmgnntrack.posetrack.errors import printable

#: What the 16 values of each figure belong to.
NAMES = (*POSETRACK17_JOINTS, 'total')
#: Fields of predictions: what is unusual in a frame, and what it means.
_UNUSUAL: dict[str, tuple[Callable[[PoseFrame], bool], str]] = {
    'scores': (
        lambda frame: (np.isnan(frame.keypoint_scores) & frame.annotated).any(),
        'poses without scores rank last',
    ),
    'track_id': (lambda frame: (frame.track_ids < 0).any(), 'poses without a track id count for AP alone'),
}
#: The same of annotations.
_UNUSUAL_TRUTH: dict[str, tuple[Callable[[PoseFrame], bool], str]] = {
    'bbox_head': (
        lambda frame: (frame.head_bboxes[:, 2:] <= frame.head_bboxes[:, :2]).any(),
        'head boxes without a size: nothing is near enough to match',
    ),
}


@dataclass
class FilePair:
    """The two files of a sequence; its name is the stem of the annotations."""

    gt: Path
    pred: Path

    @property
    def name(self) -> str:
        """The sequence's name."""
        return self.gt.stem


@dataclass
class SequenceCounts:
    """What a sequence contributes to the figures.

    Attributes:
        name: of the sequence.
        counts: of the sequence.
        filtered: of its filtered predictions; the same object where nothing is filtered.
        notes: what is unusual about a field of the files, and where it is first: `frames` in another order (see
            `aligned`), head boxes without a size, poses without `scores`, which rank last, as in the official
            evaluator, and poses without a `track_id`, which AP alone sees.
    """

    name: str
    counts: EvaluationCounts
    filtered: EvaluationCounts
    notes: dict[str, str]


def pair_files(gt: str | Path, pred: str | Path, *, official_order: bool = False) -> tuple[list[FilePair], list[Path]]:
    """Pair the files of two folders by their stems; two single files pair whatever their names.

    Args:
        gt: a folder of annotations, or one file.
        pred: a folder of predictions, or one file.
        official_order: take the sequences in the order in which the file system lists the folder of annotations, as
            the official evaluator does, and not by name. It decides about equal scores, see `evaluate`.

    Returns:
        The pairs, and the prediction files that no annotations belong to.

    Raises:
        PoseTrackFormatError: for a folder that is not there or empty, and naming all annotations without predictions.
    """
    gt, pred = Path(gt), Path(pred)
    if gt.is_file() and pred.is_file():
        return [FilePair(gt, pred)], []
    predictions = {path.stem: path for path in posetrack_files(pred)}
    files = posetrack_files(gt)
    missing = [path.name for path in files if path.stem not in predictions]
    if missing:
        expected = f'a prediction file for each of {gt}'
        raise PoseTrackFormatError(f"{pred}, field 'file': expected {expected}, got none for {', '.join(missing)}")
    if official_order and gt.is_dir():
        listed = os.listdir(gt)
        files.sort(key=lambda path: listed.index(path.name))
    pairs = [FilePair(path, predictions.pop(path.stem)) for path in files]
    return pairs, list(predictions.values())


def count_files(
    pairs: Sequence[FilePair],
    *,
    official_quirks: bool = True,
    hota: str = 'trackeval',
    thresholds: tuple[float, float] = (0.0, 0.0),
    jobs: int = 1,
) -> Iterator[SequenceCounts]:
    """Read and count each sequence, in the given order.

    Args:
        pairs: the sequences.
        official_quirks: see `evaluate`.
        hota: see `evaluate`.
        thresholds: of joints and of poses, see `filter_predictions`; 0 and 0 for no filter.
        jobs: the number of processes. The counts do not depend on it.

    Raises:
        PoseTrackFormatError: for the first sequence that cannot be read or evaluated, see `count_video`.
    """
    count = partial(_count_pair, thresholds=thresholds, official_quirks=official_quirks, hota=hota)
    if jobs == 1:
        yield from map(count, pairs)
        return
    with ProcessPoolExecutor(min(jobs, len(pairs))) as pool:
        yield from pool.map(count, pairs)


def _count_pair(pair: FilePair, thresholds: tuple[float, float], **how: bool | str) -> SequenceCounts:
    gt, pred = read_video(pair.gt), read_video(pair.pred, predictions=True)
    pred, note = aligned(gt, pred)
    counts = count_video(gt, pred, **how)
    kept = filter_predictions(pred, *thresholds) if any(thresholds) else tracked_predictions(pred)
    filtered = counts if kept is pred else count_video(gt, kept, **how)
    order = {'frames': printable(f"{pred.path}, field 'images': {note}")} if note else {}
    notes = _notes(gt, _UNUSUAL_TRUTH) | _notes(pred, _UNUSUAL) | order
    return SequenceCounts(pair.name, counts, filtered, notes)


def _notes(video: PoseVideo, fields: dict[str, tuple[Callable[[PoseFrame], bool], str]]) -> dict[str, str]:
    found = {}
    for field, (unusual, meaning) in fields.items():
        for index, frame in enumerate(video.frames):
            if unusual(frame):
                place = f'{video.path}, frame {index} ({frame.file_name})'
                found[field] = printable(f"{place}, field '{field}': {meaning}")
                break
    return found


def write_official(folder: str | Path, name: str, result: PoseTrackResult, filtered: PoseTrackResult) -> None:
    """Write `<name>_AP_metrics.json` and `<name>_MOT_metrics.json` as the official evaluator does, NaN as NaN.

    Args:
        folder: an existing folder.
        name: a sequence's name, or `total`.
        result: its figures, for AP.
        filtered: those of its filtered predictions, for MOT.

    Raises:
        OSError: if the folder cannot be written to.
    """
    ap = {'ap': result.ap, 'pre': result.ap_precision, 'rec': result.ap_recall}
    mot = {'mota': filtered.mota, 'motp': filtered.motp, 'pre': filtered.precision, 'rec': filtered.recall}
    names = {str(index): joint for index, joint in enumerate(NAMES)}
    for kind, figures in (('AP', ap), ('MOT', mot)):
        document = {key: values.tolist() for key, values in figures.items()} | {'names': names}
        write_text(Path(folder) / f'{name}_{kind}_metrics.json', json.dumps(document))
