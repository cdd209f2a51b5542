from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData

from mmgnntrack.analysis.mmpose_loop import MMPoseLoop
from mmgnntrack.models import TopDownEstimator


def test_it_finds_what_the_estimator_finds(repository: Path) -> None:
    torch.manual_seed(0)
    model = Config.fromfile(repository / 'configs/mini/td-hm_hrnet-mini_synthtrack-128x96.py').model.to_dict()
    estimator = TopDownEstimator(model, padding=1.0, nms_thr=1.1).eval()
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    image = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    bboxes = np.array([[100, 40, 160, 200], [-20, 100, 50, 260]], np.float32)
    found = MMPoseLoop(estimator)(image, bboxes)
    assert not any('pred_fields' in sample for sample in found) and estimator.model.test_cfg['output_heatmaps']
    poses = estimator.predict(image, InstanceData(bboxes=bboxes, bbox_scores=np.array([0.9, 0.1], np.float32)))
    for sample in found:
        own = poses[np.flatnonzero((poses.bboxes == sample.pred_instances.bboxes).all(-1))]
        np.testing.assert_allclose(own.keypoint_scores, sample.pred_instances.keypoint_scores, atol=1e-3)
