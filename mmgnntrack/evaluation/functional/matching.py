"""Distances between predicted and annotated joints of a video, and the assignment of predicted to annotated poses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mmgnntrack.posetrack import (
    JOINTS,
    POSETRACK17_JOINTS,
    PoseFrame,
    PoseTable,
    PoseTrackFormatError,
    PoseVideo,
    format_error,
    joint_index,
)

from .filtering import MISSING_SCORE
from .geometry import drop_ignored, pairs_within_frames
from .head_size import fill_head_boxes, head_sizes

#: A joint is found if it lies within this share of the head size.
DISTANCE_THRESHOLD = 0.5

#: Pairs that are compared at once: a long sequence has many.
_AT_ONCE = 2048

#: The official order of joints, as positions in `JOINTS`.
OFFICIAL_ORDER = np.array([joint_index(name) for name in POSETRACK17_JOINTS])
NUM_JOINTS = len(JOINTS)


@dataclass(frozen=True)
class Rules:
    """What an evaluator looks at.

    Attributes:
        frames: whether it looks at a frame of the annotations.
        joints: (N, K) bool, which joints of poses it takes for given.
    """

    frames: Callable[[PoseFrame], bool]
    joints: Callable[[PoseTable], np.ndarray]


#: The benchmark's evaluator.
POSEVAL = Rules(frames=lambda frame: len(frame) > 0, joints=lambda poses: poses.annotated)
#: PoseTrack21's kit: joints that lie on the left or the upper edge of the image, or beyond, are none.
POSETRACK21 = Rules(
    frames=lambda frame: frame.is_labeled, joints=lambda poses: poses.annotated & (poses.keypoints > 0).all(-1)
)


@dataclass
class MatchedVideo:
    """The T frames of a video that an evaluator looks at; K joints in the order of `POSETRACK17_JOINTS`.

    A pair is one of the P predictions and one of the G people of the same frame. The M pairs are in the order of
    frames, people and predictions, so that those of a frame are a table of its people and its predictions.

    Attributes:
        num_frames: T.
        gt_frames: (G,) the frame of each annotated person, not falling.
        pred_frames: (P,) the frame of each prediction, not falling.
        gt_tracks: (G,) the track number of each person, from 0 without gaps.
        pred_tracks: (P,) the track number of each prediction, from 0 without gaps.
        gt_ids: the track id of each track number of people.
        pred_ids: the track id of each track number of predictions.
        has_gt: (G, K) bool, whether the joint is annotated.
        has_pred: (P, K) bool, whether it is predicted.
        scores: (P, K).
        pair_gt: (M,) the person of each pair.
        pair_pred: (M,) its prediction.
        distances: (M, K) in head sizes; inf where a joint is missing, NaN or inf where the head has no extent.
        filled_heads: for how many people the head size comes from their joints, see `fill_head_boxes`.
    """

    num_frames: int
    gt_frames: np.ndarray
    pred_frames: np.ndarray
    gt_tracks: np.ndarray
    pred_tracks: np.ndarray
    gt_ids: np.ndarray
    pred_ids: np.ndarray
    has_gt: np.ndarray
    has_pred: np.ndarray
    scores: np.ndarray
    pair_gt: np.ndarray
    pair_pred: np.ndarray
    distances: np.ndarray
    filled_heads: int = 0

    @cached_property
    def gt_bounds(self) -> np.ndarray:
        """(T + 1,) where the people of each frame begin and end."""
        return np.searchsorted(self.gt_frames, np.arange(self.num_frames + 1))

    @cached_property
    def pred_bounds(self) -> np.ndarray:
        """(T + 1,) where the predictions of each frame begin and end."""
        return np.searchsorted(self.pred_frames, np.arange(self.num_frames + 1))

    @cached_property
    def pair_bounds(self) -> np.ndarray:
        """(T + 1,) where the pairs of each frame begin and end."""
        return np.append(0, np.cumsum(np.diff(self.gt_bounds) * np.diff(self.pred_bounds)))

    def without_last_frame(self) -> 'MatchedVideo':
        """The video without its last frame; one without frames stays as it is."""
        last = max(self.num_frames - 1, 0)
        people, poses, pairs = (bounds[last] for bounds in (self.gt_bounds, self.pred_bounds, self.pair_bounds))
        return replace(
            self,
            num_frames=last,
            **{name: getattr(self, name)[:people] for name in ('gt_frames', 'gt_tracks', 'has_gt')},
            **{name: getattr(self, name)[:poses] for name in ('pred_frames', 'pred_tracks', 'has_pred', 'scores')},
            **{name: getattr(self, name)[:pairs] for name in ('pair_gt', 'pair_pred', 'distances')},
        )

    def labels(self) -> np.ndarray:
        """(P, K) bool, whether a predicted joint is a true positive of the person its pose is assigned to."""
        found = self.distances <= DISTANCE_THRESHOLD
        annotated = np.maximum(self.has_gt.sum(-1), 1)
        pairs = assign_poses(found.sum(-1) / annotated[self.pair_gt], self.pair_gt, self.pair_pred)
        labels = np.zeros(self.has_pred.shape, bool)
        labels[self.pair_pred[pairs]] = found[pairs]
        return labels


def joint_distances(pred: np.ndarray, gt: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(M, K) distances in head sizes between the joints of pairs.

    Args:
        pred: (M, K, 2) predicted joints in pixels.
        gt: (M, K, 2) annotated joints.
        sizes: (M,) head sizes in pixels.
    """
    offsets = pred - gt
    with np.errstate(divide='ignore', invalid='ignore'):  # heads without extent match nothing
        return np.sqrt(offsets[..., 0] ** 2 + offsets[..., 1] ** 2) / sizes[:, None]


