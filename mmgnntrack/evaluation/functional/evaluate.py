"""The official PoseTrack evaluation of whole videos.

Source of the procedure: https://github.com/leonid-pishchulin/poseval, the evaluator of the benchmark.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmgnntrack.disk_list import DiskList
from mmgnntrack.posetrack import PoseVideo

from .alignment import aligned
from .average_precision import Detections, average_precision, with_total
from .clear_mot import MotCounts, count_sequence, mot_percentages
from .counts import JointCounts
from .filtering import tracked_predictions
from .hota import count_hota, hota_percentages
from .hota_posetrack21 import count_posetrack21
from .identity import IdentityCounts, count_identities, identity_f1
from .matching import NUM_JOINTS, MatchedVideo, match_video

#: Definitions of HOTA: annotations, predictions, both of them matched, and whether to count with the quirks, to counts.
HOTAS: dict[str, Callable[[PoseVideo, PoseVideo, MatchedVideo, bool], JointCounts]] = {
    'trackeval': lambda gt, pred, video, quirks: count_hota(video),
    'posetrack21': lambda gt, pred, video, quirks: count_posetrack21(gt, pred, official_quirks=quirks),
}


#: Fields of `MotCounts` that are figures as they are.
_COUNTED = ('misses', 'switches', 'false_positives', 'mostly_tracked', 'mostly_lost', 'fragments')


@dataclass
class EvaluationCounts:
    """What one or several sequences contribute to all figures.

    Attributes:
        detections: of each sequence, for AP; of several ones a `DiskList`.
        mot: for CLEAR-MOT.
        identity: for IDF1.
        hota: for HOTA, of one of its definitions.
        official_quirks: whether `mot` counts as the official evaluator does.
        filled_heads: how many annotated people have their head size from their joints.
    """

    detections: Sequence[Detections]
    mot: MotCounts
    identity: IdentityCounts
    hota: JointCounts
    official_quirks: bool = True
    filled_heads: int = 0

    @classmethod
    def total(cls, parts: Iterable['EvaluationCounts']) -> 'EvaluationCounts':
        """Those of several sequences, counted alike, which need not be in memory together.

        Raises:
            ValueError: if there is none.
        """
        total = None
        for part in parts:
            if total is None:
                zeros = MotCounts.zeros(), IdentityCounts.zeros(), part.hota.zeros()
                total = cls(DiskList(), *zeros, official_quirks=part.official_quirks)
            total.detections.extend(part.detections)
            total.mot += part.mot
            total.identity += part.identity
            total.hota += part.hota
            total.filled_heads += part.filled_heads
        if total is None:
            raise ValueError('expected at least one annotated video, got none')
        return total


@dataclass
class PoseTrackResult:
    """All figures of an evaluation, each (16,): the joints in the order of `POSETRACK17_JOINTS`, then the total.

    Figures in percent; the total is the mean over the joints that have one, but for HOTA as PoseTrack21's kit defines
    it. Counts total to their sum. IDF1, HOTA and its parts are no figures of the official evaluator.

    Attributes:
        ap: average precision.
        ap_precision: precision of all predicted joints under the assignment of whole poses.
        ap_recall: recall of all annotated joints under the assignment of whole poses.
        mota: CLEAR-MOT accuracy.
        motp: CLEAR-MOT precision of position: 100 where joints lie exactly.
        precision: precision under the CLEAR-MOT matching of single joints.
        recall: recall under the CLEAR-MOT matching of single joints.
        miss_rate: misses per object; with the next two and `mota` it adds up to 100.
        switch_rate: switches per object.
        false_positive_rate: false positives per object.
        misses: count.
        switches: count.
        false_positives: count.
        num_objects: count of annotated joints.
        mostly_tracked: count of people's joints over a sequence of which at least 80 % have a match.
        mostly_lost: count of those of which less than 20 % have one.
        fragments: count of matches that come back after a miss.
        idf1: share of joints with the right identity over the whole sequence.
        hota: higher order tracking accuracy.
        deta: its part for detection.
        assa: its part for association.
        fraga: association within fragments, see `HotaCounts`.
        loca: its part for localisation.
        official_quirks: whether the figures are the official ones.
        filled_heads: how many annotated people had no head box, so that their joints gave the head size.
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
    mostly_tracked: np.ndarray
    mostly_lost: np.ndarray
    fragments: np.ndarray
    idf1: np.ndarray
    hota: np.ndarray
    deta: np.ndarray
    assa: np.ndarray
    fraga: np.ndarray
    loca: np.ndarray
    official_quirks: bool = True
    filled_heads: int = 0


