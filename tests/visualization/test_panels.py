import numpy as np
import pytest
import torch
from matplotlib import colormaps
from mmengine.structures import InstanceData

from mmgnntrack.functional import Matches, gaussian_heatmaps, image_to_cells
from mmgnntrack.models import Step
from mmgnntrack.posetrack import JOINTS
from mmgnntrack.visualization import attention_panel, fusion_panel, heatmap_panel, identity_color
from mmgnntrack.visualization.colors import lightened
from mmgnntrack.visualization.panels import GREY, RED

K = len(JOINTS)
LEVEL = 100
STRIP, GAP, BORDER = 30, 6, 4
BRIGHT = np.array(colormaps['viridis'](1.0)[2::-1]) * 255  # BGR

Place = tuple[float, float]


def poses(*places: Place, score: float = 1.0) -> InstanceData:
    """Zigzags, 40 px wide and 140 high, with the first joint at a place."""
    zigzag = np.stack([np.arange(K) % 2 * 40, 10.0 * np.arange(K)], -1)
    keypoints = np.array(places, float).reshape(-1, 1, 2) + zigzag
    return InstanceData(
        keypoints=keypoints,
        keypoint_scores=np.full(keypoints.shape[:2], score),
        bboxes=np.concatenate([keypoints.min(1), keypoints.max(1)], -1),
    )


def a_step(
    last: list[Place], predicted: list[Place], estimated: list[Place], final: list[Place], sources: list[int]
) -> Step:
    """Tracked people 1, 2, ..., of whom those of `final` have these estimated poses, the others none. People were
    5 px farther left in each frame before the last."""
    history = poses(*last)
    keypoints = np.stack([history.keypoints - (5 * age, 0) for age in (2, 1, 0)], 1)
    ids = 1 + np.arange(len(last))
    tracklets = InstanceData(
        instances_id=ids,
        keypoints=keypoints,
        keypoint_scores=np.ones(keypoints.shape[:3]),
        valid=np.ones(keypoints.shape[:3], bool),
        bboxes=history.bboxes,
    )
    reference, found, tracked = poses(*predicted), poses(*estimated), poses(*final)
    reference.instances_id = ids
    reference.regions = np.zeros((len(ids), 4))
    tracked.instances_id = 1 + np.arange(len(final))
    tracked.sources = np.array(sources, int)
    tracked.predicted = tracked.sources < 0
    rows = np.flatnonzero(~tracked.predicted)
    nobody = np.zeros(0, int)
    return Step(0, tracklets, reference, found, Matches(rows, tracked.sources[rows], nobody, nobody), None, tracked)


@pytest.fixture
def image() -> np.ndarray:
    return np.full((240, 640, 3), LEVEL, np.uint8)


def pictures(panel: np.ndarray) -> list[np.ndarray]:
    """The three pictures of a panel, without their titles."""
    width = (panel.shape[1] - 2 * GAP) // 3
    return [panel[STRIP:, start : start + width] for start in range(0, panel.shape[1], width + GAP)]


def where(picture: np.ndarray, color: tuple[int, int, int], tolerance: int = 0) -> np.ndarray:
    """(n, 2) x, y of the pixels of a colour."""
    difference = np.abs(picture.astype(int) - np.round(color)).max(-1)
    return np.argwhere(difference <= tolerance)[:, ::-1]


def test_fusion_shows_three_pictures_of_one_frame(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(140, 50)], [(200, 50)], [(260, 50)], [0])
    panel = fusion_panel(image, step)
    assert panel.shape == (240 + STRIP, 3 * 640 + 2 * GAP, 3)
    history, estimator, final = pictures(panel)
    full = identity_color(1)
    for picture, color, left in (
        (history, full, 100),
        (history, lightened(full, 0.8 * 2 / 3), 90),
        (history, lightened(full), 140),
        (estimator, full, 200),
        (final, full, 260),
    ):
        x, y = where(picture, color).T
        x = x[y > 60]  # below the label
        assert np.abs([x.min() - left, x.max() - left - 40]).max() <= 4, (left, x.min(), x.max())
    for picture in (panel[:STRIP, :640], panel[:STRIP, -640:]):
        assert (picture[0] == 255).all() and (picture < 100).any()  # a title on white


def test_predicted_poses_are_dashed(image: np.ndarray) -> None:
    # Along the only limb.
    line = np.linspace((400, 50), (440, 60), 200).round().astype(int)
    links = [(0, 1)]
    history = pictures(fusion_panel(image, a_step([(40, 50)], [(400, 50)], [], [], []), links))[0]
    drawn = (history[line[:, 1], line[:, 0]] != history[0, 0]).any(-1)
    assert drawn.any() and not drawn.all()
    last = np.linspace((40, 50), (80, 60), 200).round().astype(int)
    assert (history[last[:, 1], last[:, 0]] != history[0, 0]).any(-1).all()


