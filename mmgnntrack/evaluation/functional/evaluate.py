"""The official PoseTrack evaluation of whole videos.

Source of the procedure: https://github.com/leonid-pishchulin/poseval, the evaluator of the benchmark.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmgnntrack.posetrack import PoseFrame, PoseVideo

from .average_precision import average_precision, with_total
from .clear_mot import MotCounts, count_sequence, mot_percentages
from .filtering import drop_ignored
from .matching import MatchedFrame, match_frame


@dataclass
class PoseTrackResult:
    """All figures of an evaluation, each (16,): the joints in the order of `POSETRACK17_JOINTS`, then the total.

    Figures in percent; the total is the mean over the joints that have one. Counts total to their sum.

    Attributes:
        ap: average precision.
        ap_precision: precision of all predicted joints under the assignment of whole poses.
        ap_recall: recall likewise.
        mota: CLEAR-MOT accuracy.
        motp: CLEAR-MOT precision of position: 100 where joints lie exactly.
        precision: precision under the CLEAR-MOT matching of single joints.
        recall: recall likewise.
        miss_rate: misses per object; with the next two and `mota` it adds up to 100.
        switch_rate: switches per object.
        false_positive_rate: false positives per object.
        misses: count.
        switches: count.
        false_positives: count.
        num_objects: count of annotated joints.
        official_quirks: whether the figures are the official ones.
    """

    ap: np.ndarray
    ap_precision: np.ndarray
    ap_recall: np.ndarray
    mota: np.ndarray
    motp: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    miss_rate: np.ndarray
    switch_rate: np.ndarray
    false_positive_rate: np.ndarray
    misses: np.ndarray
    switches: np.ndarray
    false_positives: np.ndarray
    num_objects: np.ndarray
    official_quirks: bool = True


def evaluate(gt: Sequence[PoseVideo], pred: Sequence[PoseVideo], *, official_quirks: bool = True) -> PoseTrackResult:
    """Compare predicted with annotated videos as the benchmark's evaluator does.

    Videos pair by name, frames by position. Frames without annotated people are left out.

    Args:
        gt: annotated videos, with head boxes and track ids.
        pred: predicted videos; those without an annotated one are left out.
        official_quirks: reproduce the official figures with their oddities (see `count_sequence`), so that they
            compare with papers. One of them is that AP depends on the order of `gt` where scores are equal (see
            `precision_recall`); the official tool takes the videos in the order in which the folder lists them.

    Raises:
        ValueError: for a video that is missing or double, for unequal numbers of frames, for people without a track id
            and annotated people without a head box.
    """
    predictions = _by_name(pred, 'predictions')
    frames, counts = [], MotCounts.zeros()
    for name, video in _by_name(gt, 'ground truth').items():
        if name not in predictions:
            raise ValueError(f'video {name}: expected predictions, got those of {sorted(predictions)}')
        sequence = match_video(video, predictions[name])
        frames += sequence
        counts += count_sequence(sequence, official_quirks=official_quirks)
    ap, ap_precision, ap_recall = average_precision(frames, official_quirks=official_quirks)
    return PoseTrackResult(
        ap=ap,
        ap_precision=ap_precision,
        ap_recall=ap_recall,
        **{name: with_total(values) for name, values in mot_percentages(counts).items()},
        misses=_with_sum(counts.misses),
        switches=_with_sum(counts.switches),
        false_positives=_with_sum(counts.false_positives),
        num_objects=_with_sum(counts.objects),
        official_quirks=official_quirks,
    )


def match_video(gt: PoseVideo, pred: PoseVideo) -> list[MatchedFrame]:
    """Match the frames of a video that have annotated people.

    Raises:
        ValueError: naming video and frame, as `evaluate` does.
    """
    if len(gt) != len(pred):
        raise ValueError(f'video {gt.name}: expected predictions for {len(gt)} frames, got {len(pred)}')
    matched = []
    for index, (truth, prediction) in enumerate(zip(gt.frames, pred.frames, strict=True)):
        if not len(truth):
            continue
        try:
            _check_tracks(truth, 'ground truth')
            _check_tracks(prediction, 'predictions')
            regions = truth.ignore_regions
            matched.append(match_frame(drop_ignored(truth, regions), drop_ignored(prediction, regions)))
        except ValueError as error:
            raise ValueError(f'video {gt.name}, frame {index} ({truth.file_name}): {error}') from error
    return matched


def _check_tracks(frame: PoseFrame, what: str) -> None:
    ids = frame.track_ids.tolist()
    if min(ids, default=0) < 0:
        raise ValueError(
            f'expected a track id for each person of the {what}, got none for person {ids.index(min(ids))}'
        )
    if len(set(ids)) < len(ids):
        twice = next(number for number in ids if ids.count(number) > 1)
        raise ValueError(f'expected each track id at most once in the {what}, got {twice} twice')


def _by_name(videos: Sequence[PoseVideo], what: str) -> dict[str, PoseVideo]:
    named = {video.name: video for video in videos}
    if len(named) < len(videos):
        raise ValueError(f'expected {what} with a name of its own for each video, got {[v.name for v in videos]}')
    return named


def _with_sum(counts: np.ndarray) -> np.ndarray:
    return np.append(counts, counts.sum())