def evaluate(
    gt: Sequence[PoseVideo],
    pred: Sequence[PoseVideo],
    *,
    official_quirks: bool = True,
    official_order: bool = False,
    hota: str = 'trackeval',
) -> PoseTrackResult:
    """Compare predicted with annotated videos as the benchmark's evaluator does.

    Videos pair by name, frames as `aligned` says. Frames without annotated people are left out.

    Args:
        gt: annotated videos, at least one, with track ids. People without a head box get one from their joints, see
            `fill_head_boxes`; the figures are no official ones then.
        pred: predicted videos; those without an annotated one are left out. Poses without a track id count for AP
            alone.
        official_quirks: reproduce the official figures with their oddities (see `count_sequence`), so that they
            compare with papers. One of them is that equal scores count one by one, so that AP depends on their order:
            here that of the videos in `gt`, their frames and the poses in a frame, on every machine.
        official_order: take equal scores in the official evaluator's order instead, see `precision_recall`. That tool
            takes the videos in the order in which the folder lists them.
        hota: whose definition, one of `HOTAS`.

    Raises:
        ValueError: for a video that is missing or double, for unequal numbers of frames, for annotated people without a
            track id or whose head size is not known.
    """
    predictions = _by_name(pred, 'predictions')

    def counts() -> Iterator[EvaluationCounts]:
        for name, video in _by_name(gt, 'ground truth').items():
            if name not in predictions:
                raise ValueError(f'video {name}: expected predictions, got those of {sorted(predictions)}')
            yield count_video(video, predictions[name], official_quirks=official_quirks, hota=hota)

    return figures(EvaluationCounts.total(counts()), official_order=official_order)


def count_video(
    gt: PoseVideo, pred: PoseVideo, *, official_quirks: bool = True, hota: str = 'trackeval'
) -> EvaluationCounts:
    """Count in one sequence all that the figures need.

    Args:
        gt: see `evaluate`.
        pred: see `evaluate`.
        official_quirks: see `evaluate`.
        hota: see `evaluate`.

    Raises:
        PoseTrackFormatError: see `aligned` and `match_video`.
    """
    pred, _ = aligned(gt, pred)
    video, tracked = match_video(gt, pred), tracked_predictions(pred)
    followed = video if tracked is pred else match_video(gt, tracked)
    return EvaluationCounts(
        detections=[Detections.of(video)],
        mot=count_sequence(followed, official_quirks=official_quirks),
        identity=count_identities(followed),
        hota=HOTAS[hota](gt, tracked, followed, official_quirks),
        official_quirks=official_quirks,
        filled_heads=video.filled_heads,
    )


def figures(counts: EvaluationCounts, *, official_order: bool = False) -> PoseTrackResult:
    """The figures that follow from the counts of one or several sequences; for `official_order` see `evaluate`."""
    ap, ap_precision, ap_recall = average_precision(
        counts.detections, official_quirks=counts.official_quirks, official_order=official_order
    )
    per_joint = {**mot_percentages(counts.mot), 'idf1': identity_f1(counts.identity)}
    hota = hota_percentages(counts.hota)
    if len(hota['hota']) == NUM_JOINTS:
        per_joint, hota = per_joint | hota, {}
    return PoseTrackResult(
        ap=ap,
        ap_precision=ap_precision,
        ap_recall=ap_recall,
        **{name: with_total(values) for name, values in per_joint.items()},
        **hota,
        num_objects=_with_sum(counts.mot.objects),
        **{name: _with_sum(getattr(counts.mot, name)) for name in _COUNTED},
        official_quirks=counts.official_quirks,
        filled_heads=counts.filled_heads,
    )


def _by_name(videos: Sequence[PoseVideo], what: str) -> dict[str, PoseVideo]:
    named = {video.name: video for video in videos}
    if len(named) < len(videos):
        raise ValueError(f'expected {what} with a name of its own for each video, got {[v.name for v in videos]}')
    return named


def _with_sum(counts: np.ndarray) -> np.ndarray:
    return np.append(counts, counts.sum())