def test_last_poses_that_are_the_reference_are_no_prediction(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(300, 50)], [], [], [])
    del step.reference.regions
    history = pictures(fusion_panel(image, step))[0]
    assert not len(where(history, lightened(identity_color(1)))) and len(where(history, identity_color(1)))


def test_joints_that_the_prediction_moved_are_ringed(image: np.ndarray) -> None:
    step = a_step(
        [(100, 50), (400, 50)], [(100, 50), (400, 50)], [(400, 50), (100, 50)], [(100, 50), (400, 50)], [1, 0]
    )
    root = np.sqrt(40 * 140)
    assert not len(where(fusion_panel(image, step), RED))
    step.tracked.keypoints[1, 8] += (0.06 * root, 0)
    step.tracked.keypoints[0, 4] += (0.04 * root, 0)
    history, estimator, final = pictures(fusion_panel(image, step))
    assert not len(where(history, RED)) and not len(where(estimator, RED))
    ring = where(final, RED)
    x, y = step.tracked.keypoints[1, 8]
    np.testing.assert_allclose([ring.min(0), ring.max(0)], [(x - 9, y - 9), (x + 9, y + 9)], atol=4)
    assert np.linalg.norm(ring - (x, y), axis=-1).min() > 4  # the joint itself stays as it is
    # A lower threshold rings both; a joint that is not shown has no ring.
    both = where(pictures(fusion_panel(image, step, moved_thr=0.03))[2], RED)
    assert both[:, 0].min() < 130 and both[:, 0].max() > 380
    step.tracked.keypoint_scores[1, 8] = 0.1
    assert not len(where(fusion_panel(image, step), RED))


def test_estimated_poses_of_nobody_are_grey(image: np.ndarray) -> None:
    step = a_step([], [], [(100, 50), (300, 50)], [(100, 50)], [0])
    _, estimator, final = pictures(fusion_panel(image, step))
    x, _ = where(estimator, GREY).T
    assert np.abs([x.min() - 300, x.max() - 340]).max() <= 4
    assert not len(where(final, GREY))


def test_people_whom_only_the_prediction_shows(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(120, 50)], [], [(120, 50)], [-1])
    _, estimator, final = pictures(fusion_panel(image, step))
    assert (estimator == LEVEL).all()
    assert len(where(final, lightened(identity_color(1)))) and not len(where(final, identity_color(1)))
    assert not len(where(final, RED))


@pytest.mark.parametrize('scale', [0.5, 2])
def test_pictures_have_their_width_and_poses_follow(image: np.ndarray, scale: float) -> None:
    step = a_step([(100, 50)], [(140, 50)], [(200, 50)], [(260, 50)], [0])
    panel = fusion_panel(image, step, width=round(640 * scale))
    assert panel.shape == (round(240 * scale) + STRIP, 3 * round(640 * scale) + 2 * GAP, 3)
    for picture, left in zip(pictures(panel)[1:], (200, 260)):
        x, y = where(picture, identity_color(1)).T
        x = x[y > 60 * scale]
        assert np.abs([x.min() - left * scale, x.max() - (left + 40) * scale]).max() <= 5


def test_missing_joints_are_not_drawn(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(140, 50)], [(200, 50), (400, 50)], [(260, 50)], [0])
    for each in (step.tracklets, step.reference, step.estimated, step.tracked):
        each.keypoint_scores[:] = 0.3
    for picture in pictures(fusion_panel(image, step, score_thr=0.31)):
        assert len(np.unique(picture)) == 1
    step.tracklets.keypoint_scores[:] = 1.0
    step.tracklets.valid[:] = False
    assert len(np.unique(pictures(fusion_panel(image, step, score_thr=0.31))[0])) == 1


def test_positions_that_are_no_numbers(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(140, 50)], [(200, 50)], [(200, 50)], [0])
    expected = fusion_panel(image, step)
    for each in (step.tracklets, step.reference, step.estimated, step.tracked):
        each.keypoints[..., 4, :] = np.nan
    step.tracked.keypoints[0, 8, 1] += 30
    panel = fusion_panel(image, step)
    assert len(where(pictures(panel)[2], RED)) and panel.shape == expected.shape
    for picture, whole in zip(pictures(panel), pictures(expected)):
        assert 0 < (picture != picture[0, 0]).any(-1).sum() < 1.1 * (whole != whole[0, 0]).any(-1).sum()


