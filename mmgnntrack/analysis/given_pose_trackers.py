"""Trackers of given poses, ours and Norfair's, with the settings that are tried of each."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.evaluation.functional import evaluate
from mmgnntrack.evaluation.functional.filtering import keep_joints
from mmgnntrack.functional import pose_bboxes
from mmgnntrack.models import PoseTracker, join_tracklets, track_given_poses
from mmgnntrack.models.tracker import MODES
from mmgnntrack.posetrack import PoseFrame, PoseVideo
from mmgnntrack.registry import MODELS

#: The frames of a video to the same frames with identities.
Track = Callable[[Sequence[PoseFrame]], Iterator[PoseFrame]]
COLUMNS = ('MOTA', 'IDF1', 'HOTA', 'Switch', 'FP')
#: Of each of our trackers the settings that are tried, each with all values of its fields.
OURS: dict[str, dict[str, tuple]] = {
    'iou': dict(matching=('iou',), min_similarity=(0.02, 0.1, 0.3)),
    'oks': dict(matching=('oks',), min_similarity=(0.02, 0.1, 0.3)),
    'distance': dict(matching=('distance',), min_similarity=(0.02, 0.05, 0.2)),
    'Kalman filter, distance': dict(
        matching=('gnn',),
        memory=(dict(type='mmgnntrack.TrackMemory', length=15),),
        similarity=('distance',),
        dynamics_head=tuple(
            dict(type='mmgnntrack.KalmanDynamics', noise=noise, acceleration=acceleration)
            for noise, acceleration in ((0.01, 0.005), (0.01, 0.02), (0.02, 0.05))
        ),
    ),
    'gnn, oks': dict(matching=('gnn',), similarity=('oks',), min_similarity=(0.02, 0.1, 0.3)),
    'gnn, likelihood': dict(matching=('gnn',), similarity=('likelihood',), min_similarity=(0.02, 0.1, 0.2)),
    'gnn, distance': dict(matching=('gnn',), similarity=('distance',), min_similarity=(0.02, 0.1, 0.2)),
    'full, distance': dict(matching=('full',), similarity=('distance',), min_similarity=(0.02, 0.1, 0.2)),
    'distance, joined': dict(matching=('distance',), min_similarity=(0.02, 0.05, 0.2), join=(15,)),
    'gnn, distance, joined': dict(
        matching=('gnn',), similarity=('distance',), min_similarity=(0.02, 0.1, 0.2), join=(15,)
    ),
}
#: Settings of Norfair's tracker: the largest distance of a match, in body heights, and frames that a track lives on.
NORFAIR: dict[str, tuple] = dict(threshold=(0.5, 1.0, 2.0), hit_counter_max=(5, 15, 30))


def choices(fields: dict[str, tuple]) -> Iterator[dict]:
    """All combinations of the values of some fields."""
    for values in product(*fields.values()):
        yield dict(zip(fields, values))


def our_tracker(settings: ConfigDict, choice: dict, weights: dict[str, Tensor]) -> Track:
    """One of our trackers.

    Args:
        settings: `model.tracker` of a config.
        choice: fields that take the place of the config's, and perhaps `join`: when a video is over, its tracks are
            joined over gaps of so many frames.
        weights: of the config's dynamics head.
    """
    own = dict(settings, init_score_thr=0.0) | choice
    max_gap = own.pop('join', None)
    if not MODES[choice['matching']].predicts:
        own['dynamics_head'] = None
    tracker: PoseTracker = MODELS.build(own).eval()
    if tracker.needs_weights:
        tracker.dynamics_head.load_state_dict(weights)

    def joined(frames: Sequence[PoseFrame]) -> Iterator[PoseFrame]:
        return iter(join_tracklets(tracker, list(track_given_poses(tracker, frames)), max_gap))

    return torch.no_grad()(joined if max_gap else partial(track_given_poses, tracker))


def norfair_tracker(threshold: float, hit_counter_max: int) -> Track:
    """Norfair's tracker, a Kalman filter for each joint; poses are compared by the mean distance of their joints.

    Raises:
        ImportError: if norfair is not installed.
    """
    import norfair

    def distance(detection: norfair.Detection, tracked: norfair.tracker.TrackedObject) -> float:
        seen = detection.scores > 0
        gaps = np.linalg.norm(detection.points - tracked.estimate, axis=-1)[seen]
        return gaps.mean() / max(np.ptp(detection.points[seen, 1]), 1.0)

    def track(frames: Sequence[PoseFrame]) -> Iterator[PoseFrame]:
        logging.disable(logging.WARNING)  # each tracker warns that a function in Python is slow
        try:
            tracker = norfair.Tracker(
                distance, distance_threshold=threshold, initialization_delay=0, hit_counter_max=hit_counter_max
            )
        finally:
            logging.disable(logging.NOTSET)
        for frame in frames:
            seen = np.flatnonzero(frame.annotated.any(-1))
            detections = [
                norfair.Detection(frame.keypoints[row], scores=frame.annotated[row].astype(float), data=row)
                for row in seen
            ]
            current = {id(detection): detection.data for detection in detections}
            found = tracker.update(detections)
            ids = {current[id(own.last_detection)]: own.id for own in found if id(own.last_detection) in current}
            rows = np.array(sorted(ids), int)
            kept = keep_joints(frame, np.isin(np.arange(len(frame)), rows)[:, None])
            yield replace(kept, track_ids=np.array([ids[row] for row in rows], np.int64))

    return track


def mmdet_tracker(name: str) -> Track:
    """SORT or ByteTrack of MMDet, with its usual settings, for the boxes around the poses.

    Raises:
        ImportError: if what they need is not installed.
    """
    import lap  # noqa: F401  (without these two MMDet's trackers raise a RuntimeError)
    import motmetrics  # noqa: F401

    from .reference_trackers import mmdet_tracker as of_boxes

    settings = dict(
        SORT=dict(
            type='mmdet.SORTTracker',
            reid=None,
            obj_score_thr=0.3,
            match_iou_thr=0.3,
            num_tentatives=1,
            num_frames_retain=15,
        ),
        ByteTrack=dict(
            type='mmdet.ByteTracker',
            obj_score_thrs=dict(high=0.5, low=0.1),
            init_track_thr=0.6,
            match_iou_thrs=dict(high=0.1, low=0.3, tentative=0.2),
            num_frames_retain=15,
        ),
    )[name]

    def track(frames: Sequence[PoseFrame]) -> Iterator[PoseFrame]:
        identify = of_boxes(**settings)
        for index, frame in enumerate(frames):
            boxes = pose_bboxes(frame.keypoints, frame.annotated)
            ids = identify(InstanceData(bboxes=boxes, bbox_scores=np.nanmean(frame.keypoint_scores, axis=-1)), index)
            yield keep_joints(replace(frame, track_ids=ids.astype(np.int64)), (ids >= 0)[:, None])

    return track


def tracked(track: Track, videos: Sequence[PoseVideo]) -> list[PoseVideo]:
    """The videos with identities."""
    return [replace(video, frames=list(track(video.frames))) for video in videos]


def score(truth: Sequence[PoseVideo], found: Sequence[PoseVideo]) -> dict[str, float]:
    """Percentages, of all joints, without the official evaluator's quirks."""
    result = evaluate(truth, found, official_quirks=False)
    values = (result.mota, result.idf1, result.hota, result.switch_rate, result.false_positive_rate)
    return {column: float(figure[-1]) for column, figure in zip(COLUMNS, values, strict=True)}
