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

    Scores that are missing count as 1, negative ones as the tracker's `joint_score_thr`. The frames are numbered by
    their ids: ids that are left out are frames without people, in steps of the ids' greatest common divisor. For
    `full`, heatmaps are drawn around the joints (see `gaussian_heatmaps`), since nothing else is known of what the
    estimator saw.

    Args:
        tracker: in eval mode; it begins a new video. Its dynamics head, if any, has no visual cue.
        frames: of the video, with increasing `frame_id`s. Their track ids are ignored.

    Yields:
        the same frames with the tracked poses and their `track_ids`, boxes around their joints, and no head boxes;
        poses that are nobody's are left out.
    """
    tracker.reset()
    least = max(tracker.association.joint_score_thr, _LEAST)
    for number, frame in zip(frame_numbers([frame.frame_id for frame in frames]), frames):
        poses = tracker.step(as_estimated(*_seen(frame, least), tracker), number)
        yield _as_frame(poses[poses.instances_id >= 0], frame, tracker.mode.fuses)


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


def _seen(frame: PoseFrame, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (n, K, 2) and scores (n, K) of the poses that have any joint, `least` where they are negative."""
    seen = frame.annotated.any(-1)
    keypoints, annotated, scores = frame.keypoints[seen], frame.annotated[seen], frame.keypoint_scores[seen]
    # Scores of some tools are logarithms: below zero, but of joints that are there.
    return keypoints, np.where(annotated, np.select([np.isnan(scores), scores < 0], [1.0, least], scores), 0.0)


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
