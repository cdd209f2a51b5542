"""Boxes, crops and heatmap grids in image coordinates.

A *box of a crop* is (cx, cy, w, h) in image px. A *region* is (x0, y0, sx, sy): the image position of heatmap cell
(0, 0) and the image px from one cell to the next. With it a cell (u, v) lies at (x0 + u sx, y0 + v sy), whatever codec
or crop size the heatmap came from; this is the one conversion between image and cells in the project.
"""

from dataclasses import dataclass

import numpy as np


def cells_to_image(cells: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Cells (n, ..., 2) of regions (n, 4) in image px."""
    regions = _broadcast(regions, cells)
    return regions[..., :2] + cells * regions[..., 2:]


def image_to_cells(points: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Image points (n, ..., 2) in (fractional) cells of regions (n, 4).

    >>> region = np.array([[10.0, 20.0, 2.0, 2.0]])
    >>> image_to_cells(cells_to_image(np.array([[3.0, 5.0]]), region), region).tolist()
    [[3.0, 5.0]]
    """
    regions = _broadcast(regions, points)
    return (points - regions[..., :2]) / regions[..., 2:]


def _broadcast(regions: np.ndarray, points: np.ndarray) -> np.ndarray:
    return regions.reshape(len(regions), *[1] * (points.ndim - 2), 4)


def extents(keypoints: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest x and y of the valid joints of poses.

    Args:
        keypoints: (n, K, 2) any unit.
        valid: (n, K) bool.

    Returns:
        (n, 2) and (n, 2), same unit, inf and -inf where no joint is valid.
    """
    valid = np.ascontiguousarray(valid.T)
    places = np.ascontiguousarray(keypoints.transpose(2, 1, 0))  # people come last, so that numpy takes many at once
    low, high = (np.where(valid, places, beyond) for beyond in (np.inf, -np.inf))
    return low.min(1, initial=np.inf).T, high.max(1, initial=-np.inf).T


def pose_bboxes(keypoints: np.ndarray, valid: np.ndarray, margin: float = 0.15) -> np.ndarray:
    """The boxes around poses: the extent of the valid joints plus a margin on each side, which is how PoseTrack18 made
    its ground-truth boxes (margin 0.15).

    Args:
        keypoints: (n, K, 2) image px.
        valid: (n, K) bool; a pose with fewer than two valid joints counts all of them.
        margin: share of the extent added on each side.

    Returns:
        (n, 4) xyxy, image px, at least one pixel wide and high.
    """
    low, high = extents(keypoints, valid | (valid.sum(-1, keepdims=True) < 2))
    pad = np.maximum((high - low) * margin, 0.5)
    return np.concatenate([low - pad, high + pad], axis=-1)


def bbox_areas(bboxes: np.ndarray) -> np.ndarray:
    """(n,) areas of boxes (n, 4) xyxy."""
    return (bboxes[:, 2:] - bboxes[:, :2]).prod(-1)


def followed_bboxes(
    bboxes: np.ndarray, moved: np.ndarray, sure: np.ndarray, last: np.ndarray, growth: np.ndarray | float
) -> np.ndarray:
    """The boxes of predicted poses. Joints of which nobody is sure may be anywhere: with fewer than three sure ones a
    box is the last one, moved by their median motion; with more it is at most so many times as wide and high as that.

    Args:
        bboxes: (M, 4) xyxy around the sure joints, image px.
        moved: (M, K, 2) how far the joints have moved since the last box, image px.
        sure: (M, K) bool.
        last: (M, 4) xyxy, image px.
        growth: (M,) or one for all.

    >>> boxes, last = np.array([[0.0, 0, 90, 10], [0, 0, 90, 10]]), np.array([[0.0, 0, 10, 10]] * 2)
    >>> sure = np.array([[True, True, True], [True, False, False]])
    >>> followed_bboxes(boxes, np.full((2, 3, 2), 5.0), sure, last, 2.0).tolist()
    [[35.0, 0.0, 55.0, 10.0], [5.0, 5.0, 15.0, 15.0]]
    """
    centre, size = (bboxes[:, :2] + bboxes[:, 2:]) / 2, bboxes[:, 2:] - bboxes[:, :2]
    size = np.minimum(size, (last[:, 2:] - last[:, :2]) * np.reshape(growth, (-1, 1)))
    found = np.concatenate([centre - size / 2, centre + size / 2], axis=-1)
    few = sure.sum(-1) < 3
    if few.any():
        hidden = np.broadcast_to(~sure[few][..., None], moved[few].shape)
        middle = np.ma.median(np.ma.masked_array(moved[few], hidden), axis=1).filled(0.0)
        found[few] = last[few] + np.tile(middle, 2)
    return found


def crop_boxes(bboxes: np.ndarray, aspect: float, padding: float = 1.25) -> np.ndarray:
    """The crops that a top-down estimator cuts for boxes: padded, then grown to the input's aspect ratio about their
    centre. Agrees with MMPose's GetBBoxCenterScale and TopdownAffine.

    Args:
        bboxes: (n, 4) xyxy, image px.
        aspect: width / height of the estimator's input.
        padding: MMPose's `padding`.

    Returns:
        (n, 4) cx, cy, w, h in image px.

    >>> crop_boxes(np.array([[0.0, 0.0, 30.0, 80.0]]), 0.75, 1.0).tolist()
    [[15.0, 40.0, 60.0, 80.0]]
    """
    center = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    size = (bboxes[:, 2:] - bboxes[:, :2]) * padding
    width = np.maximum(size[:, 0], size[:, 1] * aspect)
    return np.concatenate([center, np.stack([width, width / aspect], axis=-1)], axis=-1)


def grid_regions(
    crops: np.ndarray, input_size: tuple[int, int], heatmap_scale: tuple[float, float] | np.ndarray
) -> np.ndarray:
    """The regions of heatmaps over crops.

    Args:
        crops: (n, 4) cx, cy, w, h in image px.
        input_size: (w, h) of the network input that a crop is resized to.
        heatmap_scale: (x, y) input px from one cell to the next: the codec's `scale_factor`.

    Returns:
        (n, 4) regions.

    >>> grid_regions(np.array([[100.0, 100.0, 96.0, 128.0]]), (192, 256), (4, 4)).tolist()
    [[52.0, 36.0, 2.0, 2.0]]
    """
    origin = crops[:, :2] - crops[:, 2:] / 2
    step = crops[:, 2:] / np.asarray(input_size, float) * np.asarray(heatmap_scale, float)
    return np.concatenate([origin, step], axis=-1)


def region_warp(crop: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
    """The (2, 3) affine matrix that takes image px to the network input of one crop (cx, cy, w, h)."""
    scale = np.asarray(input_size, float) / crop[2:]
    offset = -(crop[:2] - crop[2:] / 2) * scale
    return np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])


def centred_regions(
    regions: np.ndarray, size: tuple[int, int], target_regions: np.ndarray, target_size: tuple[int, int]
) -> np.ndarray:
    """Regions (n, 4) of grids of `size` (W, H), moved so that their centres are those of the target's grids.

    >>> centred_regions(np.array([[0.0, 0.0, 2.0, 2.0]]), (5, 5), np.array([[10.0, 20.0, 1.0, 1.0]]), (3, 3)).tolist()
    [[7.0, 17.0, 2.0, 2.0]]
    """
    middle, target = (np.subtract(cells, 1)[None] / 2 for cells in (size, target_size))
    offset = cells_to_image(target, target_regions) - cells_to_image(middle, regions)
    return np.concatenate([regions[:, :2] + offset, regions[:, 2:]], axis=-1)


@dataclass(frozen=True)
class SearchGeometry:
    """Where a person of the last frame is looked for, and on what grid (paper section 3.2).

    The search region is the estimator's crop around the last pose, scaled about its centre. It is sampled as densely as
    the crop unless `coarsen` says otherwise, so that visual features of both mean the same.

    Args:
        input_size: (w, h) of the estimator's network input.
        heatmap_size: (w, h) of the estimator's heatmaps.
        padding: of the boxes, as in MMPose's GetBBoxCenterScale.
        scale: of the region relative to the crop, in width and height; 2 and 1.5 make a square of a 3:4 crop.
        coarsen: px of the crop to one px of the region's input; larger is faster and less exact.
        multiple: the sides of the region's input are rounded to multiples of this many px, as the backbone needs it,
            and the region with them.
    """

    input_size: tuple[int, int]
    heatmap_size: tuple[int, int]
    padding: float = 1.25
    scale: tuple[float, float] = (2.0, 1.5)
    coarsen: float = 1.0
    multiple: int = 32

    def __post_init__(self) -> None:
        for field in ('input_size', 'heatmap_size', 'padding', 'scale', 'coarsen', 'multiple'):
            values = np.asarray(getattr(self, field), float)
            if not (np.isfinite(values) & (values > 0)).all():
                raise ValueError(f'SearchGeometry: {field} must be finite and above 0, got {getattr(self, field)}')

    @property
    def search_input_size(self) -> tuple[int, int]:
        """(w, h) of the network input that a search region is resized to."""
        sides = np.multiply(self.input_size, self.scale) / self.coarsen
        return tuple(max(round(side / self.multiple), 1) * self.multiple for side in sides.tolist())

    @property
    def search_grid_size(self) -> tuple[int, int]:
        """(W, H) cells of a search region."""
        sides = zip(self.search_input_size, self.heatmap_size, self.input_size)
        return tuple(round(side * cells / size) for side, cells, size in sides)

    def crops(self, bboxes: np.ndarray) -> np.ndarray:
        """The estimator's crops (n, 4) cx, cy, w, h for boxes (n, 4) xyxy; image px."""
        return crop_boxes(bboxes, self.input_size[0] / self.input_size[1], self.padding)

    def search_boxes(self, crops: np.ndarray) -> np.ndarray:
        """The search regions (n, 4) cx, cy, w, h of crops; image px."""
        scale = np.multiply(self.search_input_size, self.coarsen) / self.input_size
        return crops * np.array([1.0, 1.0, *scale])

    def search_grids(self, crops: np.ndarray) -> np.ndarray:
        """The regions (n, 4) of the heatmap grids over the search regions of crops."""
        cell = np.divide(self.input_size, self.heatmap_size)
        return grid_regions(self.search_boxes(crops), self.search_input_size, cell)
