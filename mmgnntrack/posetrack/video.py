"""A video's poses in memory: what every PoseTrack file is read into and written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .joints import JOINTS
from .skeletons import POSETRACK, Skeleton

_K = len(JOINTS)


def _empty(*shape: int, dtype: type = np.float64) -> 'field':
    return field(default_factory=lambda: np.zeros(shape, dtype))


@dataclass
class PoseFrame:
    """The n people of one frame. Coordinates are image pixels, joints in the order of the video's skeleton: `JOINTS`.

    Attributes:
        file_name: the image, relative to the data set's root.
        frame_id: the number the file gives the frame.
        is_labeled: whether annotators looked at this frame.
        keypoints: (n, K, 2) x, y; zeros where not annotated.
        annotated: (n, K) bool, whether the joint has a position. The official rule: x, y or visibility is not zero.
        visible: (n, K) bool, false for a joint that is hidden though its position is known.
        keypoint_scores: (n, K); ones in ground truth, NaN where a file gives no scores for a pose.
        track_ids: (n,) int64; -1 where the file has none.
        bboxes: (n, 4) xyxy, NaN where the file has none.
        head_bboxes: (n, 4) xyxy, NaN where the file has none.
        ignore_regions: polygons (m, 2) in which nothing is scored.
    """

    file_name: str
    frame_id: int
    is_labeled: bool = True
    keypoints: np.ndarray = _empty(0, _K, 2)
    annotated: np.ndarray = _empty(0, _K, dtype=bool)
    visible: np.ndarray = _empty(0, _K, dtype=bool)
    keypoint_scores: np.ndarray = _empty(0, _K)
    track_ids: np.ndarray = _empty(0, dtype=np.int64)
    bboxes: np.ndarray = _empty(0, 4)
    head_bboxes: np.ndarray = _empty(0, 4)
    ignore_regions: list[np.ndarray] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keypoints)

    @classmethod
    def of(cls, instances: Mapping[str, np.ndarray], file_name: str, frame_id: int) -> 'PoseFrame':
        """A frame of tracked poses that have all their joints.

        Args:
            instances: an InstanceData or a dict with keypoints (n, K, 2) image px, keypoint_scores (n, K), instances_id
                (n,) and perhaps bboxes (n, 4) xyxy.
            file_name: of the frame's image.
            frame_id: its number.
        """
        keypoints, scores = instances['keypoints'], instances['keypoint_scores']
        there = np.ones(scores.shape, bool)
        nowhere = np.full((len(scores), 4), np.nan)
        return cls(
            file_name=file_name,
            frame_id=frame_id,
            keypoints=keypoints.astype(np.float64),
            annotated=there,
            visible=there.copy(),
            keypoint_scores=scores.astype(np.float64),
            track_ids=instances['instances_id'].astype(np.int64),
            bboxes=instances['bboxes'].astype(np.float64) if 'bboxes' in instances else nowhere,
            head_bboxes=nowhere.copy(),
        )


@dataclass
class PoseVideo:
    """A sequence.

    Attributes:
        name: the annotation file's stem.
        frames: in the file's order; where they may be many, a `DiskList`.
        path: of the file.
        skeleton: which joints they have.
        info: what a written file says about how it was made.
    """

    name: str
    frames: Sequence[PoseFrame]
    path: Path | None = None
    skeleton: Skeleton = POSETRACK
    info: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)


#: Frame ids from here on name a video besides the frame, as PoseTrack18's do.
NAMES_A_VIDEO = 10**6


def frame_numbers(ids: Sequence[int]) -> list[int]:
    """Frame ids, increasing, as numbers from 0.

    >>> frame_numbers([10340010, 10340020, 10340050])
    [0, 1, 4]
    """
    numbers = np.asarray(ids, np.int64)
    step = np.gcd.reduce(np.diff(numbers)) or 1
    return ((numbers - numbers[:1]) // step).tolist()
