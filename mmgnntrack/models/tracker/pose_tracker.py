"""The tracker: frame by frame, who is who."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from mmgnntrack.functional import Matches, SearchGeometry, bbox_areas, image_to_cells, sample_at, upload
from mmgnntrack.models.decoding import decode_heatmaps
from mmgnntrack.posetrack import POSETRACK
from mmgnntrack.registry import MODELS
from mmgnntrack.settings import one_of, share_out

from .association import Association
from .fusion import HeatmapFusion
from .life_cycle import LifeCycle
from .modes import MODES
from .prediction import Predictor, SearchFeatures
from .step import Step


@MODELS.register_module()
class PoseTracker(BaseModule):
    """Gives the poses of each frame identities that last, and refines them (Yang et al., CVPR 2021, section 3).

    `matching` chooses the row of the paper's ablation, or `distance` (`MODES`):
        - `iou`, `oks`, `distance`: compare boxes or poses with the last ones, see `SIMILARITIES`
        - `gnn`: compare poses with the predicted ones by OKS, no fusion
        - `full`: that, and heatmaps of matches are fused, people whom the detector missed recovered

    Args:
        codec: MMPose codec of the estimator's heatmaps; the video model sets it; needed where poses are predicted.
        search: where the people are looked for, or its fields as a dict; the video model sets it; needed where
            poses are predicted.
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        dynamics_head: a `DynamicsHead`; needed where poses are predicted.
        memory: `TrackMemory`.
        matching: one of `MODES`.
        **settings: those of `Association`, `HeatmapFusion` and `LifeCycle`.
    """

    observer: Callable[[Step], None] | None = None
    """Is told of each `Step`, if set."""

    def __init__(
        self,
        codec: dict | BaseKeypointCodec | None = None,
        search: dict | SearchGeometry | None = None,
        sigmas: Sequence[float] = POSETRACK.sigmas,
        dynamics_head: dict | None = None,
        memory: dict | None = None,
        matching: str = 'full',
        init_cfg: dict | None = None,
        **settings: object,
    ) -> None:
        super().__init__(init_cfg)
        one_of('PoseTracker', 'matching', matching, MODES)
        self.matching = matching
        self.mode = MODES[matching]
        for field, value in dict(dynamics_head=dynamics_head, codec=codec, search=search).items():
            if self.mode.predicts and value is None:
                raise ValueError(f'PoseTracker: matching={matching!r} needs a {field}')
        named = ('codec', 'search', 'dynamics_head', 'memory', 'matching')
        matched, fused, living = share_out(
            'PoseTracker', settings, Association, HeatmapFusion, LifeCycle, besides=named
        )
        if 'similarity' not in matched or not self.mode.predicts:
            matched['similarity'] = self.mode.similarity
        self.association = Association(sigmas=sigmas, **matched)
        self.fusion = HeatmapFusion(**fused)
        self.life_cycle = LifeCycle(self.mode, **living)
        self.codec = KEYPOINT_CODECS.build(codec) if isinstance(codec, dict) else codec
        self.geometry = SearchGeometry(**search) if isinstance(search, dict) else search
        joints = dict(num_keypoints=len(self.sigmas))
        self.dynamics_head = MODELS.build(dynamics_head, default_args=joints) if dynamics_head else None
        channels = self.dynamics_head.visual_channels if self.mode.predicts else 0
        self.predictor = Predictor(self.dynamics_head, self.geometry, self.codec) if self.mode.predicts else None
        self.memory = MODELS.build(
            memory or dict(type='mmgnntrack.TrackMemory'),
            default_args=dict(visual_channels=channels, joint_score_thr=self.association.joint_score_thr, **joints),
        )

    @property
    def sigmas(self) -> np.ndarray:
        """(K,) OKS standard deviations of the joints."""
        return self.association.sigmas

    @property
    def needs_weights(self) -> bool:
        """Whether it predicts with weights that only training gives, or a file of them."""
        head = self.dynamics_head
        return self.mode.predicts and not head.pretrained and any(True for _ in head.parameters())

    def reset(self) -> None:
        """Begins a new video."""
        self.memory.reset()

    def begin(self, frame_id: int) -> None:
        """Goes on to a frame: whoever was not seen for too long is forgotten. `step` does so itself; who asks for the
        `reference` of a frame before it begins the frame first."""
        self.memory.expire(frame_id)

    @torch.no_grad()
    def reference(self, frame_id: int, search_features: SearchFeatures | None = None) -> InstanceData:
        """What the poses of a frame are compared with: the predicted poses (see `Predictor.predict`) or the last ones
        of the M tracked people, with their `bboxes` (M, 4) xyxy, the `areas` (M,) px^2 of their last boxes that a
        detection confirmed, the frames `unseen` (M,) since, and the `extents` (M,) px^2 of the poses, however far apart
        their joints are expected. Arguments as in `step`."""
        tracklets = self.memory.tracklets
        if self.predictor is None:
            reference = self.memory.last_poses()
            boxes = reference.bboxes
        else:
            reference = self.predictor.predict(tracklets, frame_id, search_features, self.mode.fuses)
            boxes = self.association.boxes(reference.keypoints, reference.keypoint_scores)
            reference.bboxes = self.association.followed_boxes(reference, boxes, tracklets, frame_id)
        reference.areas, reference.extents = tracklets.areas, bbox_areas(boxes)
        reference.unseen = frame_id - tracklets.last_seen
        return reference

    def untracked(self, estimated: InstanceData, given: InstanceData) -> InstanceData:
        """Estimated poses that are nobody's, but those that repeat a given one: fields as `step` returns them, with the
        id -1 and without sources."""
        keypoints, scores = (
            np.concatenate([given[field], estimated[field]]) for field in ('keypoints', 'keypoint_scores')
        )
        known = np.arange(len(scores)) < len(given)
        rank = scores.mean(-1) + known * (1 + np.ptp(scores)) if len(scores) else np.zeros(0)
        new = np.flatnonzero(self.association.distinct(keypoints, scores, rank) & ~known)
        keypoints, scores = keypoints[new], scores[new]
        return InstanceData(
            instances_id=np.full(len(new), -1),
            keypoints=keypoints,
            keypoint_scores=scores,
            bboxes=self.association.boxes(keypoints, scores),
            sources=np.full(len(new), -1),
            predicted=np.zeros(len(new), bool),
            ages=np.zeros(len(new), np.int64),
        )

    @torch.no_grad()
    def step(
        self,
        estimated: InstanceData,
        frame_id: int,
        search_features: SearchFeatures | None = None,
        reference: InstanceData | None = None,
        image_size: tuple[int, int] | None = None,
    ) -> InstanceData:
        """Tracks the poses of one frame.

        Args:
            estimated: N poses with keypoints (N, K, 2) image px, keypoint_scores (N, K), and, for `full`, heatmaps
                (N, K, H, W) on regions (N, 4); feature_maps (N, C, H, W) on the same grid where the head has a visual
                cue.
            frame_id: number of the frame in its video; larger than in the last call.
            search_features: takes crops (M, 4) cx, cy, w, h of tracked people and returns the visual features
                (M, C, H, W) of their search regions in this frame.
            reference: the `reference` of this frame, where it was asked for already.
            image_size: (w, h) px; who is expected beyond its edges and not found has left for good. None for no edges.

        Returns:
            InstanceData of the tracked poses: instances_id, keypoints, keypoint_scores, bboxes (around the poses), ages
            (frames since the person was first seen), sources (n,), which estimated pose stands behind each, -1 where
            none does, and predicted (n,), where none does. Last come the estimated poses that are nobody's, see
            `untracked`.
        """
        self.begin(frame_id)
        if reference is None:
            reference = self.reference(frame_id, search_features)
        matches = self.association.match(reference, estimated)
        missed = matches.unmatched_rows
        left = missed[_beyond(reference.bboxes[missed], image_size)]
        matches = matches._replace(unmatched_rows=np.setdiff1d(missed, left))
        fused = self.fusion.fuse(reference, estimated, matches) if self.mode.fuses else None
        new = matches.unmatched_cols
        begun = new[self.life_cycle.born(estimated.keypoint_scores[new], len(self.memory))]
        tracked, features = self._people(reference, estimated, matches, begun, fused)
        if self.observer is not None:
            # The memory goes on in place.
            tracklets = copy.deepcopy(self.memory.tracklets)
            self.observer(Step(frame_id, tracklets, reference, estimated, matches, fused, tracked))
        self.memory.end(reference.instances_id[left])
        shown, remembered = tracked.pop('shown'), tracked
        if self.mode.predicts and self.dynamics_head.any_time and tracked.predicted.any():
            seen = ~tracked.predicted
            remembered, features = tracked[seen], features[seen]
        self.memory.update(remembered, features, frame_id)
        tracked.ages = self.memory.ages(tracked, frame_id)
        given = tracked if shown.all() else tracked[shown]
        nobodys = np.setdiff1d(new, begun)
        if not len(nobodys):
            return given
        poses = InstanceData(**{field: estimated[field][nobodys] for field in ('keypoints', 'keypoint_scores')})
        return InstanceData.cat([given, self.untracked(poses, given)])

    def _people(
        self,
        reference: InstanceData,
        estimated: InstanceData,
        matches: Matches,
        begun: np.ndarray,
        fused: Tensor | None,
    ) -> tuple[InstanceData, Tensor]:
        """The poses to remember of the frame, and the visual features at their joints: matches, as fused where they
        are, new people, whom the estimated poses `begun` show, and people whom only the prediction shows, for at most
        `max_lost` frames."""
        known, missed = len(matches.cols), matches.unmatched_rows
        places, sureness = estimated.keypoints, estimated.keypoint_scores
        found = np.concatenate([matches.cols, begun])
        expected = reference.keypoint_scores * reference.get('certainty', 1.0)
        recent = reference.unseen[missed] <= self.memory.max_lost
        lost = missed[recent & self.life_cycle.kept(expected[missed])]
        keypoints = np.concatenate([places[found], reference.keypoints[lost]])
        scores = np.concatenate([sureness[found], expected[lost]])
        if fused is not None:
            keypoints[:known], peaks = decode_heatmaps(self.codec, fused, estimated.regions[matches.cols])
            # A mean of two peaks that are a little apart is lower than either, though both say that the joint is there.
            scores[:known] = np.maximum(peaks, scores[:known])
        bboxes = self.association.boxes(keypoints, scores)
        bboxes[len(found) :] = reference.bboxes[lost]
        ids = reference.instances_id
        sources = np.concatenate([found, np.full(len(lost), -1)])
        seen = sources >= 0
        shown = seen | self.life_cycle.shown(scores)
        if not seen.all():
            shown &= seen | self.association.distinct(keypoints, scores, scores.mean(-1) + 2 * seen)
        tracked = InstanceData(
            instances_id=np.concatenate([ids[matches.rows], self.memory.new_ids(len(found) - known), ids[lost]]),
            keypoints=keypoints,
            keypoint_scores=scores,
            bboxes=bboxes,
            sources=sources,
            predicted=~seen,
            shown=shown,
        )
        features = [
            self._features_at(keypoints[: len(found)], estimated, found),
            self._features_at(keypoints[len(found) :], reference, lost),
        ]
        return tracked, torch.cat(features)

    def _features_at(self, keypoints: np.ndarray, source: InstanceData, index: np.ndarray) -> Tensor:
        """(n, K, C) visual features of the source's maps at keypoints (n, K, 2)."""
        if not self.memory.visual_channels:
            return torch.zeros(*keypoints.shape[:2], 0)
        maps = source.feature_maps  # as they are: to pick some would copy many channels
        cells = np.zeros((len(maps), *keypoints.shape[1:]))
        cells[index] = image_to_cells(keypoints, source.regions[index])
        return sample_at(maps, upload(cells, maps, torch.float32))[upload(index, maps)]


def _beyond(bboxes: np.ndarray, image_size: tuple[int, int] | None) -> np.ndarray:
    """(n,) which boxes (n, 4) xyxy lie beyond the edges of an image of size (w, h), if it has any."""
    if image_size is None:
        return np.zeros(len(bboxes), bool)
    return ((bboxes[:, 2:] <= 0) | (bboxes[:, :2] >= image_size)).any(-1)
