"""What the tracker asks of a model of motion."""

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import gaussian_heatmaps, image_to_cells

#: Heatmaps (M, K, H, W) on regions (M, 4) to keypoints (M, K, 2) in image px and their scores (M, K).
Decode = Callable[[Tensor, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Prediction(NamedTuple):
    """The poses that M tracked people are predicted to have.

    Attributes:
        keypoints: (M, K, 2) image px.
        keypoint_scores: (M, K), of the joints where they were seen last, or of the heatmaps.
        heatmaps: (M, K, H, W) on the `regions` of the history; None where nobody asked.
        scales: (M, K) image px, the radius that holds a joint with a probability of one half (see
            `functional.probability_within`); None of a head that does not know how sure it is.
        certainty: (M, K) probability that the joint is right; None likewise.
    """

    keypoints: np.ndarray
    keypoint_scores: np.ndarray
    heatmaps: Tensor | None
    scales: np.ndarray | None = None
    certainty: np.ndarray | None = None


def drawn(
    keypoints: np.ndarray,
    scores: np.ndarray,
    regions: np.ndarray,
    grid_size: tuple[int, int],
    sigma: float,
    scales: np.ndarray,
) -> Tensor:
    """(M, K, H, W) heatmaps of a head that predicts positions: Gaussians as high as the scores, wider where the
    position is uncertain.

    Args:
        keypoints: (M, K, 2) image px.
        scores: (M, K).
        regions: (M, 4) the heatmaps' places.
        grid_size: (W, H) of the heatmaps.
        sigma: of certain joints, in cells.
        scales: (M, K) image px, see `Prediction`.
    """
    regions = np.asarray(regions)
    width = np.hypot(sigma, scales / regions[:, 2:].mean(-1, keepdims=True))
    return gaussian_heatmaps(image_to_cells(keypoints, regions), scores, grid_size, width)


class DynamicsHead(BaseModule):
    """Predicts the poses of tracked people in the current frame from their last ones, without any detection of it.

    The `history` that all methods get is an InstanceData of M tracklets with L poses each, the newest last:
        - keypoints (M, L, K, 2): image px
        - keypoint_scores (M, L, K)
        - valid (M, L, K): whether there is such a joint; a short history is masked, never padded
        - ages (M, L): frames since each pose
        - features (M, L, K, C): visual features at the joints, where `visual_channels` is not 0
        - crops (M, 4): cx, cy, w, h of the last pose's crop, image px
        - regions (M, 4): the grid of the crop's search region (see `SearchGeometry.search_grids`)

    In tracking these are arrays (features are a tensor), in training tensors.

    Attributes:
        visual_channels: C, 0 for a head that sees poses alone.
        needs_heatmaps: whether its loss compares with target heatmaps.
        any_time: whether it predicts from poses of any `ages`; then the tracker remembers what was seen alone.
        pretrained: whether it was built with its weights.
    """

    visual_channels: int = 0
    needs_heatmaps: bool = False
    any_time: bool = False
    pretrained: bool = False

    @abstractmethod
    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, decode: Decode, heatmaps: bool
    ) -> Prediction:
        """The predicted poses.

        Args:
            history: M tracklets, see the class.
            grid_size: (W, H) cells of the search regions.
            visual: (M, C, H, W) visual features of the search regions in the current frame, None where C is 0.
            decode: makes poses of heatmaps.
            heatmaps: whether heatmaps are asked for; a head that works on heatmaps may always give them.
        """

    def loss(self, history: InstanceData, visual: Tensor | None, truth: InstanceData) -> dict[str, Tensor]:
        """What training minimises, by its name in the log.

        Args:
            history: M tracklets, see the class.
            visual: (M, C, H, W) visual features of the search regions, None where C is 0.
            truth: the current poses: keypoints (M, K, 2) image px, keypoint_weights (M, K), and, where the head
                `needs_heatmaps`, heatmaps (M, K, H, W) on the search regions.

        Raises:
            ValueError: if the head has nothing to learn.
        """
        raise ValueError(f'{type(self).__name__} has nothing to learn')

    def attention(
        self, history: InstanceData, grid_size: tuple[int, int], visual: Tensor | None, cells: np.ndarray
    ) -> Tensor:
        """(M, K, K) how much each predicted joint listens to each joint of the last pose (last axis), for pictures.

        Args:
            history: M tracklets, see the class.
            grid_size: (W, H) cells of the search regions.
            visual: (M, C, H, W) visual features of the search regions, None where C is 0.
            cells: (M, K, 2) x, y of the predicted joints in cells of the search regions.

        Raises:
            ValueError: if the head has no attention.
        """
        raise ValueError(f'{type(self).__name__} has no attention to show')
