"""From heatmaps to poses, as MMPose's codecs do it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor, nn

from mmgnntrack.functional import cells_to_image, dark_peaks, quarter_peaks, udp_peaks


def cell_size(codec: BaseKeypointCodec, heatmap_size: tuple[int, int]) -> np.ndarray:
    """(2,) px of the network input from one cell to the next, where heatmaps (W, H) span the whole input."""
    if isinstance(codec, UDPHeatmap):
        return np.divide(codec.input_size, np.subtract(heatmap_size, 1))
    return np.asarray(codec.scale_factor)


def pixel_size(codec: BaseKeypointCodec) -> np.ndarray:
    """(2,) share of a crop's width and height, in px of the network input, from one pixel of it to the next: with UDP
    the outer pixels lie on the edges."""
    if isinstance(codec, UDPHeatmap):
        return np.divide(codec.input_size, np.subtract(codec.input_size, 1))
    return np.ones(2)


class _BatchedCodec:
    """A codec whose poses are decoded all at once, as MMPose's heads want it."""

    support_batch_decoding = True

    def __init__(self, codec: BaseKeypointCodec) -> None:
        self._codec = codec

    def batch_decode(self, heatmaps: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints (n, 1, K, 2) px of the network input and their scores (n, 1, K) of heatmaps (n, K, H, W)."""
        whole = np.zeros((len(heatmaps), 4))
        whole[:, 2:] = cell_size(self._codec, heatmaps.shape[:-3:-1])
        keypoints, scores = decode_heatmaps(self._codec, heatmaps, whole)
        return keypoints[:, None], scores[:, None]


@contextmanager
def batched_decoding(head: nn.Module) -> Iterator[None]:
    """While open, an MMPose head decodes with `decode_heatmaps`, if it can."""
    codec = head.decoder
    if decodable(codec):
        head.decoder = _BatchedCodec(codec)
    try:
        yield
    finally:
        head.decoder = codec


def decodable(codec: BaseKeypointCodec) -> bool:
    """Whether `decode_heatmaps` knows this codec."""
    return isinstance(codec, MSRAHeatmap) or (isinstance(codec, UDPHeatmap) and codec.heatmap_type == 'gaussian')


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
    if not decodable(codec):
        raise TypeError(f'expected an MSRAHeatmap or UDPHeatmap codec with Gaussian heatmaps, got {codec}')
    if isinstance(codec, UDPHeatmap):
        return udp_peaks(heatmaps, codec.blur_kernel_size)
    return dark_peaks(heatmaps, codec.blur_kernel_size) if codec.unbiased else quarter_peaks(heatmaps)