def assign_poses(pck: np.ndarray, pair_gt: np.ndarray, pair_pred: np.ndarray) -> np.ndarray:
    """The pairs in which a predicted pose is assigned to an annotated person, by the share of joints that it finds.

    Each prediction stands for its best person (the first of equals), then each person takes its best prediction. A
    prediction that finds nothing is assigned to nobody.

    Args:
        pck: (M,) found joints as a share of the person's annotated ones.
        pair_gt: (M,) the person of each pair.
        pair_pred: (M,) its prediction.

    Returns:
        Indices of pairs, at most one for each person and for each prediction.
    """
    pairs = np.flatnonzero(pck > 0)
    for one, other in ((pair_pred, pair_gt), (pair_gt, pair_pred)):
        pairs = pairs[np.lexsort((other[pairs], -pck[pairs], one[pairs]))]
        pairs = pairs[np.unique(one[pairs], return_index=True)[1]]
    return pairs


def contested(video: MatchedVideo, pairs: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Which of the candidates for a match share their person or their prediction with another of the same joint.

    Args:
        video: M pairs.
        pairs: (L,) the pair of each candidate.
        joints: (L,) its joint.

    Returns:
        (L,) bool.
    """
    keys = [side[pairs] * NUM_JOINTS + joints for side in (video.pair_gt, video.pair_pred)]
    return np.any([np.bincount(key)[key] > 1 for key in keys], axis=0)


def match_video(gt: PoseVideo, pred: PoseVideo, rules: Rules = POSEVAL) -> MatchedVideo:
    """Compare the frames of a video that are looked at with the predictions at the same positions.

    Args:
        gt: annotations with track ids, and with head boxes or joints to replace them (see `fill_head_boxes`).
        pred: predictions; those without a track id are one track number among others.
        rules: which frames and joints count.

    Raises:
        PoseTrackFormatError: naming file, frame and field, for unequal numbers of frames, poses with a track id that
            another pose of the frame has, and annotated people without a track id or whose head size is not known.
    """
    if len(gt) != len(pred):
        expected = f'{len(gt)} frames, as many as {_place(gt)} has'
        raise format_error(_place(pred), 'frames', expected, str(len(pred)), str(min(len(gt), len(pred))))
    labelled = [index for index, frame in enumerate(gt.frames) if rules.frames(frame)]
    truth, poses = (_checked_poses(video, labelled) for video in (gt, pred))
    _check_tracked(gt, labelled, truth)
    truth, filled_heads = fill_head_boxes(truth)
    regions = [gt.frames[index].ignore_regions for index in labelled]
    truth, poses = drop_ignored(truth, regions), drop_ignored(poses, regions)
    has_gt, has_pred = rules.joints(truth)[:, OFFICIAL_ORDER], rules.joints(poses)[:, OFFICIAL_ORDER]
    pair_gt, pair_pred = pairs_within_frames(truth.frame_index, poses.frame_index, len(labelled))
    sizes = head_sizes(truth.head_bboxes)
    headless = np.flatnonzero(np.isnan(sizes) & has_gt.any(-1))
    if len(headless):
        expected = 'a head box (x1, y1, x2, y2 in PoseTrack17), or head_top and neck in one frame of the track'
        got = f'none for track {truth.track_ids[headless[0]]}'
        raise _pose_error(gt, labelled, truth, headless[0], 'bbox_head', expected, got)
    xy_gt, xy_pred = truth.keypoints[:, OFFICIAL_ORDER], poses.keypoints[:, OFFICIAL_ORDER]
    distances = np.full((len(pair_gt), NUM_JOINTS), np.inf)
    for start in range(0, len(pair_gt), _AT_ONCE):
        of_gt, of_pred = (side[start : start + _AT_ONCE] for side in (pair_gt, pair_pred))
        found = joint_distances(xy_pred[of_pred], xy_gt[of_gt], sizes[of_gt])
        np.copyto(distances[start : start + _AT_ONCE], found, where=has_gt[of_gt] & has_pred[of_pred])
    scores = poses.keypoint_scores[:, OFFICIAL_ORDER]
    gt_ids, gt_tracks = np.unique(truth.track_ids, return_inverse=True)
    pred_ids, pred_tracks = np.unique(poses.track_ids, return_inverse=True)
    return MatchedVideo(
        num_frames=len(labelled),
        gt_frames=truth.frame_index,
        pred_frames=poses.frame_index,
        gt_tracks=gt_tracks,
        pred_tracks=pred_tracks,
        gt_ids=gt_ids,
        pred_ids=pred_ids,
        has_gt=has_gt,
        has_pred=has_pred,
        scores=np.where(np.isnan(scores), MISSING_SCORE, scores),
        pair_gt=pair_gt,
        pair_pred=pair_pred,
        distances=distances,
        filled_heads=filled_heads,
    )


def _place(video: PoseVideo) -> Path | str:
    return video.path or f'video {video.name}'


def _checked_poses(video: PoseVideo, frames: Sequence[int]) -> PoseTable:
    """The poses of some frames of a video, numbered anew."""
    poses = PoseTable.gather([video.frames[index] for index in frames])
    repeated = poses.repeated_track()
    if repeated is not None:
        got = f'{poses.track_ids[repeated]} twice'
        raise _pose_error(video, frames, poses, repeated, 'track_id', 'each track id at most once in a frame', got)
    return poses


def _check_tracked(video: PoseVideo, frames: Sequence[int], poses: PoseTable) -> None:
    untracked = np.flatnonzero(poses.track_ids < 0)
    if len(untracked):
        person = untracked[0] - np.searchsorted(poses.frame_index, poses.frame_index[untracked[0]])
        got = f'none for person {person}'
        raise _pose_error(video, frames, poses, untracked[0], 'track_id', 'a track id for each person', got)


def _pose_error(
    video: PoseVideo, frames: Sequence[int], poses: PoseTable, row: int, field: str, expected: str, got: str
) -> PoseTrackFormatError:
    index = frames[poses.frame_index[row]]
    return format_error(_place(video), field, expected, got, f'{index} ({video.frames[index].file_name})')
