"""Tracked poses in OpenMMLab's visualizer."""

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.structures import BaseDataElement
from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer

from mmgnntrack.registry import VISUALIZERS

from .drawing import Links, draw_tracks


@VISUALIZERS.register_module()
class TrackVisualizer(OpencvBackendVisualizer):
    """Draws `pred_track_instances` with `draw_tracks`.

    Args:
        skeleton: pairs of joint indices; None for the data set's (`dataset_meta['skeleton_links']`), and PoseTrack's
            where there is no data set.
        score_thr: joints below it are not drawn.
        min_width: narrower images are enlarged to this many pixels.

    The other arguments are mmengine's Visualizer's.
    """

    def __init__(
        self,
        name: str = 'visualizer',
        skeleton: Links | None = None,
        score_thr: float = 0.2,
        min_width: int = 640,
        **kwargs: object,
    ) -> None:
        super().__init__(name, backend='opencv', **kwargs)
        self.skeleton = skeleton
        self.score_thr = score_thr
        self.min_width = min_width

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: BaseDataElement | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
        **_: object,
    ) -> None:
        """Draws one frame, and shows it, writes it to a file, or hands it to the backends.

        Args:
            name: of the window or the record.
            image: (H, W, 3) uint8 RGB, as every OpenMMLab visualizer takes it.
            data_sample: with `pred_track_instances`, see `draw_tracks`; None or without them: nothing is drawn.
            show: open a window.
            wait_time: seconds that the window stays open, 0 for ever.
            out_file: image file to write.
            step: number under which the backends keep the image.
        """
        if data_sample is not None and 'pred_track_instances' in data_sample:
            skeleton = self.skeleton if self.skeleton is not None else (self.dataset_meta or {}).get('skeleton_links')
            bgr = draw_tracks(
                image[..., ::-1], data_sample.pred_track_instances, skeleton, self.score_thr, self.min_width
            )
            image = bgr[..., ::-1]
        self.set_image(image)
        if show:
            self.show(image, win_name=name, wait_time=wait_time)
        if out_file is not None:
            if not cv2.imwrite(out_file, image[..., ::-1]):
                raise OSError(f'cannot write the image {out_file}')
        else:
            self.add_image(name, image, step)