def test_fusion_of_nobody(image: np.ndarray) -> None:
    history, estimator, final = pictures(fusion_panel(image, a_step([], [], [], [], [])))
    assert (estimator == image).all() and (final == image).all() and (history < LEVEL).all()


def test_fusion_of_other_joints(image: np.ndarray) -> None:
    step = a_step([(100, 50)], [(140, 50)], [(200, 50)], [(260, 50)], [0])
    few = slice(0, 5)
    for each in (step.tracklets, step.reference, step.estimated, step.tracked):
        for field in {'keypoints', 'keypoint_scores', 'valid'} & set(each.keys()):
            values = each[field][..., few, :] if field == 'keypoints' else each[field][..., few]
            each.set_field(values, field)
    assert len(where(fusion_panel(image, step, skeleton=[(0, 4)]), identity_color(1)))
    with pytest.raises(ValueError, match='5 joints have no default skeleton'):
        fusion_panel(image, step)


def a_match(*people: tuple[int, Place, Place, Place]) -> Step:
    """People who are predicted, estimated, and found after fusion with a single joint at three places. Search regions
    are 160 x 160 px, crops 80 x 120, all around (120, 120); cells have 4 px."""
    ids, *places = zip(*people) if people else [()] * 4
    regions = [np.tile([(40.0, 40, 4, 4)], (len(ids), 1)), np.tile([(80.0, 60, 4, 4)], (len(ids), 1))]
    n = len(ids)
    maps = []
    for (region, size), where_ in zip(((regions[0], (40, 40)), *2 * [(regions[1], (20, 30))]), places):
        points = np.array(where_, float).reshape(n, 1, 2)
        maps.append(gaussian_heatmaps(image_to_cells(points, region), np.ones((n, 1)), size, 2.0))
    return Step(
        0,
        InstanceData(),
        InstanceData(instances_id=np.array(ids, int), heatmaps=maps[0], regions=regions[0]),
        InstanceData(heatmaps=maps[1].flip(0), regions=regions[1]),
        Matches(np.arange(n), np.arange(n)[::-1], *2 * [np.zeros(0, int)]),
        maps[2],
        InstanceData(),
    )


def brightest(picture: np.ndarray) -> np.ndarray:
    """(2,) x, y of the middle of where a heatmap is 1, or almost."""
    return where(picture, 0.8 * BRIGHT + 0.2 * LEVEL, 12).mean(0)


def test_heatmaps_lie_where_they_belong(image: np.ndarray) -> None:
    step = a_match((5, (72, 60), (100, 100), (120, 152)), (2, (180, 188), (140, 108), (140, 120)))
    panel = heatmap_panel(image, step, height=320)  # 2 px to each px of the image, from (38, 38) on
    side = 320 + 2 * BORDER
    assert panel.shape == (STRIP + 2 * side + GAP, 3 * side + 2 * GAP, 3)
    for row, places in enumerate([((180, 188), (140, 108), (140, 120)), ((72, 60), (100, 100), (120, 152))]):
        top = STRIP + row * (side + GAP)
        for column, place in enumerate(places):
            left = column * (side + GAP)
            cell = panel[top : top + side, left : left + side]
            assert tuple(cell[0, 40]) == tuple(cell[200, -1]) == identity_color((2, 5)[row])
            found = (brightest(cell) - BORDER + 0.5) / 2 + 38
            np.testing.assert_allclose(found, place, atol=1.5)
            # Far from the joint the image is as it was, and the border of the crop is a line on it.
            plain = (cell[BORDER:-BORDER, BORDER:-BORDER] == LEVEL).all(-1).mean()
            assert plain > 0.7
            line = where(cell[30:], (255, 255, 255)) + (0, 30)  # not of the label
            assert bool(len(line)) == (column > 0)
            if column:
                assert line[:, 0].min() == (78 - 38) * 2 + BORDER and line[:, 0].max() == (158 - 38) * 2 + BORDER
                assert line[:, 1].min() == (58 - 38) * 2 + BORDER and line[:, 1].max() == (178 - 38) * 2 + BORDER


def test_a_window_that_reaches_out_of_the_image() -> None:
    image = np.full((100, 100, 3), LEVEL, np.uint8)
    step = a_match((0, (60, 60), (90, 90), (90, 90)))
    panel = heatmap_panel(image, step, height=160)
    x, y = where(panel[STRIP + BORDER :, BORDER : BORDER + 160], GREY, 3).T
    assert 60 <= x[y < 30].min() <= 63 and (y[x < 30].min() >= 60)  # beyond 99.5, seen from 38


