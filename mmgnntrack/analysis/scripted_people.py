"""People for benchmarks: what networks would say of them if they were trained."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import grid_regions, image_to_cells, pose_bboxes, resample_heatmaps
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.models.decoding import cell_size


class ScriptedPeople:
    """People of the same figure, whose heatmaps within their crops therefore never change.

    Args:
        count: how many.
        image_size: (W, H) px.
        model: what they are shown to.
        rng: draws the figure.
    """

    def __init__(
        self, count: int, image_size: tuple[int, int], model: VideoPoseTracker, rng: np.random.Generator
    ) -> None:
        self.count = count
        self._codec, self._geometry = model.tracker.codec, model.tracker.geometry
        width, height = image_size
        columns = min(count, int(np.ceil(np.sqrt(2 * count * width / height))))  # cells twice as high as wide
        self._cell = np.array([width / columns, height / -(-count // columns)])
        index = np.arange(count)
        self._corners = np.stack([index % columns, index // columns], axis=-1) * self._cell
        size = np.minimum(self._cell, [self._cell[1] / 2, np.inf])
        self._figure = rng.uniform(0.2, 0.8, (len(model.tracker.sigmas), 2)) * size

        people = self._placed(self._figure[None])
        cell = cell_size(self._codec, self._geometry.heatmap_size)
        encoded = self._codec.encode(image_to_cells(people.keypoints, people.regions) * cell)['heatmaps']
        device = next(model.parameters()).device
        self._heatmaps = torch.from_numpy(encoded)[None].float().to(device)
        grid = self._geometry.search_grids(self._geometry.crops(people.bboxes))
        self._predicted = resample_heatmaps(self._heatmaps, people.regions, grid, self._geometry.search_grid_size)[0]

    def poses(self, frame_id: int, rows: np.ndarray | slice = slice(None)) -> InstanceData:
        """What an estimator would say of all people or of some in a frame, but for the feature maps."""
        phase = frame_id / 5 + np.arange(self.count)
        sway = 0.05 * self._cell * np.stack([np.sin(phase), np.cos(phase)], axis=-1)
        people = self._placed((self._figure + (self._corners + sway)[:, None])[rows])
        people.heatmaps = self._heatmaps.repeat(len(people), 1, 1, 1)
        return people

    def predicted(self, count: int) -> Tensor:
        """(n, K, H, W) what a dynamics head would say of n tracklets in their search regions: they stay."""
        return self._predicted.repeat(count, 1, 1, 1)

    def _placed(self, keypoints: np.ndarray) -> InstanceData:
        bboxes = pose_bboxes(keypoints, np.ones(keypoints.shape[:2], bool)).astype(np.float32)
        cell = cell_size(self._codec, self._geometry.heatmap_size)
        return InstanceData(
            keypoints=keypoints.astype(np.float32),
            keypoint_scores=np.ones(keypoints.shape[:2], np.float32),
            bboxes=bboxes,
            bbox_scores=np.ones(len(bboxes), np.float32),
            regions=grid_regions(self._geometry.crops(bboxes), self._geometry.input_size, cell).astype(np.float32),
        )
