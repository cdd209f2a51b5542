from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.analysis.pose_corruption import HARD, MILD, Corruption, corrupted
from mmgnntrack.posetrack import PoseVideo, read_folder


@pytest.fixture(scope='module')
def video(synthtrack: Path) -> PoseVideo:
    """A long one: the frames of a short one, over and over."""
    (video, *_) = read_folder(synthtrack / 'annotations/train')
    labelled = [frame for frame in video.frames if len(frame.keypoints)]
    return replace(video, frames=labelled * 150)


def joints(video: PoseVideo) -> int:
    return sum(frame.annotated.sum() for frame in video.frames)


def people(video: PoseVideo) -> int:
    return sum(len(frame.keypoints) for frame in video.frames)


@pytest.mark.parametrize('level', [MILD, HARD])
def test_shares(video: PoseVideo, level: Corruption) -> None:
    bad = corrupted(video, level, np.random.default_rng(0))
    assert people(bad) / people(video) == pytest.approx(1 - level.missed, abs=0.05)
    assert joints(bad) / joints(video) == pytest.approx((1 - level.missed) * (1 - level.dropped), abs=0.05)


def test_runs(video: PoseVideo) -> None:
    """Who is missed stays so for a while."""
    level = Corruption(missed=0.5, missed_run=10.0, dropped=0.0, dropped_run=1.0, noise=0.0, outliers=0.0)
    counts = np.array([len(frame.keypoints) for frame in corrupted(video, level, np.random.default_rng(0)).frames])
    assert 0.02 < (np.diff(counts) != 0).mean() < 0.5


def test_noise_and_scores(video: PoseVideo) -> None:
    level = Corruption(missed=0.0, missed_run=1.0, dropped=0.0, dropped_run=1.0, noise=0.02, outliers=0.1)
    bad = corrupted(video, level, np.random.default_rng(0))
    off, scores = [], []
    for truth, frame in zip(video.frames, bad.frames, strict=True):
        assert (frame.track_ids == -1).all()
        assert np.array_equal(frame.annotated, truth.annotated)
        for pose, true, known, score in zip(frame.keypoints, truth.keypoints, truth.annotated, frame.keypoint_scores):
            diagonal = np.linalg.norm(np.ptp(true[known], axis=0))
            off += (np.linalg.norm(pose - true, axis=-1)[known] / diagonal).tolist()
            scores += score[known].tolist()
    off, scores = np.array(off), np.array(scores)
    assert np.median(off) == pytest.approx(0.02 * np.sqrt(2 * np.log(2)), rel=0.2)
    assert (off > 0.1).mean() == pytest.approx(0.1 * np.exp(-0.5 * 0.5**2), abs=0.02)
    assert scores[off < 0.02].min() >= 0.55 and scores[off > 0.3].max() < 0.02


def test_the_same_seed_gives_the_same(video: PoseVideo) -> None:
    first, second = (corrupted(video, HARD, np.random.default_rng(3)) for _ in range(2))
    for one, other in zip(first.frames, second.frames, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
