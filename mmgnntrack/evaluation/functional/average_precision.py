"""Average precision of joints: how well the poses of all frames are found, whatever their tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .matching import NUM_JOINTS, MatchedVideo


@dataclass
class Detections:
    """D predicted poses as AP sees them; K joints in the order of `POSETRACK17_JOINTS`.

    Attributes:
        predicted: (D, K) bool, whether the joint is predicted.
        scores: (D, K).
        labels: (D, K) bool, whether it is a true positive.
        positives: (K,) the number of annotated joints.
    """

    predicted: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    positives: np.ndarray

    @classmethod
    def of(cls, video: MatchedVideo) -> 'Detections':
        """Those of a video."""
        return cls(video.has_pred, video.scores, video.labels(), video.has_gt.sum(0))

    @classmethod
    def total(cls, parts: Sequence['Detections']) -> 'Detections':
        """Those of several videos, at least one."""
        return cls(
            predicted=np.concatenate([part.predicted for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            positives=np.sum([part.positives for part in parts], axis=0),
        )

    def of_joint(self, joint: int) -> 'Detections':
        """Those of one joint where it is predicted, without the axis of joints."""
        own = self.predicted[:, joint]
        return Detections(own[own], self.scores[own, joint], self.labels[own, joint], self.positives[joint])


def precision_recall(
    scores: np.ndarray,
    labels: np.ndarray,
    positives: int,
    *,
    official_quirks: bool = True,
    official_order: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall after each of n detections, the best first.

    Args:
        scores: (n,).
        labels: (n,) bool, whether a detection is a true positive.
        positives: the number of annotated joints; recall is NaN for none.
        official_quirks: count equal scores one by one, in the order of `scores`. Else they count as one step.
        official_order: with the quirks, take equal scores in the order in which numpy's default sort leaves them, as
            the official evaluator does. That order depends on numpy's version and on the processor.

    Returns:
        Two arrays (n,), or shorter where equal scores are one step.
    """
    by_numpy = official_quirks and official_order
    order = np.argsort(scores)[::-1] if by_numpy else np.argsort(-scores, kind='stable')
    ranks, hits = np.arange(1, len(order) + 1), labels[order].cumsum()
    if not official_quirks:
        last = np.append(np.diff(scores[order]) != 0, True)[: len(order)]
        ranks, hits = ranks[last], hits[last]
    with np.errstate(divide='ignore', invalid='ignore'):
        return hits / ranks, hits / np.float64(positives)


def area_under_envelope(precision: np.ndarray, recall: np.ndarray) -> float:
    """Area under the monotone envelope of precision over recall, as in PASCAL VOC since 2010.

    Args:
        precision: (n,).
        recall: (n,) not falling.

    >>> area_under_envelope(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0]))
    0.8333333333333333
    """
    precision = np.concatenate([[0.0], precision, [0.0]])
    recall = np.concatenate([[0.0], recall, [1.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
    return float(np.sum((recall[steps] - recall[steps - 1]) * envelope[steps]))


def mean_over_joints(values: np.ndarray) -> float:
    """Mean of the values that are not NaN; NaN if there is none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else np.nan


def with_total(values: np.ndarray) -> np.ndarray:
    """(K + 1,) the values of K joints and their mean, NaN skipped."""
    return np.append(values, mean_over_joints(values))


def average_precision(
    parts: Sequence[Detections], *, official_quirks: bool = True, official_order: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AP per joint, and precision and recall of all detections.

    A joint that is predicted but never annotated has NaN for AP and recall. One that is never predicted has zeros; of
    these one that is never annotated either has NaN without the quirks.

    Args:
        parts: the detections of all videos, at least one; one joint at a time is put together.
        official_quirks: see `precision_recall`.
        official_order: see `precision_recall`.

    Returns:
        AP, precision and recall in percent, each (16,): the joints in the official order, then their mean.
    """
    table = np.zeros((3, NUM_JOINTS))
    for joint in range(NUM_JOINTS):
        own = Detections.total([part.of_joint(joint) for part in parts])
        if not len(own.scores):
            table[:, joint] = 0 if official_quirks or own.positives else np.nan
            continue
        precision, recall = precision_recall(
            own.scores, own.labels, own.positives, official_quirks=official_quirks, official_order=official_order
        )
        table[:, joint] = area_under_envelope(precision, recall), precision[-1], recall[-1]
    ap, precision, recall = (with_total(row) for row in 100 * table)
    return ap, precision, recall
