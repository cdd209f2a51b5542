"""The online loop: predict, match, fuse, remember."""

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

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


class Step(NamedTuple):
    """What the tracker saw and did in a frame, for pictures.

    Attributes:
        tracklets: the memory before the frame (see `TrackMemory`).
        reference: M predicted or last poses, see `PoseTracker.expect`.
        estimated: N poses.
        matches: of the two.
        tracked: the final poses, also those that are remembered but not given out.
    """

    tracklets: InstanceData
    reference: InstanceData
    estimated: InstanceData
    matches: Matches
    tracked: InstanceData


@MODELS.register_module()
class PoseTracker(BaseModule):
    """Gives the poses of each frame identities that last, and refines them (Yang et al., CVPR 2021, section 3).

    `matching` chooses the row of the paper's ablation:
        - `iou`, `oks`: compare boxes or poses with the last ones
        - `gnn`: compare poses with the predicted ones by OKS, no fusion
        - `full`: that, and heatmaps of matches are fused, people whom the detector missed recovered

    Args:
        codec: MMPose codec of the estimator's heatmaps; the video model sets it, `iou` and `oks` need none.
        search: where the people are looked for, or its fields as a dict; likewise.
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        dynamics_head: `GNNDynamicsHead`, or what has its `visual_channels`, `predicts_offsets`, and, where that is so,
            `poses` and `draw`, else `forward`; not needed for `iou` and `oks`.
        memory: `TrackMemory`.
        matching: see above.
        min_similarity: IoU or OKS that a match needs.
        init_score_thr: mean joint score that starts a tracklet.
        predicted_score_thr: mean joint score at which an unmatched prediction is given out as the pose.
        coasting: whether people without a match are remembered where they are predicted, also if that is not given out,
            so that they are looked for there; otherwise, as in the paper, where they were seen last.
        joint_score_thr: joints below it count neither in OKS nor in the box of a pose.
        predicted_weight: share of the predicted heatmap in the fusion; the paper averages (0.5).
        confidence_power: how much the surer of the two heatmaps outweighs the other (see `functional.fuse_heatmaps`);
            0 for the paper's fixed average.
        unseen_power: how much less the prediction weighs for people who were not seen lately: its share is divided by
            this power of the frames since they were.
        alignment: whether the predicted heatmap is fused where it lies in the image (`exact`, both regions are known),
            or with its centre on that of the estimated one (`centre`), as in the paper.
        bbox_margin: of the box around a pose, see `functional.pose_bboxes`.
    """

    observer: Callable[[Step], None] | None = None
    """Is told of each `Step`, if set."""

    def __init__(
        self,
        codec: dict | BaseKeypointCodec | None = None,
        search: dict | SearchGeometry | None = None,
        sigmas: Sequence[float] = SIGMAS,
        dynamics_head: dict | None = None,
        memory: dict | None = None,
        matching: str = 'full',
        min_similarity: float = 0.3,
        init_score_thr: float = 0.3,
        predicted_score_thr: float = 0.3,
        coasting: bool = False,
        joint_score_thr: float = 0.2,
        predicted_weight: float = 0.5,
        confidence_power: float = 0.0,
        unseen_power: float = 0.0,
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
        for field, value in dict(dynamics_head=dynamics_head, codec=codec, search=search).items():
            if self.predicts and value is None:
                raise ValueError(f'PoseTracker: matching={matching!r} needs a {field}')
        self.sigmas = np.asarray(sigmas, float)
        self.codec = KEYPOINT_CODECS.build(codec) if isinstance(codec, dict) else codec
        self.geometry = SearchGeometry(**search) if isinstance(search, dict) else search
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
        self.coasting = coasting
        self.predicted_weight = predicted_weight
        self.confidence_power = confidence_power
        self.unseen_power = unseen_power
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
    def expect(self, frame_id: int, search_features: SearchFeatures | None = None) -> InstanceData:
        """The poses that those of a frame are compared with: the predicted ones (see `predict`), or the last ones; with
        the frames `unseen` (M,) since a detection confirmed them."""
        self.memory.expire(frame_id)
        expected = self.predict(search_features) if self.predicts else self.memory.last_poses()
        expected.unseen = frame_id - self.memory.tracklets.last_seen
        return expected

    @torch.no_grad()
    def step(
        self,
        estimated: InstanceData,
        frame_id: int,
        search_features: SearchFeatures | None = None,
        reference: InstanceData | None = None,
    ) -> InstanceData:
        """Tracks the poses of one frame.

        Args:
            estimated: N poses with keypoints (N, K, 2) image px, keypoint_scores (N, K), and, for `full`, heatmaps
                (N, K, H, W) on regions (N, 4); feature_maps (N, C, H, W) on the same grid where the head has a visual
                cue.
            frame_id: number of the frame in its video; larger than in the last call.
            search_features: takes crops (M, 4) cx, cy, w, h of tracked people and returns the visual features
                (M, C, H, W) of their search regions in this frame.
            reference: what `expect` said of this frame, where it was asked already.

        Returns:
            InstanceData of the tracked poses: instances_id, keypoints, keypoint_scores, bboxes (around the poses), ages
            (frames since the person was first seen), sources (n,), which estimated pose stands behind each, -1 where
            none does, and predicted (n,), where none does.
        """
        if reference is None:
            reference = self.expect(frame_id, search_features)
        matches = assign(self.similarity(reference, estimated), self.min_similarity)
        tracked, features = self.merge(reference, estimated, matches)
        if self.observer is not None:
            # The memory goes on in place.
            self.observer(Step(copy.deepcopy(self.memory.tracklets), reference, estimated, matches, tracked))
        self.memory.update(tracked, features, frame_id)
        tracked.ages = self.memory.ages(tracked, frame_id)
        return tracked[~tracked.predicted | self._likely(tracked)]

    def predict(self, search_features: SearchFeatures | None) -> InstanceData:
        """The poses that the tracked people are predicted to have now: instances_id, keypoints, keypoint_scores,
        bboxes, and, where they were made, heatmaps (M, K, H, W) on regions (M, 4) and feature_maps on the same grid."""
        tracklets = self.memory.tracklets
        crops = self.geometry.crops(tracklets.bboxes)
        history = InstanceData(
            **{field: tracklets[field] for field in ('keypoints', 'keypoint_scores', 'valid', 'features')},
            crops=crops,
            regions=self.geometry.search_grids(crops),
        )
        visual = search_features(crops) if self.dynamics_head.visual_channels else None
        predicted = InstanceData(instances_id=tracklets.instances_id, regions=history.regions)
        size = self.geometry.search_grid_size
        if self.dynamics_head.predicts_offsets:
            keypoints, scores = self.dynamics_head.poses(history)
            if self.matching == 'full':
                predicted.heatmaps = self.dynamics_head.draw(keypoints, scores, history.regions, size)
        else:
            predicted.heatmaps = self.dynamics_head(history, size, visual)
            keypoints, scores = decode_heatmaps(self.codec, predicted.heatmaps, history.regions)
        predicted.keypoints, predicted.keypoint_scores = keypoints, scores
        predicted.bboxes = self.boxes(keypoints, scores)
        if visual is not None:
            predicted.feature_maps = visual
        return predicted

    def similarity(self, reference: InstanceData, estimated: InstanceData) -> np.ndarray:
        """(M, N) likeness of remembered or predicted poses and estimated ones."""
        if self.matching == 'iou':
            return bbox_iou(reference.bboxes, self.boxes(estimated.keypoints, estimated.keypoint_scores))
        areas = (reference.bboxes[:, 2:] - reference.bboxes[:, :2]).prod(-1) * AREA_OF_BBOX
        valid = [poses.keypoint_scores >= self.joint_score_thr for poses in (reference, estimated)]
        return oks(reference.keypoints, estimated.keypoints, areas, self.sigmas, *valid)

    def merge(self, reference: InstanceData, estimated: InstanceData, matches: Matches) -> tuple[InstanceData, Tensor]:
        """The poses to remember of the frame, and the visual features at their joints: matches (fused, if so chosen),
        new people, and people whom only the prediction shows, for at most `max_lost` frames."""
        confident = estimated.keypoint_scores[matches.unmatched_cols].mean(-1) >= self.init_score_thr
        found = np.concatenate([matches.cols, matches.unmatched_cols[confident]])
        lost = self._lost(reference, matches.unmatched_rows)
        keypoints, scores = (
            np.concatenate([estimated[field][found], reference[field][lost]])
            for field in ('keypoints', 'keypoint_scores')
        )
        sources = np.concatenate([found, np.full(len(lost), -1)])
        known = len(matches.cols)
        if self.matching == 'full':
            fused = self.fused(reference, estimated, matches)
            keypoints[:known], scores[:known] = decode_heatmaps(self.codec, fused, estimated.regions[matches.cols])
        new_ids = self.memory.new_ids(len(found) - known)
        ids = reference.instances_id
        tracked = InstanceData(
            instances_id=np.concatenate([ids[matches.rows], new_ids, ids[lost]]),
            keypoints=keypoints,
            keypoint_scores=scores,
            bboxes=self.boxes(keypoints, scores),
            sources=sources,
            predicted=sources < 0,
        )
        features = torch.cat(
            [
                self._features_at(keypoints[: len(found)], estimated, found),
                self._features_at(keypoints[len(found) :], reference, lost),
            ]
        )
        return tracked, features

    def fused(self, reference: InstanceData, estimated: InstanceData, matches: Matches) -> Tensor:
        """(n, K, H, W) estimated and predicted heatmaps of the matches together, on the estimated ones' regions."""
        own, regions = estimated.heatmaps[matches.cols], estimated.regions[matches.cols]
        predicted, place = reference.heatmaps[matches.rows], reference.regions[matches.rows]
        weight = self.predicted_weight / reference.unseen[matches.rows] ** self.unseen_power
        size = own.shape[:-3:-1]
        if self.alignment == 'centre':
            place = centred_regions(place, predicted.shape[:-3:-1], regions, size)
        aligned, covered = resample_heatmaps(predicted, place, regions, size)
        weight = torch.as_tensor(weight, dtype=own.dtype, device=own.device)[:, None, None, None]
        return fuse_heatmaps(own, aligned, covered, weight, self.confidence_power)

    def boxes(self, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """(n, 4) xyxy around the joints of poses (n, K, 2) with scores (n, K), instead of what the detector drew."""
        return pose_bboxes(keypoints, scores >= self.joint_score_thr, self.bbox_margin).astype(np.float32)

    def _lost(self, reference: InstanceData, rows: np.ndarray) -> np.ndarray:
        """Those of the rows, people without a match, who are remembered where they are predicted."""
        recent = reference.unseen[rows] <= self.memory.max_lost
        return rows[recent & (self._likely(reference[rows]) | (self.predicts and self.coasting))]

    def _likely(self, poses: InstanceData) -> np.ndarray:
        """(n,) whether predictions are given out as poses that the detector missed."""
        return (poses.keypoint_scores.mean(-1) >= self.predicted_score_thr) & (self.matching == 'full')

    def _features_at(self, keypoints: np.ndarray, source: InstanceData, index: np.ndarray) -> Tensor:
        """(n, K, C) visual features of the source's maps at keypoints (n, K, 2)."""
        if not self.memory.num_features:
            return torch.zeros(*keypoints.shape[:2], 0)
        maps = source.feature_maps  # as they are: to pick some would copy many channels
        cells = np.zeros((len(maps), *keypoints.shape[1:]))
        cells[index] = image_to_cells(keypoints, source.regions[index])
        return sample_at(maps, torch.as_tensor(cells, dtype=maps.dtype, device=maps.device))[index]
