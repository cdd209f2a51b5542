"""Which new pose belongs to whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.functional import Matches, assign, bbox_iou, oks, pose_bboxes
from mmgnntrack.functional.similarity import AREA_OF_BBOX
from mmgnntrack.posetrack import POSETRACK
from mmgnntrack.settings import one_of


@dataclass
class Association:
    """Matches poses one to one.

    Args:
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        similarity: one of `SIMILARITIES`.
        min_similarity: what a match needs.
        joint_score_thr: joints below it count neither in OKS nor in the box of a pose.
        bbox_margin: of the box around a pose, see `functional.pose_bboxes`.
    """

    sigmas: Sequence[float] = POSETRACK.sigmas
    similarity: str = 'oks'
    min_similarity: float = 0.3
    joint_score_thr: float = 0.2
    bbox_margin: float = 0.15

    def __post_init__(self) -> None:
        one_of('PoseTracker', 'similarity', self.similarity, SIMILARITIES)
        self.sigmas = np.asarray(self.sigmas, float)

    def match(self, reference: InstanceData, estimated: InstanceData) -> Matches:
        """The Hungarian assignment of N estimated poses to M reference poses."""
        return assign(self.similarity_of(reference, estimated), self.min_similarity)

    def similarity_of(self, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
        """(M, N) likeness of reference poses and estimated ones: both with keypoints (n, K, 2) image px and
        keypoint_scores (n, K), the reference with bboxes (M, 4) xyxy."""
        return SIMILARITIES[self.similarity](self, reference, estimated)

    def boxes(self, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """(n, 4) xyxy around the joints of poses (n, K, 2) with scores (n, K), instead of what the detector drew."""
        return pose_bboxes(keypoints, self.counting(scores), self.bbox_margin).astype(np.float32)

    def counting(self, scores: np.ndarray) -> np.ndarray:
        """(n, K) which joints with scores (n, K) count."""
        return scores >= self.joint_score_thr


def _iou(rules: Association, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
    return bbox_iou(reference.bboxes, rules.boxes(estimated.keypoints, estimated.keypoint_scores))


def _oks(rules: Association, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
    areas = (reference.bboxes[:, 2:] - reference.bboxes[:, :2]).prod(-1) * AREA_OF_BBOX
    valid = [rules.counting(poses.keypoint_scores) for poses in (reference, estimated)]
    return oks(reference.keypoints, estimated.keypoints, areas, rules.sigmas, *valid)


#: How alike poses are, see `Association.similarity_of`.
SIMILARITIES: dict[str, Callable[[Association, InstanceData, InstanceData], np.ndarray]] = dict(iou=_iou, oks=_oks)
