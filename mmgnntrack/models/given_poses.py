"""Tracking of poses that were estimated elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.functional import gaussian_heatmaps, grid_regions, image_to_cells
from mmgnntrack.posetrack import PoseFrame, frame_numbers

from .decoding import cell_size
from .tracker import PoseTracker

#: Of a joint that is there.
_LEAST = 1e-3


def track_given_poses(tracker: PoseTracker, frames: Sequence[PoseFrame]) -> Iterator[PoseFrame]:
    """Gives the poses of a video identities, frame by frame.

    Scores that are missing count as 1. Where some are above 1, all count as shares of the highest; those of poses none
    of whose joints reaches the tracker's `joint_score_thr`, and negative ones, count as that. Without fusion scores
    come out as they are. The frames are numbered by their ids: ids that are left out are frames without people, in
    steps of the ids' greatest common divisor. For `full`, heatmaps are drawn around the joints (see
    `gaussian_heatmaps`), since nothing else is known of what the estimator saw.

    Args:
        tracker: in eval mode; it begins a new video. Its dynamics head, if any, has no visual cue.
        frames: of the video, with increasing `frame_id`s. Their track ids are ignored.

    Yields:
        the same frames with the tracked poses and their `track_ids`, boxes around their joints, and no head boxes;
        poses that are nobody's are left out.
    """
    tracker.reset()
    least = max(tracker.association.joint_score_thr, _LEAST)
    highest = max([1.0, *(np.fmax.reduce(frame.keypoint_scores, axis=None, initial=1.0) for frame in frames)])
    for number, frame in zip(frame_numbers([frame.frame_id for frame in frames]), frames):
        keypoints, given = _seen(frame)
        poses = tracker.step(as_estimated(keypoints, _sure_enough(given / highest, least), tracker), number)
        poses = poses[poses.instances_id >= 0]
        poses.keypoint_scores = poses.keypoint_scores * highest if tracker.mode.fuses else given[poses.sources]
        yield _as_frame(poses, frame, tracker.mode.fuses)


def as_estimated(keypoints: np.ndarray, scores: np.ndarray, tracker: PoseTracker) -> InstanceData:
    """Poses as an estimator gives them, with heatmaps drawn around the joints where the tracker fuses them.

    Args:
        keypoints: (n, K, 2) image px.
        scores: (n, K), 0 for joints that are not there.
        tracker: whose `step` they are for.
    """
    estimated = InstanceData(keypoints=keypoints, keypoint_scores=scores)
    if tracker.mode.fuses:
        geometry, codec = tracker.geometry, tracker.codec
        crops = geometry.crops(tracker.association.boxes(keypoints, scores))
        regions = grid_regions(crops, geometry.input_size, cell_size(codec, geometry.heatmap_size))
        cells = image_to_cells(keypoints, regions)
        estimated.regions = regions
        estimated.heatmaps = gaussian_heatmaps(cells, scores, geometry.heatmap_size, codec.sigma)
    return estimated


def _seen(frame: PoseFrame) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (n, K, 2) and scores (n, K) of the poses that have any joint, 0 where a joint is missing."""
    seen = frame.annotated.any(-1)
    keypoints, annotated, scores = frame.keypoints[seen], frame.annotated[seen], frame.keypoint_scores[seen]
    return keypoints, np.where(annotated, np.where(np.isnan(scores), 1.0, scores), 0.0)


def _sure_enough(scores: np.ndarray, least: float) -> np.ndarray:
    """Scores (n, K) of which those that are negative, as logarithms are, and those of poses whose joints would all
    count as missing, are at least so high: every pose is somebody's."""
    doubtful = (scores < 0) | ((scores != 0) & (scores < least).all(-1, keepdims=True))
    return np.where(doubtful, np.maximum(scores, least), scores)


def _as_frame(tracked: InstanceData, frame: PoseFrame, decoded: bool) -> PoseFrame:
    """Joints that a pose lacked are at (0, 0) with score 0; decoded from empty heatmaps, they may be anywhere."""
    annotated = tracked.keypoint_scores > 0
    if not decoded:
        annotated |= (tracked.keypoints != 0).any(-1)
    return replace(
        PoseFrame.of(tracked, frame.file_name, frame.frame_id),
        is_labeled=frame.is_labeled,
        annotated=annotated,
        visible=annotated,
        ignore_regions=frame.ignore_regions,
    )
