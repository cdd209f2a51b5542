import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.evaluation.functional import filter_predictions
from mmgnntrack.evaluation.functional.geometry import drop_ignored, inside_polygon
from mmgnntrack.posetrack import PoseTable

SQUARE = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
#: A square with a notch from above.
NOTCHED = np.array([[0.0, 0], [4, 0], [4, 4], [2, 1], [0, 4]])


@pytest.mark.parametrize(
    ('point', 'polygon', 'expected'),
    [
        ([2, 2], SQUARE, True),
        ([5, 2], SQUARE, False),
        ([-1, 0], SQUARE, False),
        ([4, 2], SQUARE, False),
        ([2, 0], SQUARE, False),
        ([0, 0], SQUARE, False),
        ([2, 2], NOTCHED, False),
        ([2, 1], NOTCHED, False),
        ([1, 1], NOTCHED, True),
        ([-1, 1], NOTCHED, False),
    ],
)
@pytest.mark.parametrize('turn', range(4))
def test_inside(point: list[float], polygon: np.ndarray, expected: bool, turn: int) -> None:
    for corners in (np.roll(polygon, turn, axis=0), np.roll(polygon, turn, axis=0)[::-1]):
        assert inside_polygon(np.array(point, float), corners) == expected


def test_corners_may_be_repeated() -> None:
    point = np.array([[2.0, 0.5], [2, 2], [0, 3]])
    repeated = np.concatenate([NOTCHED, NOTCHED[[-1, -1]]])
    np.testing.assert_array_equal(inside_polygon(point, repeated), inside_polygon(point, NOTCHED))


def test_ignored_joints_and_the_poses_left_empty_are_dropped() -> None:
    poses = PoseTable.gather(a_video(people_at(10, 300), people_at(10)).frames)
    left_half = np.array([[0.0, 0], [100, 0], [100, 2000], [0, 2000]])
    upper_part = np.array([[200.0, 0], [400, 0], [410, 200], [400, 350], [200, 350]])
    kept = drop_ignored(poses, [[left_half, upper_part], []])
    assert kept.track_ids.tolist() == [1, 0] and kept.frame_index.tolist() == [0, 1]
    np.testing.assert_array_equal(kept.annotated[0], np.arange(15) >= 3)
    assert kept.annotated[1].all()
    assert poses.annotated.all() and len(poses) == 3  # the original is as it was


def test_regions_may_overlap() -> None:
    poses = PoseTable.gather(a_video(people_at(10)).frames)
    regions = [np.array([[0.0, 0], [100, 0], [100, bottom], [0, bottom]]) for bottom in (350, 250)]
    for order in (regions, regions[::-1]):
        np.testing.assert_array_equal(drop_ignored(poses, [order]).annotated[0], np.arange(15) >= 3)


def test_without_regions_poses_without_joints_stay() -> None:
    poses = PoseTable.gather(a_video(people_at(0), people_at(0)).frames)
    poses.annotated[:] = False
    far_away = [np.array([[5000.0, 0], [6000, 0], [6000, 10]])]
    assert len(drop_ignored(poses, [[], []])) == 2
    assert drop_ignored(poses, [far_away, []]).frame_index.tolist() == [1]


def test_filter_predictions() -> None:
    video = a_video(people_at(0, 300, 600))
    frame = video.frames[0]
    frame.keypoint_scores[0, :5] = 0.2
    frame.keypoint_scores[1] = 0.45
    frame.keypoint_scores[2] = np.nan
    frame.annotated[0, 14] = False
    (kept,) = filter_predictions(video, min_joint_score=0.4, min_pose_score=0.5).frames
    assert kept.track_ids.tolist() == [0]
    np.testing.assert_array_equal(kept.annotated[0], (np.arange(15) >= 5) & (np.arange(15) < 14))
    assert not any(values[0, :5].any() for values in (kept.keypoints, kept.keypoint_scores, kept.visible))
    assert len(frame) == 3 and frame.annotated[0, :5].all()  # the original is as it was


def test_scores_at_the_threshold_stay() -> None:
    video = a_video(people_at(0))
    video.frames[0].keypoint_scores[:] = 0.5
    assert filter_predictions(video, 0.5, 0.5).frames[0].annotated.all()
    assert len(filter_predictions(video, 0.5, 0.51).frames[0]) == 0
    assert len(filter_predictions(video, 0.51, 0.0).frames[0]) == 0
