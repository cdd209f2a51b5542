from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmgnntrack.models import PersonDetector
from mmgnntrack.registry import MODELS


@pytest.fixture(scope='module')
def detector(repository: Path) -> PersonDetector:
    torch.manual_seed(0)
    init_default_scope('mmpose')
    settings = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py').model.detector
    return MODELS.build(settings | dict(score_thr=0.0)).eval()


@pytest.mark.parametrize('shape', [(400, 100), (50, 4000), (300, 1), (10, 640), (8000, 8), (1, 1), (192, 256)])
def test_boxes_lie_in_frames_of_any_shape(detector: PersonDetector, shape: tuple[int, int]) -> None:
    """Detectors shrink the longer side until nothing is left of the other."""
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    people = detector.predict(image)
    assert people.bboxes.dtype == np.float32 and len(people.bboxes) == len(people.bbox_scores)
    assert (people.bboxes >= 0).all() and (people.bboxes <= np.tile(shape[::-1], 2)).all()
    assert (people.bboxes[:, 2:] > people.bboxes[:, :2]).all()
    assert len(people.bboxes) or max(shape) > 4 * min(shape)
