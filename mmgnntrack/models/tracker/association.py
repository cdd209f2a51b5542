"""Which new pose belongs to whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.functional import (
    Matches,
    assign,
    bbox_iou,
    followed_bboxes,
    joint_likelihood,
    joint_nearness,
    oks,
    pose_bboxes,
    pose_nms,
)
from mmgnntrack.functional.similarity import AREA_OF_BBOX
from mmgnntrack.posetrack import POSETRACK
from mmgnntrack.settings import in_range, one_of

#: How much wider or higher the box of somebody unseen may become in a frame.
_GROWTH = 1.25


@dataclass
class Association:
    """Matches poses one to one.

    Args:
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        similarity: one of `SIMILARITIES`; of a `Mode` that predicts nothing always its own.
        min_similarity: what a match needs; None for what `SIMILARITIES` says.
        joint_score_thr: joints below it count neither in comparisons nor in the box of a pose.
        bbox_margin: of the box around a pose, see `functional.pose_bboxes`.
        duplicate_thr: how alike (see `functional.pose_nms`) two poses of a frame are that are the same person; above 1
            for never.
    """

    sigmas: Sequence[float] = POSETRACK.sigmas
    similarity: str = 'oks'
    min_similarity: float | None = None
    joint_score_thr: float = 0.2
    bbox_margin: float = 0.15
    duplicate_thr: float = 0.5

    def __post_init__(self) -> None:
        one_of('PoseTracker', 'similarity', self.similarity, SIMILARITIES)
        self.sigmas = np.asarray(self.sigmas, float)
        if self.sigmas.ndim != 1 or not (np.isfinite(self.sigmas) & (self.sigmas > 0)).all():
            raise ValueError(f'PoseTracker: sigmas must be finite numbers above 0, got {self.sigmas.tolist()}')
        if self.min_similarity is None:
            self.min_similarity = SIMILARITIES[self.similarity].enough
        in_range('PoseTracker', 0, 1, min_similarity=self.min_similarity)
        in_range('PoseTracker', 0, bbox_margin=self.bbox_margin, duplicate_thr=self.duplicate_thr)
        in_range('PoseTracker', joint_score_thr=self.joint_score_thr)

    def match(self, reference: InstanceData, estimated: InstanceData) -> Matches:
        """The Hungarian assignment of N estimated poses to M reference poses. Of estimated poses that repeat each other
        one stays: rather that of somebody who was seen in the last frame, then that of anybody, the likest first, then
        the surest. The others are left out, as if they were not there.

        Args:
            reference: M poses, see `PoseTracker.reference`.
            estimated: N poses.
        """
        similarity = self.similarity_of(reference, estimated)
        rows, cols, lost, new = assign(similarity, self.min_similarity)
        if len(estimated) < 2:
            return Matches(rows, cols, lost, new)
        rank = estimated.keypoint_scores.mean(-1)
        rank[cols] = rank.max() + similarity[rows, cols] + (reference.unseen[rows] <= 1)
        distinct = self.distinct(estimated.keypoints, estimated.keypoint_scores, rank)
        kept = distinct[cols]
        return Matches(rows[kept], cols[kept], np.sort(np.append(lost, rows[~kept])), new[distinct[new]])

    def similarity_of(self, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
        """(M, N) likeness of reference poses and estimated ones, or 0 where they are too far apart for
        `min_similarity`: both with keypoints (n, K, 2) image px and keypoint_scores (n, K), the reference with what
        `PoseTracker.reference` adds."""
        return SIMILARITIES[self.similarity].compare(self, reference, estimated, self.min_similarity)

    def distinct(self, keypoints: np.ndarray, scores: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """(n,) which poses (n, K, 2) with scores (n, K) do not repeat one of a higher rank (n,)."""
        kept = pose_nms(keypoints, scores, self.boxes(keypoints, scores), rank, self.duplicate_thr)
        return np.isin(np.arange(len(rank)), kept)

    def boxes(self, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """(n, 4) xyxy around the joints of poses (n, K, 2) with scores (n, K), instead of what the detector drew."""
        return pose_bboxes(keypoints, self.counting(scores), self.bbox_margin).astype(np.float32)

    def followed_boxes(
        self, predicted: InstanceData, boxes: np.ndarray, tracklets: InstanceData, frame_id: int
    ) -> np.ndarray:
        """(M, 4) xyxy of the poses that are predicted of tracklets in a frame, whose own `boxes` may be anywhere, see
        `functional.followed_bboxes`."""
        moved = predicted.keypoints - tracklets.keypoints[:, -1]
        growth = _GROWTH ** (frame_id - tracklets.frame_ids[:, -1])
        sure = self.counting(predicted.keypoint_scores) & tracklets.valid[:, -1]
        return followed_bboxes(boxes, moved, sure, tracklets.bboxes, growth).astype(np.float32)

    def counting(self, scores: np.ndarray) -> np.ndarray:
        """(n, K) which joints with scores (n, K) count."""
        return scores >= self.joint_score_thr


def _iou(rules: Association, reference: InstanceData, estimated: InstanceData, enough: float) -> np.ndarray:
    return bbox_iou(reference.bboxes, rules.boxes(estimated.keypoints, estimated.keypoint_scores))


def _oks(rules: Association, reference: InstanceData, estimated: InstanceData, enough: float) -> np.ndarray:
    places, areas = (reference.keypoints, estimated.keypoints), AREA_OF_BBOX * reference.areas
    return oks(*places, areas, rules.sigmas, *_counting(rules, reference, estimated), enough=enough)


def _distance(rules: Association, reference: InstanceData, estimated: InstanceData, enough: float) -> np.ndarray:
    places, valid = (reference.keypoints, estimated.keypoints), _counting(rules, reference, estimated)
    return joint_nearness(*places, reference.extents, *valid, enough=enough)


def _likelihood(rules: Association, reference: InstanceData, estimated: InstanceData, enough: float) -> np.ndarray:
    if 'scales' not in reference:
        raise ValueError("PoseTracker: similarity='likelihood' needs a dynamics head that predicts `scales`")
    places, valid = (reference.keypoints, estimated.keypoints), _counting(rules, reference, estimated)
    return joint_likelihood(*places, reference.scales, reference.extents, *valid, enough=enough)


def _counting(rules: Association, *groups: InstanceData) -> list[np.ndarray]:
    return [rules.counting(poses.keypoint_scores) for poses in groups]


class Similarity(NamedTuple):
    """A way to compare poses, see `Association.similarity_of`, 0 where they are too far apart to be so alike as the
    last argument says, and how alike they must be for a match."""

    compare: Callable[[Association, InstanceData, InstanceData, float], np.ndarray]
    enough: float


#: `iou` of boxes, `oks` of poses, and `distance`, exp(-d), d the mean distance of the joints that both poses have in
#: units of the root of the reference's box: it does not become zero for people who move far between frames.
#: `likelihood` of the joints where the prediction says how sure it is.
SIMILARITIES = dict(
    iou=Similarity(_iou, 0.3),
    oks=Similarity(_oks, 0.3),
    distance=Similarity(_distance, 0.05),
    likelihood=Similarity(_likelihood, 0.1),
)
