"""MMPose's own way from an image to poses, to be compared with."""

import numpy as np
from mmengine.config import Config
from mmpose.apis import inference_topdown
from mmpose.codecs import UDPHeatmap
from mmpose.structures import PoseDataSample

from mmgnntrack.models import TopDownEstimator


class MMPoseLoop:
    """`inference_topdown` with the model of an estimator, as MMPose's test pipelines crop, batch and decode.

    Args:
        estimator: its model is used, and keeps a config of MMPose's from then on.
    """

    def __init__(self, estimator: TopDownEstimator) -> None:
        self._model, geometry = estimator.model, estimator.geometry
        pipeline = [
            dict(type='LoadImage'),
            dict(type='GetBBoxCenterScale', padding=geometry.padding),
            dict(type='TopdownAffine', input_size=geometry.input_size, use_udp=isinstance(estimator.codec, UDPHeatmap)),
            dict(type='PackPoseInputs'),
        ]
        dataset = dict(pipeline=pipeline)
        self._model.cfg = Config(dict(default_scope='mmpose', test_dataloader=dict(dataset=dataset)))
        self._model.dataset_meta = dict(flip_indices=estimator.flip_indices)

    def __call__(self, image: np.ndarray, bboxes: np.ndarray) -> list[PoseDataSample]:
        """The poses in boxes (n, 4) xyxy of a BGR image (H, W, 3) uint8, without heatmaps."""
        before = self._model.test_cfg.get('output_heatmaps')
        self._model.test_cfg['output_heatmaps'] = False
        try:
            return inference_topdown(self._model, image, bboxes)
        finally:
            self._model.test_cfg['output_heatmaps'] = before
