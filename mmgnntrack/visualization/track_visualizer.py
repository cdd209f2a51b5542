"""Tracked poses in OpenMMLab's visualizer."""

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.structures import BaseDataElement, InstanceData
from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer

from mmgnntrack.registry import VISUALIZERS

from .drawing import draw_tracks
from .poses import Links


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

    def set_dataset_meta(self, dataset_meta: dict, **_: object) -> None:
        """Takes the data set's skeleton, as MMPose's visualization hook hands it on."""
        self.dataset_meta = dataset_meta

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
            data_sample: with `pred_track_instances`, see `draw_tracks`; in MMPose's own pipelines, whose hooks hand on
                `pred_instances` alone, those with an `instances_id`. None or without them: nothing is drawn.
            show: open a window.
            wait_time: seconds that the window stays open, 0 for ever.
            out_file: image file to write.
            step: number under which the backends keep the image.
        """
        tracks = tracks_of(data_sample) if data_sample is not None else None
        if tracks is not None:
            skeleton = self.skeleton if self.skeleton is not None else (self.dataset_meta or {}).get('skeleton_links')
            image = draw_tracks(image[..., ::-1], tracks, skeleton, self.score_thr, self.min_width)[..., ::-1]
        self.set_image(image)
        if show:
            self.show(image, win_name=name, wait_time=wait_time)
        if out_file is not None:
            if not cv2.imwrite(out_file, image[..., ::-1]):
                raise OSError(f'cannot write the image {out_file}')
        else:
            self.add_image(name, image, step)


def tracks_of(sample: BaseDataElement) -> InstanceData | None:
    """The tracked people of a sample, if it has any notion of them."""
    if 'pred_track_instances' in sample:
        return sample.pred_track_instances[sample.pred_track_instances.instances_id >= 0]
    if 'pred_instances' not in sample or 'instances_id' not in sample.pred_instances:
        return None
    tracks = sample.pred_instances[sample.pred_instances.instances_id >= 0]
    tracks.predicted = np.zeros(len(tracks.keypoints), bool)
    return tracks
