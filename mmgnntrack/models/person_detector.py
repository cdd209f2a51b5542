"""Boxes of people from any MMDet detector."""

import cv2
import numpy as np
from mmcv.transforms import Compose
from mmdet.registry import MODELS as DET_MODELS
from mmengine.model import BaseModule
from mmengine.structures import InstanceData

from mmgnntrack.registry import MODELS

#: Frames that are longer for their width are padded: detectors would shrink them until nothing is left of their width.
_LONGEST = 3


@MODELS.register_module()
class PersonDetector(BaseModule):
    """An MMDet detector that answers with the people of one image.

    Args:
        model: config of an MMDet detector.
        pipeline: MMDet transforms from `img` to packed inputs; loading is left out, the image is there already.
        score_thr: boxes below it are dropped.
        label: the detector's class for people.
    """

    def __init__(
        self,
        model: dict,
        pipeline: list[dict],
        score_thr: float = 0.3,
        label: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.model = DET_MODELS.build(model)
        self.pipeline = Compose(pipeline)
        self.score_thr = score_thr
        self.label = label

    def predict(self, image: np.ndarray) -> InstanceData:
        """The people of a BGR image (H, W, 3) uint8: bboxes (n, 4) xyxy image px, bbox_scores (n,), best first."""
        size = np.array(image.shape[:2])
        below, right = np.maximum(-(-size[::-1] // _LONGEST) - size, 0).tolist()
        if below or right:
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)
        packed = self.pipeline(dict(img=image, img_path='', img_id=0, ori_shape=image.shape[:2], height=0, width=0))
        result = self.model.test_step(dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]))[0]
        found = result.pred_instances.numpy()
        people = found[(found.labels == self.label) & (found.scores >= self.score_thr)]
        bboxes = people.bboxes.astype(np.float32)
        if below or right:
            bboxes = np.minimum(bboxes, np.tile(size[::-1], 2), dtype=np.float32)
            inside = (bboxes[:, 2:] > bboxes[:, :2]).all(-1)
            people, bboxes = people[inside], bboxes[inside]
        return InstanceData(bboxes=bboxes, bbox_scores=people.scores.astype(np.float32))
