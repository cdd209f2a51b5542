"""The online loop: predict, match, fuse, remember."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from mmgnntrack.functional import (
    Matches,
    SearchGeometry,
    assign,
    bbox_iou,
    centred_regions,
    fuse_heatmaps,
    image_to_cells,
    oks,
    pose_bboxes,
    resample_heatmaps,
    sample_at,
)
from mmgnntrack.functional.similarity import AREA_OF_BBOX
from mmgnntrack.posetrack.joints import SIGMAS
from mmgnntrack.registry import MODELS

from .decoding import decode_heatmaps

#: The rows of the paper's ablation: what a new pose is compared with, and how.
MATCHINGS = ('iou', 'oks', 'gnn', 'full')
ALIGNMENTS = ('exact', 'centre')

SearchFeatures = Callable[[np.ndarray], Tensor]


@MODELS.register_module()
class PoseTracker(BaseModule):
    """Gives the poses of each frame identities that last, and refines them (Yang et al., CVPR 2021, section 3).

    `matching` chooses the row of the paper's ablation:
        - `iou`, `oks`: compare boxes or poses with the last ones
        - `gnn`: compare poses with the predicted ones by OKS, no fusion
        - `full`: that, and heatmaps of matches are fused, people whom the detector missed recovered

    Args:
        codec: MMPose codec of the estimator's heatmaps; the video model sets it.
        search: where the people are looked for; the video model sets it.
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        dynamics_head: `GNNDynamicsHead`; not needed for `iou` and `oks`.
        memory: `TrackMemory`.
        matching: see above.
        min_similarity: IoU or OKS that a match needs.
        init_score_thr: mean joint score that starts a tracklet.
        predicted_score_thr: mean joint score at which an unmatched prediction is kept as the pose.
        joint_score_thr: joints below it count neither in OKS nor in the box of a pose.
        predicted_weight: share of the predicted heatmap in the fusion; the paper averages (0.5).
        alignment: whether the predicted heatmap is fused where it lies in the image (`exact`, both regions are known),
            or with its centre on that of the estimated one (`centre`), as in the paper.
        bbox_margin: of the box around a pose, see `functional.pose_bboxes`.
    """

    def __init__(
        self,
        codec: dict | BaseKeypointCodec,
        search: SearchGeometry,
        sigmas: Sequence[float] = SIGMAS,
        dynamics_head: dict | None = None,
        memory: dict | None = None,
        matching: str = 'full',
        min_similarity: float = 0.3,
        init_score_thr: float = 0.3,
        predicted_score_thr: float = 0.3,
        joint_score_thr: float = 0.2,
        predicted_weight: float = 0.5,
        alignment: str = 'exact',
        bbox_margin: float = 0.15,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if matching not in MATCHINGS:
            raise ValueError(f'PoseTracker: matching must be one of {MATCHINGS}, got {matching!r}')
        if alignment not in ALIGNMENTS:
            raise ValueError(f'PoseTracker: alignment must be one of {ALIGNMENTS}, got {alignment!r}')
        self.matching = matching
        if self.predicts and dynamics_head is None:
            raise ValueError(f'PoseTracker: matching={matching!r} needs a dynamics_head')
        self.sigmas = np.asarray(sigmas, float)
        self.codec = KEYPOINT_CODECS.build(codec) if isinstance(codec, dict) else codec
        self.geometry = search
        joints = dict(num_keypoints=len(self.sigmas))
        self.dynamics_head = MODELS.build(dynamics_head, default_args=joints) if dynamics_head else None
        channels = self.dynamics_head.visual_channels if self.predicts else 0
        self.memory = MODELS.build(
            memory or dict(type='mmgnntrack.TrackMemory'), default_args=dict(num_features=channels, **joints)
        )
        self.min_similarity = min_similarity
        self.init_score_thr = init_score_thr
        self.predicted_score_thr = predicted_score_thr
        self.joint_score_thr = joint_score_thr
        self.predicted_weight = predicted_weight
        self.alignment = alignment
        self.bbox_margin = bbox_margin

    @property
    def predicts(self) -> bool:
        """Whether poses are predicted, or the last ones taken as they are."""
        return self.matching in ('gnn', 'full')

    def reset(self) -> None:
        """Begins a new video."""
        self.memory.reset()

    @torch.no_grad()
    def step(
        self, estimated: InstanceData, frame_id: int, search_features: SearchFeatures | None = None
    ) -> InstanceData:
        """Tracks the poses of one frame.

        Args:
            estimated: N poses with keypoints (N, K, 2) image px, keypoint_scores (N, K), and, for `full`, heatmaps
                (N, K, H, W) on regions (N, 4); feature_maps (N, C, H, W) on the same grid where the head has a visual
                cue.
            frame_id: number of the frame in its video; larger than in the last call.
            search_features: takes crops (M, 4) cx, cy, w, h of tracked people and returns the visual features
                (M, C, H, W) of their search regions in this frame.

        Returns:
            InstanceData of the tracked poses: instances_id, keypoints, keypoint_scores, bboxes (around the poses),
            predicted (True where no estimated pose stands behind it).
        """
        self.memory.expire(frame_id)
        if self.predicts:
            reference = self.predict(search_features)
        else:
            reference = self.memory.last_poses()
        estimated = self._boxed(estimated)
        matches = assign(self.similarity(reference, estimated), self.min_similarity)
        tracked, features = self.merge(reference, estimated, matches, frame_id)
        self.memory.update(tracked, features, frame_id)
        return tracked

    def predict(self, search_features: SearchFeatures | None) -> InstanceData:
        """The poses that the tracked people are predicted to have now: instances_id, keypoints, keypoint_scores,
        bboxes, heatmaps (M, K, H, W) on regions (M, 4), and feature_maps on the same grid."""
        tracklets = self.memory.tracklets
        crops = self.geometry.crops(tracklets.bboxes)
        history = InstanceData(
            **{field: tracklets[field] for field in ('keypoints', 'keypoint_scores', 'valid', 'features')},
            crops=crops,
            regions=self.geometry.search_grids(crops),
        )
        visual = search_features(crops) if self.dynamics_head.visual_channels else None
        heatmaps = self.dynamics_head(history, self.geometry.search_grid_size, visual)
        keypoints, scores = decode_heatmaps(self.codec, heatmaps, history.regions)
        predicted = InstanceData(
            instances_id=tracklets.instances_id,
            keypoints=keypoints,
            keypoint_scores=scores,
            heatmaps=heatmaps,
            regions=history.regions,
        )
        if visual is not None:
            predicted.feature_maps = visual
        return self._boxed(predicted)

    def similarity(self, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
        """(M, N) likeness of remembered or predicted poses and estimated ones."""
        if self.matching == 'iou':
            return bbox_iou(reference.bboxes, estimated.bboxes)
        areas = (reference.bboxes[:, 2:] - reference.bboxes[:, :2]).prod(-1) * AREA_OF_BBOX
        valid = [poses.keypoint_scores >= self.joint_score_thr for poses in (reference, estimated)]
        return oks(reference.keypoints, estimated.keypoints, areas, self.sigmas, *valid)

    def merge(
        self, reference: InstanceData, estimated: InstanceData, matches: Matches, frame_id: int
    ) -> tuple[InstanceData, Tensor]:
        """The poses of the frame after matching, and the visual features at their joints: matches (fused, if so
        chosen), new people, and people whom only the prediction shows, for at most `max_lost` frames."""
        matched = self._bare(estimated, matches.cols)
        matched.instances_id = reference.instances_id[matches.rows]
        if self.matching == 'full':
            self._fuse(matched, reference, estimated, matches)

        confident = estimated.keypoint_scores[matches.unmatched_cols].mean(-1) >= self.init_score_thr
        new_cols = matches.unmatched_cols[confident]
        new = self._bare(estimated, new_cols)
        new.instances_id = self.memory.new_ids(len(new_cols))

        lost_rows = matches.unmatched_rows[:0]
        if self.matching == 'full':
            rows = matches.unmatched_rows
            likely = reference.keypoint_scores[rows].mean(-1) >= self.predicted_score_thr
            recent = frame_id - self.memory.tracklets.last_seen[rows] <= self.memory.max_lost
            lost_rows = rows[likely & recent]
        lost = self._bare(reference, lost_rows)
        lost.instances_id = reference.instances_id[lost_rows]

        features = torch.cat(
            [
                self._features_at(matched, estimated, matches.cols),
                self._features_at(new, estimated, new_cols),
                self._features_at(lost, reference, lost_rows),
            ]
        )
        tracked = InstanceData.cat([matched, new, lost])
        tracked.predicted = np.arange(len(tracked)) >= len(matched) + len(new)
        return self._boxed(tracked), features

    def _fuse(self, matched: InstanceData, reference: InstanceData, estimated: InstanceData, matches: Matches) -> None:
        """Decodes the matched poses anew from their estimated and predicted heatmaps together."""
        own, regions = estimated.heatmaps[matches.cols], estimated.regions[matches.cols]
        predicted, place = reference.heatmaps[matches.rows], reference.regions[matches.rows]
        size = own.shape[:-3:-1]
        if self.alignment == 'centre':
            place = centred_regions(place, predicted.shape[:-3:-1], regions, size)
        aligned, covered = resample_heatmaps(predicted, place, regions, size)
        fused = fuse_heatmaps(own, aligned, covered, self.predicted_weight)
        matched.keypoints, matched.keypoint_scores = decode_heatmaps(self.codec, fused, regions)

    def _features_at(self, poses: InstanceData, source: InstanceData, index: np.ndarray) -> Tensor:
        """(n, K, C) visual features of the source's maps at the joints of poses."""
        if not self.memory.num_features:
            return torch.zeros(len(poses), len(self.sigmas), 0)
        maps = source.feature_maps[index]
        cells = image_to_cells(poses.keypoints, source.regions[index])
        return sample_at(maps, torch.as_tensor(cells, dtype=maps.dtype, device=maps.device))

    def _boxed(self, poses: InstanceData) -> InstanceData:
        """The same poses, with `bboxes` around their joints instead of what the detector drew."""
        poses = poses.new()
        poses.bboxes = pose_bboxes(
            poses.keypoints, poses.keypoint_scores >= self.joint_score_thr, self.bbox_margin
        ).astype(np.float32)
        return poses

    @staticmethod
    def _bare(poses: InstanceData, index: np.ndarray) -> InstanceData:
        return InstanceData(keypoints=poses.keypoints[index], keypoint_scores=poses.keypoint_scores[index])
