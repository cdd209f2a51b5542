import numpy as np
import pytest
from mmengine.structures import InstanceData

from mmgnntrack.visualization import Trails, identity_color


def tracks(**places: tuple[float, float]) -> InstanceData:
    """Poses of three joints around places, by identity (`id3`); the second joint is 10 px left, the third 10 right."""
    centres = np.array(list(places.values()), float).reshape(-1, 1, 2)
    return InstanceData(
        instances_id=np.array([int(name[2:]) for name in places], int),
        keypoints=centres + [(0, 0), (-10, 0), (10, 0)],
        keypoint_scores=np.ones((len(places), 3)),
    )


@pytest.fixture
def canvas() -> np.ndarray:
    return np.full((200, 400, 3), 20, np.uint8)


def walk(trails: Trails, frames: int, identity: int = 3, first: int = 0) -> None:
    for frame_id in range(first, first + frames):
        trails.update(tracks(**{f'id{identity}': (50 + 10 * frame_id, 100)}), frame_id)


def test_a_line_through_the_centres(canvas: np.ndarray) -> None:
    trails = Trails(100)
    walk(trails, 21)
    trails.draw(canvas)
    rows, columns = np.nonzero((canvas != 20).any(-1))
    assert 97 <= rows.min() and rows.max() <= 103
    assert 46 <= columns.min() <= 50 and 250 <= columns.max() <= 254
    np.testing.assert_allclose(canvas[100, 247], identity_color(3), atol=3)


def test_the_older_the_fainter(canvas: np.ndarray) -> None:
    trails = Trails(20)
    walk(trails, 21)
    trails.draw(canvas)
    strength = np.abs(canvas[100, 75:255:10].astype(int) - 20).sum(-1)
    assert (np.diff(strength) > 0).all() and strength[-1] > 6 * strength[0]


def test_positions_of_an_enlarged_canvas(canvas: np.ndarray) -> None:
    trails = Trails()
    for frame_id, y in enumerate((20, 40)):
        trails.update(tracks(id0=(30, y)), frame_id)
    trails.draw(canvas, scale=(4.0, 3.0))
    rows, columns = np.nonzero((canvas != 20).any(-1))
    assert np.abs([rows.min() - 61, rows.max() - 121]).max() <= 3
    assert abs(columns.mean() - 121.5) < 0.6


def test_it_ends_after_some_frames(canvas: np.ndarray) -> None:
    trails = Trails(length=5)
    walk(trails, 3)
    walk(trails, 20, identity=4, first=3)
    assert len(trails) == 1  # the third person is forgotten, and what the fourth did long ago
    trails.draw(canvas)
    rows, columns = np.nonzero((canvas != 20).any(-1))
    assert columns.min() > 50 + 10 * 18 - 4
    trails.update(tracks(), 22 + 5)
    assert len(trails) == 0


def test_a_trail_stays_a_while_after_somebody_is_lost(canvas: np.ndarray) -> None:
    trails = Trails(length=5)
    walk(trails, 3)
    trails.update(tracks(), 4)
    assert len(trails) == 1
    trails.draw(canvas)
    assert (canvas != 20).any()


def test_memory_is_bounded() -> None:
    trails = Trails(length=4)
    for frame_id in range(50):
        trails.update(tracks(id0=(0, 0), **{f'id{frame_id + 1}': (5, 5)}), frame_id)
    assert len(trails) == 5
    assert sum(map(len, trails._paths.values())) == 8


def test_joints_that_are_not_shown_do_not_count(canvas: np.ndarray) -> None:
    trails = Trails(score_thr=0.5)
    for frame_id in range(3):
        people = tracks(id0=(50 + 40 * frame_id, 60), id1=(200, 50 + 10 * frame_id))
        people.keypoint_scores[0, 1] = 0.4
        people.keypoints[0, 1] = 1e4
        people.keypoints[1, 0] = np.nan
        trails.update(people, frame_id)
    trails.draw(canvas)
    rows, columns = np.nonzero((canvas != 20).any(-1))
    first = columns < 190
    # The mean of the first and the third joint, 5 px right of the first; of the second and the third, in the middle.
    assert abs(columns[first].min() - 55) <= 3 and abs(columns[first].max() - 135) <= 3
    assert np.abs(columns[~first] - 200).max() <= 3 and rows[~first].min() <= 50 < 70 <= rows[~first].max()
    nobody = tracks(id7=(10, 10))
    nobody.keypoint_scores[:] = 0
    trails.update(nobody, 3)
    assert len(trails) == 2


def test_nobody(canvas: np.ndarray) -> None:
    trails = Trails()
    trails.draw(canvas)
    trails.update(tracks(), 0)
    trails.draw(canvas)
    assert (canvas == 20).all()
