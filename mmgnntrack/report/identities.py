"""Who is where in a tracked video, and how fast: one identity after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mmgnntrack.posetrack import NAMES_A_VIDEO, PoseFrame, PoseVideo, frame_numbers


@dataclass
class Identity:
    """An identity in the m frames in which it is seen.

    Attributes:
        track_id: the identity.
        frames: (m,) positions in the video, increasing.
        rows: (m,) which of the frame's poses it is.
        boxes: (m, 4) xyxy px; where the file has none, the joints' extent; NaN without any joint.
        speeds: (m,) body heights a second since the frame before: the median way of the joints that both frames have,
            by the mean height of the boxes. NaN where the frame before does not show the person.
    """

    track_id: int
    frames: np.ndarray
    rows: np.ndarray
    boxes: np.ndarray
    speeds: np.ndarray

    def __len__(self) -> int:
        """In how many frames it is seen."""
        return len(self.frames)

    @property
    def runs(self) -> np.ndarray:
        """(r, 2) the first frame of each stretch without a gap, and the one after its last."""
        ends = np.flatnonzero(np.diff(self.frames) > 1)
        return np.stack([self.frames[np.append(0, ends + 1)], self.frames[np.append(ends, -1)] + 1], 1)

    @property
    def gaps(self) -> np.ndarray:
        """(r - 1,) how many frames each gap has."""
        return self.runs[1:, 0] - self.runs[:-1, 1]

    @property
    def mean_speed(self) -> float | None:
        """Body heights a second; None where it is never seen in two frames one after the other."""
        known = self.speeds[np.isfinite(self.speeds)]
        return float(known.mean()) if len(known) else None

    @property
    def peak_speed(self) -> float | None:
        """As `mean_speed`."""
        known = self.speeds[np.isfinite(self.speeds)]
        return float(known.max()) if len(known) else None


def by_number(video: PoseVideo) -> PoseVideo:
    """The video with a frame for each number from 0 on, so that frames of a file that begins later or leaves some out
    are where the source has them. Numbers so large that they name the video too, as PoseTrack18's, count from the first
    one.

    Args:
        video: with frame ids.

    Raises:
        ValueError: for ids that do not increase.
    """
    ids = [frame.frame_id for frame in video.frames]
    if any(later <= earlier for earlier, later in zip(ids, ids[1:])) or (ids and ids[0] < 0):
        raise ValueError(f'{video.path}: expected frame ids that increase from 0 or later, got {ids[:5]}, ...')
    numbers = ids if not ids or ids[0] < NAMES_A_VIDEO else frame_numbers(ids)
    joints = len(video.skeleton.joints)
    frames = [empty_frame(joints, number) for number in range(numbers[-1] + 1)] if numbers else []
    for number, frame in zip(numbers, video.frames):
        frames[number] = frame
    return replace(video, frames=frames)


def empty_frame(joints: int, number: int) -> PoseFrame:
    """A frame without people."""
    nobody = dict(
        keypoints=np.zeros((0, joints, 2)), keypoint_scores=np.zeros((0, joints)), instances_id=np.zeros(0, np.int64)
    )
    return PoseFrame.of(nobody, '', number)


def find_identities(video: PoseVideo, fps: float) -> list[Identity]:
    """The identities of a video by their first appearance. Poses without a track id are left out.

    Args:
        video: with track ids.
        fps: frames a second.
    """
    seen: dict[int, list[tuple[int, int]]] = {}
    for index, frame in enumerate(video.frames):
        for row, track_id in enumerate(frame.track_ids.tolist()):
            places = seen.setdefault(track_id, [])
            if not places or places[-1][0] != index:
                places.append((index, row))
    seen.pop(-1, None)
    return [_identity(video, track_id, np.array(places), fps) for track_id, places in seen.items()]


def _identity(video: PoseVideo, track_id: int, places: np.ndarray, fps: float) -> Identity:
    frames, rows = places.T
    poses = [(video.frames[frame], row) for frame, row in places.tolist()]
    points = np.stack([_points(frame, row) for frame, row in poses])
    boxes = np.stack([_box(frame.bboxes[row], own) for (frame, row), own in zip(poses, points)])
    speeds = np.full(len(frames), np.nan)
    speeds[1:] = _ways(points) * fps / _heights(boxes)
    speeds[1:][np.diff(frames) > 1] = np.nan
    return Identity(track_id, frames, rows, boxes, speeds)


def _points(frame: PoseFrame, row: int) -> np.ndarray:
    """(K, 2) px, NaN where a joint has no position."""
    return np.where(frame.annotated[row, :, None], frame.keypoints[row], np.nan)


def _box(box: np.ndarray, points: np.ndarray) -> np.ndarray:
    if np.isfinite(box).all() and (box[2:] > box[:2]).all():
        return box
    known = points[np.isfinite(points).all(-1)]
    return np.concatenate([known.min(0), known.max(0)]) if len(known) else np.full(4, np.nan)


def _ways(points: np.ndarray) -> np.ndarray:
    """(m - 1,) px that the joints (m, K, 2) go from one frame to the next, their median; NaN where none is in both."""
    ways = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    return np.array([np.median(known) if len(known := own[np.isfinite(own)]) else np.nan for own in ways])


def _heights(boxes: np.ndarray) -> np.ndarray:
    """(m - 1,) px, the mean of two frames; at least one, so that a single joint has a height, too."""
    heights = np.maximum(boxes[:, 3] - boxes[:, 1], 1)
    return (heights[1:] + heights[:-1]) / 2


def peaks(values: np.ndarray, count: int) -> np.ndarray:
    """At most `count` values for many (m,): the largest of equal parts, NaN where a part has none.

    >>> peaks(np.array([1, 2, 5, np.nan]), 2).tolist(), peaks(np.array([np.nan]), 2).tolist()
    ([2.0, 5.0], [nan])
    """
    parts = np.array_split(values, count) if len(values) > count else values[:, None]
    return np.array([np.fmax.reduce(part) for part in parts])


def stretches(known: np.ndarray) -> Iterator[tuple[int, int]]:
    """The first of each run of true values (m,), and the one after its last.

    >>> list(stretches(np.array([True, False, True, True])))
    [(0, 1), (2, 4)]
    """
    steps = np.diff(np.concatenate([[False], known, [False]]).astype(int))
    yield from zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist())
