"""Makes annotated poses as bad as estimated ones: people and joints that are missed, joints that are off."""

from dataclasses import dataclass, replace

import numpy as np

from mmgnntrack.posetrack import PoseFrame, PoseVideo


@dataclass(frozen=True)
class Corruption:
    """How bad.

    Args:
        missed: share of the poses that are missing, in runs: somebody who is missed stays so for a while.
        missed_run: mean length of such a run, in frames.
        dropped: share of the joints that are missing, in runs: a joint that is missing stays so for a while.
        dropped_run: mean length of such a run, in frames.
        noise: standard deviation of a joint, relative to the diagonal of its pose.
        outliers: share of the joints that are off by ten times as much.
    """

    missed: float
    missed_run: float
    dropped: float
    dropped_run: float
    noise: float
    outliers: float


MILD = Corruption(missed=0.05, missed_run=2.0, dropped=0.05, dropped_run=2.0, noise=0.01, outliers=0.02)
HARD = Corruption(missed=0.20, missed_run=4.0, dropped=0.15, dropped_run=4.0, noise=0.02, outliers=0.05)


def corrupted(video: PoseVideo, level: Corruption, rng: np.random.Generator) -> PoseVideo:
    """The video as an estimator would see it, without track ids.

    A joint's score is a random 0.6 to 1.0, less the farther it is off: times exp(-(d / 0.1)^2 / 2), d relative to the
    pose's diagonal.
    """
    joints = video.frames[0].annotated.shape[1]
    ids = sorted({int(i) for frame in video.frames for i in frame.track_ids})
    length = len(video.frames)
    missed = dict(zip(ids, _runs((len(ids), length), level.missed, level.missed_run, rng)))
    dropped = dict(zip(ids, _runs((len(ids), joints, length), level.dropped, level.dropped_run, rng)))
    frames = []
    for number, frame in enumerate(video.frames):
        people = frame.track_ids.tolist()
        seen = frame.annotated & ~np.array([dropped[i][:, number] for i in people], bool).reshape(-1, joints)
        kept = ~np.array([missed[i][number] for i in people], bool) & seen.any(-1)
        frames.append(_estimated(frame, seen, kept, level, rng))
    return replace(video, frames=frames)


def _estimated(
    frame: PoseFrame, seen: np.ndarray, kept: np.ndarray, level: Corruption, rng: np.random.Generator
) -> PoseFrame:
    """The poses `kept` (n,) of a frame with the joints `seen` (n, K), misplaced and scored."""
    seen, keypoints = seen[kept], frame.keypoints[kept]
    corners = (np.where(seen[..., None], keypoints, empty) for empty in (np.inf, -np.inf))
    low, high = (reduce(points, axis=1) for reduce, points in zip((np.min, np.max), corners))
    spread = level.noise * np.where(rng.random(seen.shape) < level.outliers, 10, 1)
    off = rng.normal(size=keypoints.shape) * spread[..., None]
    scores = rng.uniform(0.6, 1.0, seen.shape) * np.exp(-0.5 * (np.linalg.norm(off, axis=-1) / 0.1) ** 2)
    moved = keypoints + off * np.linalg.norm(high - low, axis=-1)[:, None, None]
    count = len(seen)
    return replace(
        frame,
        keypoints=np.where(seen[..., None], moved, 0.0),
        annotated=seen,
        visible=seen,
        keypoint_scores=np.where(seen, scores, 0.0),
        track_ids=np.full(count, -1),
        bboxes=np.full((count, 4), np.nan),
        head_bboxes=np.full((count, 4), np.nan),
    )


def _runs(shape: tuple[int, ...], share: float, mean_length: float, rng: np.random.Generator) -> np.ndarray:
    """Random bools of which so large a share is True, along the last axis in runs of so great a mean length."""
    if not share:
        return np.zeros(shape, bool)
    end, begin = 1 / mean_length, share / (1 - share) / mean_length
    draws = rng.random(shape)
    state = draws[..., 0] < share
    runs = [state]
    for step in range(1, shape[-1]):
        state = np.where(state, draws[..., step] >= end, draws[..., step] < begin)
        runs.append(state)
    return np.stack(runs, axis=-1)