def test_estimated_crops_outside_of_the_search_region_are_seen(image: np.ndarray) -> None:
    step = a_match((0, (60, 60), (92, 92), (92, 92)))
    step.estimated.regions[:] += (80, 0, 0, 0)
    panel = heatmap_panel(image, step, height=160)
    estimated = panel[STRIP:, 168 + GAP : 2 * 168 + GAP]
    # The union reaches from 38 to 238 px: 0.8 px to each.
    np.testing.assert_allclose((brightest(estimated) - BORDER + 0.5) / 0.8 + (38, 38 - 20), (172, 92), atol=2)


@pytest.mark.parametrize(('people', 'rows'), [(1, 1), (3, 2)])
def test_no_more_rows_than_asked_for(image: np.ndarray, people: int, rows: int) -> None:
    step = a_match(*((i, (60, 60), (90, 90), (90, 90)) for i in range(people)))
    panel = heatmap_panel(image, step, max_people=2, height=100)
    assert len(panel) == STRIP + rows * (100 + 2 * BORDER) + (rows - 1) * GAP


def test_heatmaps_of_nobody(image: np.ndarray) -> None:
    panel = heatmap_panel(image, a_match(), height=100)
    assert panel.shape == (100 + STRIP, 300, 3)
    assert (panel[STRIP:] == 255).all() and (panel[:STRIP] < 100).any()


def bright_box(panel: np.ndarray, color: np.ndarray = BRIGHT) -> np.ndarray:
    """(4,) left, top, right, bottom of the pixels of a colour that are not of the colour bar."""
    points = where(panel[:, : round(0.85 * panel.shape[1])], color, 1)
    return np.concatenate([points.min(0), points.max(0)])


def test_attention_is_a_matrix_of_predicted_by_last_joints() -> None:
    boxes = {}
    for cell in ((0, 0), (2, 0), (0, 3), (4, 4)):
        weights = torch.full((1, 5, 5), 0.05)
        weights[0][cell] = 0.8
        boxes[cell] = bright_box(attention_panel(weights, list('abcde'), [3]))
    width, height = (boxes[0, 0][2:] - boxes[0, 0][:2]) + 1
    assert width > 10 and abs(width - height) <= 2
    np.testing.assert_allclose(boxes[2, 0] - boxes[0, 0], (0, 2 * height, 0, 2 * height), atol=6)
    np.testing.assert_allclose(boxes[0, 3] - boxes[0, 0], (3 * width, 0, 3 * width, 0), atol=9)
    np.testing.assert_allclose(boxes[4, 4] - boxes[0, 0], np.tile([4 * width, 4 * height], 2), atol=12)


def test_attention_has_a_matrix_for_each_of_the_first_people() -> None:
    weights = torch.full((4, K, K), 1 / K)
    weights[1, 0, 0] = 1.0
    panel = attention_panel(weights, JOINTS, [14, 3, 12, 5])
    seen = [np.median(where(panel, identity_color(i), 1)[:, 0]) for i in (3, 5, 12)]
    assert seen == sorted(seen)
    assert bright_box(panel)[2] < seen[0]  # the first cell of the first one's matrix
    assert not len(where(panel, identity_color(14), 1))
    assert panel.shape[1] < 2000


def test_names_of_joints_are_written() -> None:
    weights = torch.full((1, 3, 3), 1 / 3)
    panels = [attention_panel(weights, names, [0]) for names in (['i', 'i', 'i'], ['i', 'w', 'i'], ['i', 'i', 'i'])]
    np.testing.assert_array_equal(panels[0], panels[2])
    rows, columns = np.nonzero((panels[0] != panels[1]).any(-1))
    matrix = bright_box(panels[0], np.array(colormaps['viridis'](1.0)[2::-1]) * 255)
    assert (columns < matrix[0]).any() and (rows > matrix[3]).any()


def test_joints_without_attention_are_blank() -> None:
    weights = torch.full((1, 5, 5), 0.5)
    weights[0, 3:] = torch.nan
    left, top, right, bottom = bright_box(attention_panel(weights, list('abcde'), [0]))
    assert (right - left) / (bottom - top) == pytest.approx(5 / 3, abs=0.1)


def test_attention_of_nobody() -> None:
    panel = attention_panel(torch.zeros(0, K, K), JOINTS, [])
    assert panel.dtype == np.uint8 and (panel[0] == 255).all() and (panel < 100).any()
