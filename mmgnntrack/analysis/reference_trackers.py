"""Other people's trackers behind one interface: poses of a frame in, their identities out."""

import logging
from collections.abc import Callable

import numpy as np
import torch
from mmdet.registry import MODELS as DET_MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

#: Estimated poses of a frame and its number, from 0 in each video, to an id for each pose; -1 for none.
Identify = Callable[[InstanceData, int], np.ndarray]


def mmdet_tracker(**settings: object) -> Identify:
    """One of MMDet's trackers of boxes, with its Kalman filter."""
    motion = dict(type='mmdet.KalmanFilter', center_only=False)
    tracker = DET_MODELS.build(dict(settings, motion=motion))

    def identify(poses: InstanceData, frame_id: int) -> np.ndarray:
        bboxes = torch.from_numpy(poses.bboxes).float()
        people = InstanceData(
            bboxes=bboxes,
            scores=torch.from_numpy(poses.bbox_scores).float(),
            labels=torch.zeros(len(poses), dtype=torch.long),
        )
        sample = DetDataSample(pred_instances=people, metainfo=dict(frame_id=frame_id))
        tracked = tracker.track(model=None, img=None, feats=None, data_sample=sample)
        # Trackers leave boxes out and change their order.
        same = (bboxes[:, None] == tracked.bboxes[None]).all(-1)
        ids = tracked.instances_id[same.int().argmax(1)] if len(tracked) else same.any(1).long()
        return torch.where(same.any(1), ids, -1).numpy()

    return identify


def norfair_tracker(threshold: float, score_thr: float, **settings: object) -> Identify:
    """Norfair's tracker of points, each with a Kalman filter; the mean distance is in diagonals of the pose.

    Args:
        threshold: largest distance of a match.
        score_thr: joints below it do not count.
        settings: of `norfair.Tracker`.
    """
    import norfair

    def distance(detection: norfair.Detection, tracked: norfair.tracker.TrackedObject) -> float:
        counted = detection.scores >= score_thr
        if not counted.any():
            return np.inf
        gaps = np.linalg.norm(detection.points - tracked.estimate, axis=-1)[counted]
        return gaps.mean() / np.linalg.norm(np.ptp(detection.points, axis=0))

    def fresh() -> norfair.Tracker:
        logging.disable(logging.WARNING)  # each tracker warns that a function in Python is slow
        try:
            return norfair.Tracker(distance, distance_threshold=threshold, initialization_delay=0, **settings)
        finally:
            logging.disable(logging.NOTSET)

    state = dict(tracker=fresh())

    def identify(poses: InstanceData, frame_id: int) -> np.ndarray:
        if frame_id == 0:
            state['tracker'] = fresh()
        detections = [
            norfair.Detection(points, scores=scores, data=index)
            for index, (points, scores) in enumerate(zip(poses.keypoints, poses.keypoint_scores))
        ]
        ids = np.full(len(poses), -1)
        current = {id(detection) for detection in detections}
        for tracked in state['tracker'].update(detections):
            if id(tracked.last_detection) in current:
                ids[tracked.last_detection.data] = tracked.id
        return ids

    return identify
