"""Identities for the poses of any estimator, frame by frame."""

from collections.abc import Callable, Sequence

import numpy as np
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.models import PoseTracker
from mmgnntrack.models.given_poses import as_estimated
from mmgnntrack.posetrack import Skeleton, skeleton_named, skeleton_of
from mmgnntrack.registry import MODELS

from .pose_track_inferencer import nobody

#: What an estimator says of a frame: keypoints (N, K, 2) image px and their scores (N, K).
Poses = tuple[np.ndarray, np.ndarray]


class KeypointTracker:
    """Makes a tracker of any pose estimator::

        tracker = KeypointTracker(rtmlib.Body())
        for frame in video:
            people = tracker(frame)  # people.instances_id, people.keypoints, people.keypoint_scores, ...

    Args:
        estimate: takes a frame, whatever it is, and returns keypoints (N, K, 2) image px and scores (N, K), 0 for
            joints that are not there; NaN, and above 1, count as 1. `from_ultralytics` and `from_mediapipe` make these
            of other libraries' results.
        joints: the K joints, as their names, or as the name of one of MMPose's metainfo files ('halpe26', 'mpii') or a
            file of one's own; None for PoseTrack's or COCO's, by their number.
        **settings: of `PretrainedTracker`, such as matching='gnn', which leaves the poses as they are.
    """

    def __init__(
        self, estimate: Callable[[object], Poses], joints: str | Sequence[str] | None = None, **settings: object
    ) -> None:
        self.estimate = estimate
        self.settings = dict(init_score_thr=0.0) | settings
        self.skeleton = _skeleton(joints)
        self.tracker: PoseTracker | None = None
        self._next = 0

    def reset(self) -> None:
        """Begins a new video."""
        self._next = 0
        if self.tracker is not None:
            self.tracker.reset()

    def __call__(self, frame: object, frame_id: int | None = None) -> InstanceData:
        """The tracked people of the next frame.

        Args:
            frame: for the estimator.
            frame_id: its number, larger than the last one's; None for the next.

        Returns:
            n people: instances_id (n,), keypoints (n, K, 2) image px, keypoint_scores (n, K), bboxes (n, 4) xyxy, ages
            (n,) frames, predicted (n,), whether nobody was estimated there, and sources (n,), which estimated pose
            stands behind each, -1 for those. Joints with score 0 are at (0, 0). Poses that repeat another one of the
            frame are left out. While nobody was seen and nothing says how many joints there are, K is 0.

        Raises:
            ValueError: for poses of other shapes, or a number that is not larger.
        """
        number = self._next if frame_id is None else frame_id
        if number < self._next:
            raise ValueError(f'KeypointTracker: expected frame {self._next} or later, got {frame_id}')
        keypoints, scores = self._checked(*self.estimate(frame))
        self._next = number + 1
        if self.tracker is None and not scores.shape[1]:
            return nobody(0)  # nor does anything say yet how many joints somebody has
        if self.tracker is None:
            self._build(scores.shape[1])
        there = scores.max(-1, initial=0) > 0
        people = self.tracker.step(as_estimated(keypoints[there], scores[there], self.tracker), number)
        people = people[people.instances_id >= 0]
        people.keypoints[people.keypoint_scores == 0] = 0
        estimated = people.sources >= 0
        people.sources[estimated] = np.flatnonzero(there)[people.sources[estimated]]
        return people

    def _checked(self, keypoints: np.ndarray, scores: np.ndarray) -> Poses:
        """As float64, with joints that are nowhere at (0, 0) and a score of 0."""
        keypoints, scores = np.array(keypoints, np.float64), np.array(scores, np.float64)
        joints = len(self.skeleton.joints) if self.skeleton else None
        if not keypoints.size:
            joints = joints or (keypoints.shape[1] if keypoints.ndim == 3 else 0)
            return np.zeros((0, joints, 2)), np.zeros((0, joints))
        if keypoints.ndim != 3 or keypoints.shape[2] != 2 or scores.shape != keypoints.shape[:2]:
            got = f'{keypoints.shape} and {scores.shape}'
            raise ValueError(f'KeypointTracker: expected keypoints (N, K, 2) and scores (N, K), got {got}')
        if joints and keypoints.shape[1] != joints:
            raise ValueError(f'KeypointTracker: expected {joints} joints, got {keypoints.shape[1]}')
        scores = np.minimum(np.where(np.isnan(scores), 1.0, scores), 1.0)
        there = np.isfinite(keypoints).all(-1) & (scores > 0)
        return np.where(there[..., None], keypoints, 0.0), np.where(there, scores, 0.0)

    def _build(self, joints: int) -> None:
        if self.skeleton is None:
            self.skeleton = skeleton_of(joints)
        if self.skeleton is None:
            raise ValueError(f'KeypointTracker: the poses have {joints} joints: expected `joints` to say which')
        init_default_scope('mmpose')
        config = dict(type='mmgnntrack.PretrainedTracker', joints=self.skeleton.joints, sigmas=self.skeleton.sigmas)
        self.tracker = MODELS.build(config | self.settings).eval()


def _skeleton(joints: str | Sequence[str] | None) -> Skeleton | None:
    if joints is None:
        return None
    if isinstance(joints, str):
        return read_skeleton(joints)
    return skeleton_named(joints)
