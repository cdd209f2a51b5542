from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmgnntrack.apis import MEDIAPIPE_JOINTS, KeypointTracker, from_mediapipe, from_ultralytics
from mmgnntrack.posetrack import COCO

#: A person of 17 joints, 100 px high.
POSE = np.stack([np.linspace(0, 40, 17), np.linspace(0, 100, 17)], axis=-1)


def walkers(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Two people who walk towards each other and on, the one at the left first in even frames, last in odd ones."""
    poses = np.stack([POSE + (100 + 8 * number, 50), POSE + (300 - 8 * number, 60)])
    return poses[:: -1 if number % 2 else 1], np.full((2, 17), 0.9)


def test_people_who_cross_keep_their_identities() -> None:
    tracker = KeypointTracker(walkers, matching='gnn')
    paths: dict[int, list[float]] = {}
    for number in range(26):
        people = tracker(number)
        assert not people.predicted.any()
        for identity, keypoints in zip(people.instances_id, people.keypoints):
            paths.setdefault(int(identity), []).append(float(keypoints[0, 0]))
    assert len(paths) == 2
    assert {round(np.diff(path).mean(), 6) for path in paths.values()} == {8, -8}


def test_somebody_who_is_missed_is_predicted() -> None:
    def missing(number: int) -> tuple[np.ndarray, np.ndarray]:
        keypoints, scores = walkers(2 * number)
        return (keypoints[:1], scores[:1]) if number == 8 else (keypoints, scores)

    tracker = KeypointTracker(missing)
    found = [tracker(number) for number in range(10)]
    missed = found[8]
    (row,) = np.flatnonzero(missed.predicted)
    assert missed.sources.tolist() == [0, -1]
    before = found[7].instances_id.tolist().index(missed.instances_id[row])
    moved = missed.keypoints[row] - found[7].keypoints[before]
    assert np.median(moved[:, 0]) == pytest.approx(-16, abs=4)


def test_sources_count_what_the_estimator_gave() -> None:
    """Poses without joints are nobody, but are counted."""

    def gaps(number: int) -> tuple[np.ndarray, np.ndarray]:
        keypoints, scores = walkers(0)
        return np.concatenate([np.full((1, 17, 2), np.nan), keypoints]), np.concatenate([np.ones((1, 17)), scores])

    people = KeypointTracker(gaps)(0)
    assert sorted(people.sources.tolist()) == [1, 2]


@pytest.mark.parametrize('joints', ['coco', None])
@pytest.mark.parametrize('empty', [([], []), (np.zeros((0, 17, 2)), np.zeros((0, 17)))])
def test_nobody_then_somebody(empty: tuple, joints: str | None) -> None:
    results = [empty, empty, walkers(0)]
    tracker = KeypointTracker(results.__getitem__, joints)
    assert len(tracker(0)) == len(tracker(1)) == 0 and len(tracker(2)) == 2


def test_scores_that_say_nothing() -> None:
    """NaN, and beyond 1; joints that are nowhere are at (0, 0)."""
    keypoints, _ = walkers(0)
    scores = np.stack([np.full(17, np.nan), np.full(17, 90.0)])
    scores[1, 5] = 0
    people = KeypointTracker(lambda frame: (keypoints, scores), matching='gnn')(0)
    np.testing.assert_array_equal(people.keypoint_scores, np.where(scores == 0, 0, 1))
    assert people.keypoints[1, 5].tolist() == [0, 0]


def test_a_new_video_begins_anew() -> None:
    tracker = KeypointTracker(walkers)
    first = tracker(0, frame_id=5)
    with pytest.raises(ValueError, match='expected frame 6 or later, got 3'):
        tracker(0, frame_id=3)
    tracker.reset()
    assert tracker(0).instances_id.tolist() == first.instances_id.tolist() == [0, 1]


@pytest.mark.parametrize(
    ('joints', 'keypoints', 'message'),
    [
        (None, np.ones((1, 9, 2)), 'the poses have 9 joints: expected `joints`'),
        ('mpii', np.ones((1, 17, 2)), 'expected 16 joints, got 17'),
        (None, np.ones((17, 2)), r'expected keypoints \(N, K, 2\)'),
    ],
)
def test_other_shapes(joints: str | None, keypoints: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KeypointTracker(lambda frame: (keypoints, np.ones(keypoints.shape[:-1])), joints)(0)


def test_joints_without_a_meaning_are_matched_by_distance() -> None:
    tracker = KeypointTracker(lambda number: (walkers(number)[0][:, :3], np.ones((2, 3))), ['wing', 'beak', 'claw'])
    people = [tracker(number) for number in range(3)]
    assert tracker.tracker.matching == 'distance' and tracker.tracker.dynamics_head is None
    assert [sorted(found.instances_id.tolist()) for found in people] == [[0, 1]] * 3


def test_ultralytics() -> None:
    """Results on a device, and of a model that gives no scores; of no pose model."""
    xy = torch.tensor(np.stack([POSE + 10, POSE]))
    keypoints, scores = from_ultralytics(
        [SimpleNamespace(keypoints=SimpleNamespace(xy=xy, conf=torch.full((2, 17), 0.5)))]
    )
    np.testing.assert_array_equal(keypoints, xy.numpy())
    assert scores[0].tolist() == [0.5] * 17
    assert scores[1].tolist() == [0.0] + [0.5] * 16  # the corner
    _, scores = from_ultralytics(SimpleNamespace(keypoints=SimpleNamespace(xy=xy, conf=None)))
    assert scores[0].tolist() == [1.0] * 17
    nobody = SimpleNamespace(keypoints=SimpleNamespace(xy=torch.zeros(0, 17, 2), conf=torch.zeros(0, 17)))
    assert len(KeypointTracker(lambda frame: from_ultralytics(nobody), COCO.joints)(None)) == 0
    with pytest.raises(ValueError, match='pose model'):
        from_ultralytics(SimpleNamespace(keypoints=None))


def test_mediapipe() -> None:
    marks = [SimpleNamespace(x=0.5, y=row / 100, z=0.0, visibility=0.8, presence=1.0) for row in range(33)]
    result = SimpleNamespace(pose_landmarks=[marks])
    keypoints, scores = from_mediapipe(result, (200, 100))
    assert keypoints.shape == (1, 33, 2) and scores.tolist() == [[0.8] * 33]
    np.testing.assert_allclose(keypoints[0], [[100, row] for row in range(33)])
    older = SimpleNamespace(pose_landmarks=SimpleNamespace(landmark=marks))
    np.testing.assert_array_equal(from_mediapipe(older, (200, 100))[0], keypoints)
    assert from_mediapipe(SimpleNamespace(pose_landmarks=None), (200, 100))[0].shape == (0, 33, 2)
    tracker = KeypointTracker(lambda frame: from_mediapipe(result, (200, 100)), MEDIAPIPE_JOINTS)
    assert tracker(None).instances_id.tolist() == [0]
    assert tracker.tracker.matching == 'full'
