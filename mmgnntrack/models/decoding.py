"""From heatmaps to poses, through MMPose's codecs."""

import numpy as np
from mmpose.codecs import UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from mmgnntrack.functional import cells_to_image


def cell_size(codec: BaseKeypointCodec, heatmap_size: tuple[int, int]) -> np.ndarray:
    """(2,) px of the network input from one cell to the next, as the codec's `decode` has it for heatmaps (W, H)."""
    if isinstance(codec, UDPHeatmap):
        return np.divide(codec.input_size, np.subtract(heatmap_size, 1))
    return np.asarray(codec.scale_factor)


def decode_heatmaps(codec: BaseKeypointCodec, heatmaps: Tensor, regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poses in the image from heatmaps (n, K, H, W) of any size that lie on `regions` (n, 4).

    Returns:
        keypoints (n, K, 2) image px and keypoint_scores (n, K).
    """
    count, joints = heatmaps.shape[:2]
    if not count:
        return np.zeros((0, joints, 2), np.float32), np.zeros((0, joints), np.float32)
    decoded = [codec.decode(person) for person in heatmaps.float().cpu().numpy()]
    cells = np.concatenate([keypoints for keypoints, _ in decoded]) / cell_size(codec, heatmaps.shape[:-3:-1])
    scores = np.concatenate([scores for _, scores in decoded])
    return cells_to_image(cells, regions).astype(np.float32), scores.astype(np.float32)
