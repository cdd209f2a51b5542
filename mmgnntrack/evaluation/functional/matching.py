"""Distances between predicted and annotated joints of a frame, and the assignment of predicted to annotated poses."""

from dataclasses import dataclass

import numpy as np

from mmgnntrack.posetrack import JOINTS, POSETRACK17_JOINTS, PoseFrame, joint_index

from .filtering import MISSING_SCORE

#: A joint is found if it lies within this share of the head size.
DISTANCE_THRESHOLD = 0.5
#: The share of the head box's diagonal that is called the head size.
HEAD_SIZE = 0.6

#: The official order of joints, as positions in `JOINTS`.
OFFICIAL_ORDER = np.array([joint_index(name) for name in POSETRACK17_JOINTS])
NUM_JOINTS = len(JOINTS)


@dataclass
class MatchedFrame:
    """P predictions and G annotated people of one frame; K joints in the order of `POSETRACK17_JOINTS`.

    Attributes:
        has_pred: (P, K) bool, whether the joint is predicted.
        has_gt: (G, K) bool, whether it is annotated.
        scores: (P, K).
        pred_ids: (P,) track ids.
        gt_ids: (G,) track ids.
        distances: (P, G, K) in head sizes; inf beyond the threshold and where a joint is missing.
        assigned: (P,) the annotated person of each prediction, -1 for none.
    """

    has_pred: np.ndarray
    has_gt: np.ndarray
    scores: np.ndarray
    pred_ids: np.ndarray
    gt_ids: np.ndarray
    distances: np.ndarray
    assigned: np.ndarray

    def labels(self) -> np.ndarray:
        """(P, K) bool, whether a predicted joint is a true positive of the person its pose is assigned to."""
        if not len(self.gt_ids):
            return np.zeros(self.has_pred.shape, bool)
        own = self.distances[np.arange(len(self.assigned)), self.assigned]
        return np.isfinite(own) & (self.assigned >= 0)[:, None]


def head_sizes(head_bboxes: np.ndarray) -> np.ndarray:
    """(G,) head sizes in pixels: 0.6 times the diagonal of boxes (G, 4) xyxy.

    >>> head_sizes(np.array([[0.0, 0.0, 30.0, 40.0]]))
    array([30.])
    """
    sides = head_bboxes[:, 2:] - head_bboxes[:, :2]
    return HEAD_SIZE * np.sqrt((sides**2).sum(-1))


def joint_distances(pred: np.ndarray, gt: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(P, G, K) distances in head sizes between predicted (P, K, 2) and annotated (G, K, 2) joints in pixels.

    Args:
        pred: predicted joints.
        gt: annotated joints.
        sizes: (G,) head sizes in pixels.
    """
    offsets = pred[:, None] - gt[None]
    with np.errstate(divide='ignore', invalid='ignore'):  # heads without extent match nothing but an exact hit
        return np.sqrt(offsets[..., 0] ** 2 + offsets[..., 1] ** 2) / sizes[:, None]


def assign_poses(matched: np.ndarray, has_gt: np.ndarray) -> np.ndarray:
    """The annotated person of each predicted pose, by the share of that person's joints that the pose finds.

    Each prediction stands for its best person (the first of equals), then each person takes its best prediction.

    Args:
        matched: (P, G, K) bool, whether a predicted joint lies close enough to the annotated one.
        has_gt: (G, K) bool.

    Returns:
        (P,) index of the person, -1 for predictions that none has taken.
    """
    assigned = np.full(len(matched), -1)
    if matched.size == 0:
        return assigned
    pck = matched.sum(-1) / np.maximum(has_gt.sum(-1), 1)
    best = np.zeros_like(pck)
    rows = np.arange(len(pck))
    columns = pck.argmax(1)
    best[rows, columns] = pck[rows, columns]
    taken = best.max(0) > 0
    assigned[best.argmax(0)[taken]] = np.flatnonzero(taken)
    return assigned


def match_frame(gt: PoseFrame, pred: PoseFrame) -> MatchedFrame:
    """Compare the predictions of a frame with its annotations.

    Args:
        gt: the annotations, ignored joints already dropped.
        pred: the predictions, likewise.

    Raises:
        ValueError: if an annotated person has no head box.
    """
    has_gt, has_pred = gt.annotated[:, OFFICIAL_ORDER], pred.annotated[:, OFFICIAL_ORDER]
    distances = np.full((len(pred), len(gt), NUM_JOINTS), np.inf)
    if distances.size:
        sizes = head_sizes(gt.head_bboxes)
        if np.isnan(sizes[has_gt.any(-1)]).any():
            row = int(np.flatnonzero(np.isnan(sizes) & has_gt.any(-1))[0])
            raise ValueError(f'expected a head box for each annotated person, got none for person {row}')
        all_distances = joint_distances(pred.keypoints[:, OFFICIAL_ORDER], gt.keypoints[:, OFFICIAL_ORDER], sizes)
        close = has_pred[:, None] & has_gt & (all_distances <= DISTANCE_THRESHOLD)
        distances[close] = all_distances[close]
    scores = pred.keypoint_scores[:, OFFICIAL_ORDER]
    return MatchedFrame(
        has_pred=has_pred,
        has_gt=has_gt,
        scores=np.where(np.isnan(scores), MISSING_SCORE, scores),
        pred_ids=pred.track_ids,
        gt_ids=gt.track_ids,
        distances=distances,
        assigned=assign_poses(np.isfinite(distances), has_gt),
    )
