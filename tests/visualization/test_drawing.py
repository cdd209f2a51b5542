import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData

from mmgnntrack.posetrack import JOINTS, POSETRACK
from mmgnntrack.visualization import Trails, draw_tracks, identity_color
from mmgnntrack.visualization.colors import lightened
from mmgnntrack.visualization.drawing import draw_label

K = len(JOINTS)


def people(num: int = 1, joints: int = K, width: float = 60, left: float = 100) -> InstanceData:
    """Poses side by side, 80 px apart; joints on a zigzag 200 px high, joint 0 uppermost."""
    zigzag = np.stack([np.arange(joints) % 2 * width, np.linspace(0, 200, joints)], -1) + (left, 100)
    keypoints = zigzag + np.arange(num)[:, None, None] * (80, 0)
    return InstanceData(
        instances_id=np.arange(num),
        keypoints=keypoints,
        keypoint_scores=np.ones((num, joints)),
        bboxes=np.concatenate([keypoints.min(1), keypoints.max(1)], -1),
        predicted=np.zeros(num, bool),
    )


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(90, 110, (400, 640, 3), dtype=np.uint8)


def count(image: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((image == color).all(-1).sum())


def test_pixels_change_at_the_pose_alone(image: np.ndarray) -> None:
    before = image.copy()
    drawn = draw_tracks(image, people())
    np.testing.assert_array_equal(image, before)
    changed_y, changed_x = np.nonzero((drawn != image).any(-1))
    assert 90 <= changed_x.min() <= 100 and 160 <= changed_x.max() <= 170
    assert 60 <= changed_y.min() < 90 and 300 <= changed_y.max() <= 310  # the identity stands above the head
    assert len(changed_x) < 0.5 * 60 * 200  # the person is not covered


def test_joints_and_limbs_have_the_colour_of_the_identity(image: np.ndarray) -> None:
    tracks = people(2)
    tracks.instances_id = np.array([3, 14])
    drawn = draw_tracks(image, tracks)
    for pose, identity in zip(tracks.keypoints, (3, 14)):
        for start, end in POSETRACK.link_indices:
            for x, y in (pose[start], pose[end], (pose[start] + pose[end]) / 2):
                near = drawn[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2]
                assert count(near, identity_color(identity)), (identity, start, end)


def test_the_identity_is_written(image: np.ndarray) -> None:
    one, same_color = people(), people()
    same_color.instances_id = one.instances_id + 10
    drawn, other = draw_tracks(image, one), draw_tracks(image, same_color)
    rows, _ = np.nonzero((drawn != other).any(-1))
    assert len(rows) and rows.max() < 100  # above the uppermost joint


def label(drawn: np.ndarray, identity: int) -> np.ndarray:
    """(n, 2) x, y of the identity's colour above the heads."""
    return np.argwhere((drawn[:90] == identity_color(identity)).all(-1))[:, ::-1]


def test_ages_are_written_behind_identities(image: np.ndarray) -> None:
    tracks = people()
    plain, labels = draw_tracks(image, tracks), []
    for age in (4, 45, 46):
        tracks.ages = np.array([age])
        labels.append(draw_tracks(image, tracks))
    rows, columns = np.nonzero((labels[1] != labels[2]).any(-1))
    assert len(rows) and rows.max() < 100
    widths = [np.ptp(label(drawn, 0)[:, 0]) for drawn in (plain, *labels)]
    assert widths[0] < widths[1] < widths[2] == widths[3] < 3.5 * widths[0]
    # In its middle stands the label over the head, whatever is in it.
    middles = [(label(drawn, 0)[:, 0].min() + label(drawn, 0)[:, 0].max()) / 2 for drawn in (plain, *labels)]
    assert np.ptp(middles) <= 1


def test_trails_lie_below_the_skeletons(image: np.ndarray) -> None:
    tracks, trails = people(), Trails(score_thr=0.2)
    for frame_id, offset in enumerate((-60, -30, 0)):
        moved = people(left=100 + offset)
        trails.update(moved, frame_id)
    drawn, plain = (draw_tracks(image, tracks, trails=each) for each in (trails, None))
    changed = (drawn != plain).any(-1)
    rows, columns = np.nonzero(changed)
    x, y = tracks.keypoints[0].mean(0)
    assert np.abs(rows - y).max() <= 4
    assert abs(columns.min() - (x - 60)) <= 3 and columns.max() <= x + 3
    pose = (plain != image).any(-1)
    assert not (changed & pose & (plain == identity_color(0)).all(-1)).any()
    np.testing.assert_allclose(drawn[round(y), round(x) - 43], identity_color(0), atol=12)


def test_trails_of_an_enlarged_image(image: np.ndarray) -> None:
    """Also where nobody is left."""
    trails = Trails()
    for frame_id in range(3):
        trails.update(people(left=100 + 20 * frame_id), frame_id)
    small = cv2.resize(image, (320, 200))
    for part, scale in ((image, 1), (small, 2)):
        changed = (draw_tracks(part, people(0), trails=trails) != draw_tracks(part, people(0))).any(-1)
        rows, columns = np.nonzero(changed)
        x, y = people().keypoints[0].mean(0) * scale
        assert abs(rows.mean() - y) <= 2
        assert np.abs([columns.min() - x, columns.max() - x - 40 * scale]).max() <= 4


def test_the_identity_stays_inside_the_image(image: np.ndarray) -> None:
    color = (1, 200, 3)
    areas = []
    for bottom in ((320, 200), (-50, -50), (700, 500)):
        drawn = image.copy()
        draw_label(drawn, '12', np.array(bottom), color)
        areas.append(count(drawn, color))
    assert areas[0] > 100 and areas == 3 * areas[:1]


def test_nobody() -> None:
    image = np.random.default_rng(0).integers(0, 255, (30, 700, 3), dtype=np.uint8)
    np.testing.assert_array_equal(draw_tracks(image, people(0)), image)
    small = np.ascontiguousarray(image[:, :80])
    drawn = draw_tracks(small, people(0), min_width=160)
    np.testing.assert_array_equal(drawn, cv2.resize(small, (160, 60), interpolation=cv2.INTER_CUBIC))


def test_small_images_are_enlarged_with_their_poses(image: np.ndarray) -> None:
    tracks = people()
    large = draw_tracks(cv2.resize(image, (1280, 800)), tracks, min_width=640)
    assert large.shape == (800, 1280, 3)
    drawn = draw_tracks(cv2.resize(image, (320, 200)), tracks, min_width=640)
    assert drawn.shape == (400, 640, 3)
    x, y = tracks.keypoints[0, 5] * 2 + 0.5
    assert count(drawn[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3], identity_color(0)) > 4


def test_predicted_poses_are_lighter_and_dashed(image: np.ndarray) -> None:
    tracks = people(width=200)
    confirmed = draw_tracks(image, tracks)
    tracks.predicted[:] = True
    predicted = draw_tracks(image, tracks)
    full, light = identity_color(0), lightened(identity_color(0))
    assert count(confirmed, full) > 1000 and not count(confirmed, light)
    assert count(predicted, light) > 500 and not count(predicted, full)
    # Along one limb, drawn alone: one stretch when confirmed, several when predicted.
    start, end = tracks.keypoints[0, [7, 8]]
    for poses_predicted, stretches in ((False, 1), (True, 6)):
        tracks.predicted[:] = poses_predicted
        drawn = draw_tracks(image, tracks, skeleton=[(7, 8)])
        line = np.linspace(start, end, 400).round().astype(int)[40:-40]
        free = (drawn[line[:, 1], line[:, 0]] == image[line[:, 1], line[:, 0]]).all(-1)
        assert 1 + (np.diff(free.astype(int)) == 1).sum() >= stretches
        assert free.any() == poses_predicted


def test_joints_with_low_scores_are_not_drawn(image: np.ndarray) -> None:
    tracks = people(width=200)
    ankle = JOINTS.index('left_ankle')
    x, y = tracks.keypoints[0, ankle].round().astype(int)
    near = np.s_[y - 6 : y + 7, x - 6 : x + 7]
    for score, visible in ((0.3, True), (0.29, False), (np.nan, False)):
        tracks.keypoint_scores[0, ankle] = score
        drawn = draw_tracks(image, tracks, score_thr=0.3)
        assert (drawn[near] != image[near]).any() == visible
    tracks.keypoint_scores[:] = 0
    np.testing.assert_array_equal(draw_tracks(image, tracks), image)


def test_positions_that_are_no_numbers_or_far_away(image: np.ndarray) -> None:
    tracks = people()
    tracks.keypoints[0, 4] = np.nan
    tracks.keypoints[0, 9] = 1e12
    assert count(draw_tracks(image, tracks), identity_color(0)) > 100


def test_near_people_cover_far_ones(image: np.ndarray) -> None:
    tracks = people(2)
    tracks.keypoints[1] = tracks.keypoints[0]
    x, y = tracks.keypoints[0, 9].round().astype(int)
    for bottoms, front in (((300, 310), 1), ((310, 300), 0)):
        tracks.bboxes[:, 3] = bottoms
        assert tuple(draw_tracks(image, tracks)[y, x]) == identity_color(front)


def test_other_skeletons(image: np.ndarray) -> None:
    tracks = people(joints=5)
    assert count(draw_tracks(image, tracks, skeleton=[]), identity_color(0)) > 20
    drawn = draw_tracks(image, tracks, skeleton=[[0, 4]])
    assert tuple(drawn[175, 100]) == identity_color(0)  # on the line from the first to the last joint, no joint near


@pytest.mark.parametrize('skeleton', [None, [(0, 5)], [(-1, 2)]])
def test_a_skeleton_of_other_joints_is_refused(image: np.ndarray, skeleton: list | None) -> None:
    with pytest.raises(ValueError, match='5'):
        draw_tracks(image, people(joints=5), skeleton)


def test_other_images_are_refused() -> None:
    for bad in (np.zeros((4, 4), np.uint8), np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)):
        with pytest.raises(ValueError, match=r'\(H, W, 3\) of uint8, got'):
            draw_tracks(bad, people())
