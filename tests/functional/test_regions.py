from dataclasses import replace

import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.structures.bbox import get_warp_matrix

from mmgnntrack.functional import (
    SearchGeometry,
    cells_to_image,
    crop_boxes,
    followed_bboxes,
    grid_regions,
    image_to_cells,
    pose_bboxes,
    region_warp,
)
from mmgnntrack.functional.regions import extents

BOXES = np.array([[10.0, 20, 40, 110], [0, 0, 200, 50], [-30.5, 7, 60, 99.25], [100, 100, 101, 101]], np.float32)


def test_a_cell_in_the_image() -> None:
    regions = np.array([[10.0, 20, 2, 3], [0, 0, 1, 1]])
    cells = np.array([[[0.0, 0], [4, 5]], [[7, 8], [0.5, 0.5]]])
    expected = [[[10, 20], [18, 35]], [[7, 8], [0.5, 0.5]]]
    assert cells_to_image(cells, regions).tolist() == expected


@pytest.mark.parametrize('shape', [(3, 2), (3, 5, 2), (3, 4, 5, 2), (0, 5, 2), (3, 0, 2)])
def test_round_trip(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    cells, regions = rng.uniform(-50, 50, shape), rng.uniform(0.5, 9, (shape[0], 4))
    image = cells_to_image(cells, regions)
    assert image.shape == shape
    np.testing.assert_allclose(image_to_cells(image, regions), cells, atol=1e-9)


def test_box_of_a_pose() -> None:
    pose = np.array([[[0.0, 0], [100, 40], [900, 900]]])
    valid = np.array([[True, True, False]])
    np.testing.assert_allclose(pose_bboxes(pose, valid), [[-15, -6, 115, 46]])
    np.testing.assert_allclose(pose_bboxes(pose, valid, margin=0.5), [[-50, -20, 150, 60]])


def test_box_of_a_pose_with_too_few_joints_is_around_all() -> None:
    pose = np.array([[[0.0, 0], [100, 40]]])
    for valid in ([[True, False]], [[False, False]]):
        np.testing.assert_allclose(pose_bboxes(pose, np.array(valid)), [[-15, -6, 115, 46]])


def test_box_of_joints_in_one_place_has_a_size() -> None:
    assert pose_bboxes(np.full((1, 3, 2), 7.0), np.ones((1, 3), bool)).tolist() == [[6.5, 6.5, 7.5, 7.5]]


def test_boxes_of_nobody() -> None:
    assert pose_bboxes(np.zeros((0, 3, 2)), np.zeros((0, 3), bool)).shape == (0, 4)
    assert crop_boxes(np.zeros((0, 4)), 0.75).shape == (0, 4)


@pytest.mark.parametrize('padding', [1.0, 1.25])
@pytest.mark.parametrize('input_size', [(288, 384), (96, 128), (256, 256)])
def test_crops_are_mmposes(padding: float, input_size: tuple[int, int]) -> None:
    crops = crop_boxes(BOXES, input_size[0] / input_size[1], padding)
    for box, crop in zip(BOXES, crops):
        results = dict(img=np.zeros((150, 200, 3), np.uint8), bbox=box[None])
        for transform in (GetBBoxCenterScale(padding=padding), TopdownAffine(input_size=input_size)):
            results = transform(results)
        np.testing.assert_allclose(crop, [*results['input_center'], *results['input_scale']], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('size', [(288, 384), (576, 576)])
def test_warp_is_mmposes(size: tuple[int, int]) -> None:
    # MMPose's matrix keeps the aspect ratio; so does a crop that has the input's.
    for crop in crop_boxes(BOXES, size[0] / size[1]):
        expected = get_warp_matrix(crop[:2], crop[2:], 0, size)
        np.testing.assert_allclose(region_warp(crop, size), expected, rtol=1e-4, atol=1e-3)


def test_warp_takes_the_crop_to_the_corners_of_the_input() -> None:
    warp = region_warp(np.array([50.0, 40, 20, 60]), (200, 300))
    for corner, expected in (((40, 10), (0, 0)), ((60, 70), (200, 300)), ((50, 40), (100, 150))):
        np.testing.assert_allclose(warp @ [*corner, 1], expected)


def test_grid_over_a_crop() -> None:
    crops = np.array([[100.0, 100, 96, 128], [0, 0, 192, 256]])
    regions = grid_regions(crops, (192, 256), (4, 4))
    assert regions.tolist() == [[52, 36, 2, 2], [-96, -128, 4, 4]]
    assert grid_regions(crops[:0], (192, 256), (4, 4)).shape == (0, 4)
    # Each crop with an input size of its own, as an estimator reports them.
    assert grid_regions(crops, np.array([[192, 256], [96, 128]]), (4, 4)).tolist()[1] == [-96, -128, 8, 8]


PAPER = SearchGeometry((288, 384), (72, 96))


def test_the_papers_search_region() -> None:
    assert PAPER.search_input_size == (576, 576)
    assert PAPER.search_grid_size == (144, 144)


def test_the_search_region_is_as_fine_as_the_crop() -> None:
    crops = PAPER.crops(BOXES)
    grids, search_boxes = PAPER.search_grids(crops), PAPER.search_boxes(crops)
    np.testing.assert_allclose(grids[:, 2:], grid_regions(crops, (288, 384), (4, 4))[:, 2:])
    np.testing.assert_allclose(search_boxes, crops * [1, 1, 2, 1.5])
    np.testing.assert_allclose(search_boxes[:, 2], search_boxes[:, 3], rtol=1e-6)
    # The crop's first cell is a cell of the search region, half and a quarter of the crop further.
    origin = image_to_cells(grid_regions(crops, (288, 384), (4, 4))[:, :2], grids)
    np.testing.assert_allclose(origin, np.tile([36, 24], (len(crops), 1)), atol=1e-3)


def test_a_coarser_search_region() -> None:
    coarse = SearchGeometry((288, 384), (72, 96), coarsen=2)
    crops = PAPER.crops(BOXES)
    assert coarse.search_input_size == (288, 288) and coarse.search_grid_size == (72, 72)
    np.testing.assert_allclose(coarse.search_grids(crops), PAPER.search_grids(crops) * [1, 1, 2, 2])


def test_the_input_of_a_search_region_fits_the_backbone() -> None:
    """The region is as much larger or smaller as its input was rounded, so that its sampling stays."""
    odd = replace(PAPER, scale=(1.6, 1.2), coarsen=1.1)  # 418.9 px
    assert odd.search_input_size == (416, 416) and odd.search_grid_size == (104, 104)
    crops = np.array([[200.0, 100.0, 90.0, 120.0]])
    np.testing.assert_allclose(odd.search_boxes(crops)[0, 2:], 416 * 1.1 / 288 * 90)
    np.testing.assert_allclose(odd.search_grids(crops)[0, 2:], PAPER.search_grids(crops)[0, 2:] * 1.1)


def test_boxes_of_predicted_poses() -> None:
    last, moved = np.array([[0.0, 0, 20, 10]]), np.array([[[4.0, 2], [6, 2], [90, 90], [5, 1], [-90, 0]]])
    boxes = np.array([[0.0, 0, 22, 200]])
    sure = np.array([[True, True, False, True, False]])
    found = followed_bboxes(boxes, moved, sure, last, np.array([1.5]))
    np.testing.assert_allclose(found, [[0, 92.5, 22, 107.5]])  # as wide as it is, half as high again as before
    sure[0, 3] = False
    np.testing.assert_allclose(followed_bboxes(boxes, moved, sure, last, 1.5), last + [5, 2, 5, 2])
    np.testing.assert_allclose(followed_bboxes(boxes, moved, np.zeros((1, 5), bool), last, 1.5), last)
    assert followed_bboxes(boxes[:0], moved[:0], sure[:0], last[:0], 1.5).shape == (0, 4)


def test_extents() -> None:
    poses = np.array([[[3.0, 9], [1, 4], [-5, 99]], [[7, 7], [8, 8], [9, 9]]])
    low, high = extents(poses, np.array([[True, True, False], [False] * 3]))
    assert low.tolist() == [[1, 4], [np.inf, np.inf]] and high.tolist() == [[3, 9], [-np.inf, -np.inf]]
    assert [edge.shape for edge in extents(poses[:0], np.zeros((0, 3), bool))] == [(0, 2), (0, 2)]
