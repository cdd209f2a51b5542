"""From heatmaps to poses, as MMPose's codecs do it."""

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from mmgnntrack.functional import cells_to_image, dark_peaks, quarter_peaks, udp_peaks


def cell_size(codec: BaseKeypointCodec, heatmap_size: tuple[int, int]) -> np.ndarray:
    """(2,) px of the network input from one cell to the next, where heatmaps (W, H) span the whole input."""
    if isinstance(codec, UDPHeatmap):
        return np.divide(codec.input_size, np.subtract(heatmap_size, 1))
    return np.asarray(codec.scale_factor)


def decode_heatmaps(codec: BaseKeypointCodec, heatmaps: Tensor, regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poses in the image from heatmaps (n, K, H, W) of any size that lie on `regions` (n, 4).

    All people at once, where the codec's own `decode` takes one at a time on the CPU.

    Returns:
        keypoints (n, K, 2) image px and keypoint_scores (n, K).

    Raises:
        TypeError: for a codec other than MSRAHeatmap and UDPHeatmap with Gaussian heatmaps.
    """
    with torch.autocast(heatmaps.device.type, enabled=False):
        cells, scores = _peaks(codec, heatmaps.float())
    poses = torch.cat([cells, scores[..., None]], dim=-1).cpu().numpy()
    return cells_to_image(poses[..., :2], regions).astype(np.float32), poses[..., 2]


def _peaks(codec: BaseKeypointCodec, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(codec, MSRAHeatmap):
        return dark_peaks(heatmaps, codec.blur_kernel_size) if codec.unbiased else quarter_peaks(heatmaps)
    if isinstance(codec, UDPHeatmap) and codec.heatmap_type == 'gaussian':
        return udp_peaks(heatmaps, codec.blur_kernel_size)
    raise TypeError(f'expected an MSRAHeatmap or UDPHeatmap codec with Gaussian heatmaps, got {codec}')
