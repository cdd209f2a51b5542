from dataclasses import replace

import numpy as np
import pytest
import torch
from videos import a_frame

from mmgnntrack.models import PoseTracker, track_given_poses
from mmgnntrack.models.tracker import pretrained_tracker
from mmgnntrack.posetrack import PoseFrame, frame_numbers

CODEC = dict(type='mmpose.MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5)
SEARCH = dict(input_size=CODEC['input_size'], heatmap_size=CODEC['heatmap_size'])
HEAD = dict(type='mmgnntrack.GNNDynamicsHead', visual_channels=0, feat_channels=16, aggregation=['spatial'])


def people(index: int, *xs: float) -> PoseFrame:
    """People without track ids who stand at these x."""
    frame = a_frame(dict(enumerate(xs)), index, score=0.9)
    frame.keypoints[..., 0] += 30 * np.arange(15)
    return replace(frame, track_ids=np.full(len(xs), -1))


def ids(tracker: PoseTracker, frames: list[PoseFrame]) -> list[list[int]]:
    return [frame.track_ids.tolist() for frame in track_given_poses(tracker, frames)]


@pytest.fixture
def oks() -> PoseTracker:
    return PoseTracker(matching='oks', init_score_thr=0.0, memory=dict(type='mmgnntrack.TrackMemory', max_lost=2))


def test_identities(oks: PoseTracker) -> None:
    frames = [people(0, 100, 900), people(1, 910, 110), people(2), people(3, 920, 1900, 120)]
    for _ in range(2):  # each video begins anew
        found = [
            dict(zip(frame.track_ids.tolist(), frame.keypoints[:, 0, 0])) for frame in track_given_poses(oks, frames)
        ]
        assert found == [{0: 100, 1: 900}, {0: 110, 1: 910}, {}, {0: 120, 1: 920, 2: 1900}]


def test_poses_stay_as_they_are(oks: PoseTracker) -> None:
    frame = people(0, 100.123456789)
    frame.annotated[0, 3:5] = False
    frame.keypoints[0, 3:5] = 0
    (tracked,) = track_given_poses(oks, [frame])
    assert (tracked.file_name, tracked.frame_id) == (frame.file_name, 0) and np.isnan(tracked.head_bboxes).all()
    assert np.array_equal(tracked.keypoints, frame.keypoints) and np.array_equal(tracked.annotated, frame.annotated)
    assert np.array_equal(tracked.keypoint_scores, frame.keypoint_scores * frame.annotated)
    # Joints that nobody knows are not in the box.
    x = frame.keypoints[0, frame.annotated[0], 0]
    assert tracked.bboxes[0, [0, 2]] == pytest.approx([x[0] - 63, x[-1] + 63])
    assert (frame.track_ids == -1).all()


def test_missing_scores_count_as_one(oks: PoseTracker) -> None:
    frame = people(0, 100)
    frame.keypoint_scores[:] = np.nan
    frame.annotated[0, 3] = False
    (tracked,) = track_given_poses(oks, [frame])
    assert tracked.keypoint_scores[0].tolist() == [1, 1, 1, 0] + [1] * 11


@pytest.mark.parametrize('matching', ['oks', 'full'])
@pytest.mark.parametrize('score', [-3.5, 0.1])
def test_whoever_has_low_scores_is_somebody(score: float, matching: str) -> None:
    """Negative ones, as logarithms are, too; without fusion they come out as they are."""
    tracker = pretrained_tracker(matching=matching, init_score_thr=0.0).eval()
    frames = [people(index, 100 + index, 900) for index in range(3)]
    for frame in frames:
        frame.keypoint_scores[0] = score
    found = list(track_given_poses(tracker, frames))
    assert [frame.track_ids.tolist() for frame in found] == [[0, 1]] * 3
    assert all(frame.annotated.all() for frame in found)
    if matching == 'oks':
        assert {frame.keypoint_scores[0, 0] for frame in found} == {score}


def test_scores_in_percent() -> None:
    """Give the same poses as shares, with scores in percent."""
    shares, percents = [people(index, 100 + 9 * index, 900) for index in range(4)], []
    for frame in shares:
        frame.keypoint_scores[0, 0] = 1.0
        percents.append(replace(frame, keypoint_scores=100 * frame.keypoint_scores))
    tracker = pretrained_tracker().eval()
    for one, other in zip(track_given_poses(tracker, shares), list(track_given_poses(tracker, percents))):
        np.testing.assert_allclose(other.keypoints, one.keypoints, atol=1e-3)
        np.testing.assert_allclose(other.keypoint_scores, 100 * one.keypoint_scores, rtol=1e-4)


def test_poses_without_joints_are_left_out(oks: PoseTracker) -> None:
    frame = people(0, 100, 500)
    frame.annotated[0] = False
    assert ids(oks, [frame]) == [[0]]


@pytest.mark.parametrize(('back', 'identity'), [(20, 0), (30, 2)])
def test_frames_that_are_left_out_count(oks: PoseTracker, back: int, identity: int) -> None:
    assert ids(oks, [people(0, 100), people(10, 900), people(10 + back, 100)])[-1] == [identity]


def test_numbers_of_no_frame_and_of_one() -> None:
    assert frame_numbers([]) == [] and frame_numbers([77]) == [0]


@pytest.mark.parametrize('matching', ['gnn', 'full'])
def test_with_a_dynamics_head(matching: str) -> None:
    torch.manual_seed(0)
    tracker = PoseTracker(
        CODEC, SEARCH, dynamics_head=HEAD, matching=matching, min_similarity=0.0, predicted_weight=0.0
    ).eval()
    frames = [people(0, 100), people(1, 103), people(2), people(3, 106)]
    tracked = list(track_given_poses(tracker, frames))
    assert [frame.track_ids.tolist() for frame in tracked] == [[0], [0], [], [0]]
    # `full` decodes the poses anew from the heatmaps that were drawn of them, to within a cell.
    cell = tracker.geometry.crops(tracked[1].bboxes)[0, 2] / CODEC['heatmap_size'][0]
    error = np.abs(tracked[1].keypoints - frames[1].keypoints).max()
    assert error == 0 if matching == 'gnn' else 0 < error < cell
    assert tracked[1].keypoint_scores == pytest.approx(0.9, abs=0.1 if matching == 'full' else 0)


def test_joints_that_nobody_knows_stay_unknown_after_fusion() -> None:
    """Though a codec decodes something from empty heatmaps."""
    tracker = PoseTracker(CODEC, SEARCH, dynamics_head={**HEAD, 'output': 'offsets'}, init_score_thr=0.0).eval()
    frames = [people(index, 100) for index in range(3)]
    for frame in frames:
        frame.annotated[0, 3:5] = False
        frame.keypoints[0, 3:5] = 0
    for frame, tracked in zip(frames, track_given_poses(tracker, frames), strict=True):
        assert tracked.track_ids.tolist() == [0]
        assert np.array_equal(tracked.annotated, frame.annotated)
