from dataclasses import replace

import numpy as np
import pytest
import torch
from videos import a_frame

from mmgnntrack.models import KalmanDynamics, PoseTracker, join_tracklets
from mmgnntrack.models.offline import TrackletJoiner
from mmgnntrack.models.tracker import Association
from mmgnntrack.posetrack import PoseFrame

HEAD = dict(type='mmgnntrack.GNNDynamicsHead', output='offsets', visual_channels=0, feat_channels=16, motion=2)


def frames(*people: dict[int, float]) -> list[PoseFrame]:
    """People by track id and x, whose joints are spread over 400 x 140 px."""
    found = [a_frame(some, index, score=0.9) for index, some in enumerate(people)]
    for frame in found:
        frame.keypoints[..., 0] += 40 * (np.arange(15) % 11)
        frame.keypoints[..., 1] = 10 * np.arange(1, 16)
    return found


@pytest.fixture
def join() -> TrackletJoiner:
    return TrackletJoiner(KalmanDynamics(15, noise=0.02, acceleration=0.02), 15, Association(), 5, 0.3)


def ids(found: list[PoseFrame]) -> list[list[int]]:
    return [sorted(frame.track_ids.tolist()) for frame in found]


def test_who_goes_on_is_one_person(join: TrackletJoiner) -> None:
    """One walks on under another id after a gap; another one who begins elsewhere does not."""
    people = [{0: 100 + 8.0 * t} for t in range(6)] + [{}] * 3 + [{1: 100 + 8.0 * t, 2: 2000} for t in range(9, 15)]
    found = join(frames(*people))
    assert ids(found) == [[0]] * 9 + [[0, 2]] * 6
    for t, frame in enumerate(found):
        x = frame.keypoints[frame.track_ids == 0, 0, 0]
        assert x == pytest.approx(100 + 8 * t, abs=1)
    scores = np.array([frame.keypoint_scores[0, 0] for frame in found])
    assert (scores[6:9] < 0.9).all() and (scores[6:9] > 0.3).all() and (np.delete(scores[:9], [6, 7, 8]) == 0.9).all()


def test_the_likeliest_pairs(join: TrackletJoiner) -> None:
    """Two who meet and part, each under a new id: they go on as they went."""
    before = [{0: 100 + 30.0 * t, 1: 700 - 30.0 * t} for t in range(8)]
    after = [{2: 100 + 30.0 * t, 3: 700 - 30.0 * t} for t in range(12, 20)]
    found = join(frames(*before, *[{}] * 4, *after))[-1]
    assert dict(zip(found.track_ids.tolist(), found.keypoints[:, 0, 0].round())) == {0: 670, 1: 130}


def test_longer_gaps_stay(join: TrackletJoiner) -> None:
    people = [{0: 100.0}] * 4 + [{}] * 6 + [{1: 100.0}] * 4
    assert ids(join(frames(*people))) == [[0]] * 4 + [[]] * 6 + [[1]] * 4
    same = [{0: 100.0}] * 4 + [{}] * 6 + [{0: 100.0}] * 4
    assert ids(join(frames(*same)))[4:10] == [[]] * 6


def test_a_chain(join: TrackletJoiner) -> None:
    people = [{t // 3: 100 + 5.0 * t} for t in range(12)]
    assert ids(join(frames(*people))) == [[0]] * 12


def test_joints_that_are_missing(join: TrackletJoiner) -> None:
    video = frames(*({0: 100 + 5.0 * t} for t in range(12)))
    for frame in video[4:8]:
        frame.annotated[0, 3] = False
        frame.keypoints[0, 3] = 0
    for frame in video[8:]:  # never seen again: nothing to fill in
        frame.annotated[0, 4] = False
    found = join(video)
    assert all(frame.annotated[0, 3] for frame in found)
    assert found[5].keypoints[0, 3] == pytest.approx([100 + 25 + 120, 40], abs=1)
    assert not any(frame.annotated[0, 4] for frame in found[8:])
    assert not video[5].annotated[0, 3]  # what was given stays as it is


def test_nobody_where_somebody_stands(join: TrackletJoiner) -> None:
    people = [{0: 100.0}] * 4 + [{5: 100.0}] * 2 + [{0: 100.0}] * 4
    assert ids(join(frames(*people)))[4:6] == [[5], [5]]


def test_jitter(join: TrackletJoiner) -> None:
    """It is less where people go on evenly, and somebody who jumps is not held back."""
    truth = frames(*({0: 100 + 5.0 * t} for t in range(60)))
    rng = np.random.default_rng(0)
    noisy = [replace(frame, keypoints=frame.keypoints + rng.normal(0, 4, frame.keypoints.shape)) for frame in truth]

    def error(video: list[PoseFrame]) -> float:
        return np.mean([np.linalg.norm(a.keypoints - b.keypoints, axis=-1).mean() for a, b in zip(video, truth)])

    assert error(join(noisy)) < 0.8 * error(noisy)
    jumping = frames(*({0: 100 if t < 10 else 400} for t in range(20)))
    assert max(abs(frame.keypoints[0, 0, 0] - own.keypoints[0, 0, 0]) for frame, own in zip(join(jumping), jumping)) < 5


def test_nothing_to_do(join: TrackletJoiner) -> None:
    assert join([]) == []
    assert ids(join(frames({}, {}))) == [[], []]
    assert ids(join(frames({3: 100}))) == [[3]]
    nobody = frames({0: 100, 1: 300}, {0: 100, 1: 300})
    nobody = [replace(frame, track_ids=np.array([-1, 4])) for frame in nobody]
    found = join(nobody)
    assert ids(found) == [[-1, 4]] * 2
    assert np.array_equal(found[0].keypoints[found[0].track_ids == -1], nobody[0].keypoints[:1])


def test_frames_that_are_left_out(join: TrackletJoiner) -> None:
    """Numbers of frames are times: people are filled into frames that there are."""
    video = [
        frame for t, frame in enumerate(frames(*({0: 100 + 8.0 * t} if t != 6 else {} for t in range(12)))) if t != 5
    ]
    found = join(video)
    assert len(found) == 11 and ids(found) == [[0]] * 11
    assert found[5].frame_id == 6 and found[5].keypoints[0, 0, 0] == pytest.approx(148, abs=1)


@pytest.mark.parametrize('matching', ['distance', 'gnn'])
def test_the_trackers_own_head(matching: str) -> None:
    """A head that predicts any time is asked; without one a filter."""
    torch.manual_seed(0)
    settings = dict(codec=dict(type='mmpose.MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5))
    settings['search'] = dict(input_size=(96, 128), heatmap_size=(24, 32))
    tracker = PoseTracker(matching=matching, dynamics_head=HEAD, **settings).eval()
    asked = []
    tracker.dynamics_head.register_forward_hook(lambda *_: asked.append(1))
    people = [{0: 100.0}] * 4 + [{}] * 2 + [{1: 100.0}] * 4
    assert ids(join_tracklets(tracker, frames(*people), 5)) == [[0]] * 10
    assert bool(asked) == (matching == 'gnn')


def test_a_single_joint(join: TrackletJoiner) -> None:
    """Somebody of whom a single joint was ever seen."""
    video = frames(*({0: 100.0 + t} for t in range(8)))
    for frame in video:
        frame.annotated[0, 1:] = False
    found = join(video)
    assert ids(found) == [[0]] * 8 and all(frame.annotated.sum() == 1 for frame in found)
