"""The parts in somebody else's configs, in both of mmengine's config styles, and in MMDet's video pipeline."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATA_SAMPLERS as DET_SAMPLERS
from mmdet.registry import DATASETS as DET_DATASETS
from mmdet.registry import MODELS as DET_MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS as POSE_MODELS
from torch.utils.data import DataLoader

from mmgnntrack.registry import MODELS

#: Text configs on MMDet's and MMPose's installed ones, and pure-Python ones, which import their classes.
TEXT = dict(
    detector="""
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
part = dict(
    type='mmgnntrack.PersonDetector',
    model=dict(_base_.model, bbox_head=dict(_base_.model.bbox_head, num_classes=1)),
    score_thr=0.0,
    pipeline=[
        dict(type='mmdet.Resize', scale=(64, 64), keep_ratio=True),
        dict(type='mmdet.Pad', size=(64, 64)),
        dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor')),
    ],
)
""",
    head="""
_base_ = 'mmpose::_base_/default_runtime.py'
part = dict(type='mmgnntrack.GNNDynamicsHead', num_keypoints=5, visual_channels=0, feat_channels=8)
""",
    memory="""
_base_ = 'mmpose::_base_/default_runtime.py'
part = dict(type='mmgnntrack.TrackMemory', num_keypoints=5)
""",
    tracker="""
_base_ = 'mmdet::_base_/default_runtime.py'
part = dict(type='mmgnntrack.PoseTracker', matching='oks', sigmas=[0.1] * 5, init_score_thr=0.0)
""",
)
PYTHON = dict(
    detector="""
from mmdet.datasets.transforms import PackDetInputs, Resize
from mmdet.models import FCOS, FPN, DetDataPreprocessor, FCOSHead, ResNet

from mmgnntrack.models import PersonDetector

part = dict(
    type=PersonDetector,
    model=dict(
        type=FCOS,
        data_preprocessor=dict(type=DetDataPreprocessor, pad_size_divisor=32),
        backbone=dict(type=ResNet, depth=18, out_indices=(1, 2, 3)),
        neck=dict(type=FPN, in_channels=[128, 256, 512], out_channels=32, num_outs=5),
        bbox_head=dict(type=FCOSHead, num_classes=1, in_channels=32, feat_channels=32, stacked_convs=1),
        test_cfg=dict(nms_pre=10, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=5),
    ),
    score_thr=0.0,
    pipeline=[
        dict(type=Resize, scale=(256, 256), keep_ratio=True),
        dict(type=PackDetInputs, meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor')),
    ],
)
""",
    head="""
from mmgnntrack.models import GNNDynamicsHead

part = dict(type=GNNDynamicsHead, num_keypoints=5, visual_channels=0, feat_channels=8)
""",
    memory="""
from mmgnntrack.models import TrackMemory

part = dict(type=TrackMemory, num_keypoints=5)
""",
    tracker="""
from mmgnntrack.models import PoseTracker, TrackMemory

part = dict(type=PoseTracker, matching='oks', sigmas=[0.1] * 5, init_score_thr=0.0, memory=dict(type=TrackMemory))
""",
)


@pytest.fixture(params=[TEXT, PYTHON], ids=['text', 'python'])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Callable:
    """Builds a part of a config with the registry of whoever owns the config."""

    def build(name: str) -> object:
        path = tmp_path / f'{name}.py'
        path.write_text(request.param[name])
        config = Config.fromfile(path)
        init_default_scope('mmdet' if name in ('detector', 'tracker') else 'mmpose')
        torch.manual_seed(0)
        return (DET_MODELS if name in ('detector', 'tracker') else POSE_MODELS).build(config.part)

    return build


def test_detector(built: Callable) -> None:
    people = built('detector').eval().predict(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    assert people.bboxes.shape[1] == 4 and len(people.bboxes) == len(people.bbox_scores) > 0


def test_head(built: Callable) -> None:
    history = InstanceData(
        keypoints=torch.rand(2, 3, 5, 2) * 40,
        keypoint_scores=torch.ones(2, 3, 5),
        valid=torch.ones(2, 3, 5, dtype=bool),
        crops=torch.tensor([[20.0, 20, 30, 40]] * 2),
        regions=torch.tensor([[0.0, 0, 4, 4]] * 2),
    )
    assert built('head')(history, (12, 10)).shape == (2, 5, 10, 12)


def test_memory(built: Callable) -> None:
    assert built('memory').new_ids(2).tolist() == [0, 1]


def test_tracker(built: Callable) -> None:
    tracker = built('tracker')
    pose = np.random.default_rng(0).uniform(0, 90, (2, 5, 2))
    for frame in range(3):
        order = [0, 1] if frame % 2 else [1, 0]
        tracked = tracker.step(InstanceData(keypoints=pose[order] + frame, keypoint_scores=np.ones((2, 5))), frame)
        by_id = tracked.keypoints[np.argsort(tracked.instances_id)]
        np.testing.assert_allclose(by_id, pose[[1, 0]] + frame)


def test_mmdets_video_data(repository: Path, synthtrack: Path, tmp_path: Path) -> None:
    """MMDet's data set and sampler give the same frames as ours."""
    document = json.loads(next((synthtrack / 'annotations/val').glob('*.json')).read_text())
    for number, image in enumerate(document['images']):
        image |= dict(video_id=1, frame_id=number)
    for annotation in document['annotations']:
        annotation |= dict(area=1.0, iscrowd=0, instance_id=annotation['track_id'])
    (tmp_path / 'coco_vid.json').write_text(json.dumps(document))
    init_default_scope('mmdet')
    dataset = DET_DATASETS.build(
        dict(
            type='BaseVideoDataset',
            ann_file=str(tmp_path / 'coco_vid.json'),
            data_prefix=dict(img_path=str(synthtrack)),
            metainfo=dict(classes=('person',)),
            pipeline=[dict(type=f'mmgnntrack.{name}') for name in ('TakeFrame', 'LoadFrame', 'PackFrameInputs')],
            test_mode=True,
        )
    )
    sampler = DET_SAMPLERS.build(dict(type='TrackImgSampler', dataset=dataset, seed=0))
    config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    config.model.detector.model.test_cfg.rcnn.max_per_img = 3
    model = MODELS.build(config.model).eval()
    seen = []
    for batch in DataLoader(dataset, sampler=sampler, collate_fn=pseudo_collate):
        (sample,) = model.test_step(batch)
        assert 'pred_track_instances' in sample
        seen.append((sample.video_name, sample.frame_id, sample.video_length))
    name = Path(document['images'][0]['file_name']).parent.name
    assert seen == [(name, number, 8) for number in range(8)]
