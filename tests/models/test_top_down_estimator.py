from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.codecs import UDPHeatmap
from mmpose.structures import PoseDataSample
from torch import nn

from mmgnntrack.functional import gaussian_heatmaps, image_to_cells, region_warp
from mmgnntrack.models import TopDownEstimator
from mmgnntrack.models.decoding import decode_heatmaps
from mmgnntrack.models.top_down_estimator import HRNET_STAGES, captured, exact_heatmaps
from mmgnntrack.posetrack import POSETRACK

#: One inside the image, one over its edge, a tiny one, a wide one.
BOXES = np.array([[100, 40, 160, 200], [-20, 100, 50, 260], [200, 100, 206, 112], [10, 20, 300, 60]], np.float32)
FIELDS = {
    'keypoints': (15, 2),
    'keypoint_scores': (15,),
    'bboxes': (4,),
    'bbox_scores': (),
    'heatmaps': (15, 32, 24),
    'regions': (4,),
    'feature_maps': (48, 32, 24),
}


@pytest.fixture(scope='module')
def config(repository: Path) -> dict:
    path = repository / 'configs/mini/td-hm_hrnet-mini_synthtrack-128x96.py'
    return Config.fromfile(path).model.to_dict()


def build(config: dict, **options: object) -> TopDownEstimator:
    torch.manual_seed(0)
    return TopDownEstimator(config, **options).eval()


@pytest.fixture(scope='module')
def estimator(config: dict) -> TopDownEstimator:
    """Pose NMS drops nobody, since its weights are random."""
    return build(config, nms_thr=1.1)


@pytest.fixture(scope='module')
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)


def people(bboxes: np.ndarray) -> InstanceData:
    return InstanceData(bboxes=bboxes, bbox_scores=np.linspace(0.9, 0.5, len(bboxes), dtype=np.float32))


def by_box(poses: InstanceData) -> InstanceData:
    """In the order of `BOXES`."""
    return poses[np.argsort(-poses.bbox_scores)]


def test_fields(estimator: TopDownEstimator, image: np.ndarray) -> None:
    assert estimator.model.test_cfg['flip_test']
    for boxes in (BOXES, BOXES[:1], BOXES[:0]):
        poses = estimator.predict(image, people(boxes))
        shapes = {name: tuple(value.shape) for name, value in poses.items()}
        assert shapes == {name: (len(boxes), *shape) for name, shape in FIELDS.items()}
        assert poses.keypoints.dtype == poses.regions.dtype == np.float32
        assert poses.heatmaps.dtype == poses.feature_maps.dtype == torch.float32


def test_best_first(estimator: TopDownEstimator, image: np.ndarray) -> None:
    poses = estimator.predict(image, people(BOXES))
    scores = poses.bbox_scores * poses.keypoint_scores.mean(-1)
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_array_equal(by_box(poses).bboxes, BOXES)


def mmposes_own(estimator: TopDownEstimator, image: np.ndarray) -> list[PoseDataSample]:
    """What MMPose's transforms and test loop say of `BOXES`."""
    udp = isinstance(estimator.codec, UDPHeatmap)
    transforms = Compose(
        [
            dict(type='mmpose.GetBBoxCenterScale', padding=1.25),
            dict(type='mmpose.TopdownAffine', input_size=(96, 128), use_udp=udp),
            dict(type='mmpose.PackPoseInputs'),
        ]
    )
    usual = dict(img_path='', ori_shape=(240, 320), img_shape=(240, 320), flip_indices=POSETRACK.flip_indices)
    packed = [transforms(dict(usual, img=image, bbox=box[None], bbox_score=np.ones(1, np.float32))) for box in BOXES]
    inputs, samples = ([each[key] for each in packed] for key in ('inputs', 'data_samples'))
    return estimator.model.test_step(dict(inputs=inputs, data_samples=samples))


def with_codec(config: dict, codec: str, **options: object) -> TopDownEstimator:
    kernel = dict(kernel_size=9) if codec == 'MegviiHeatmap' else dict(sigma=1.5)
    decoder = dict(type=codec, input_size=(96, 128), heatmap_size=(24, 32), **kernel)
    return build(dict(config, head=config['head'] | dict(decoder=decoder), **options), nms_thr=1.1)


@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'UDPHeatmap'])
def test_heatmaps_as_mmposes_own(config: dict, image: np.ndarray, codec: str) -> None:
    """The crops are MMPose's but for the last digit of some pixels."""
    estimator = with_codec(config, codec)
    poses = by_box(estimator.predict(image, people(BOXES)))
    for found, sample in zip(poses.heatmaps, mmposes_own(estimator, image)):
        expected = sample.pred_fields.heatmaps
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-3 * expected.max().item())


@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'UDPHeatmap', 'MegviiHeatmap'])
def test_keypoints_as_mmposes_own(config: dict, image: np.ndarray, codec: str) -> None:
    """Those of codecs that are decoded all at once, and those of one that is left to MMPose."""
    # One clear peak a joint: random weights give flat ones, which every processor decodes differently.
    rng = np.random.default_rng(0)
    cells = rng.uniform([2, 2], [21, 29], (len(BOXES), 15, 2))
    heatmaps = gaussian_heatmaps(cells, rng.uniform(0.3, 1, (len(BOXES), 15)), (24, 32), 1.5)
    estimator = with_codec(config, codec, test_cfg=dict(flip_test=False))
    estimator.model.head.final_layer.register_forward_hook(lambda *_: heatmaps)
    poses = by_box(estimator.predict(image, people(BOXES)))
    cell = poses.regions[:, None, 2:]
    for index, sample in enumerate(mmposes_own(estimator, image)):
        found = sample.pred_instances
        np.testing.assert_allclose(poses.keypoints[index] / cell[index], found.keypoints[0] / cell[index], atol=0.01)
        np.testing.assert_allclose(poses.keypoint_scores[index], found.keypoint_scores[0], rtol=1e-6)
    if codec == 'MegviiHeatmap':
        return
    keypoints, _ = decode_heatmaps(estimator.codec, poses.heatmaps, poses.regions)
    np.testing.assert_allclose(keypoints / cell, poses.keypoints / cell, rtol=0, atol=1e-3)
    exact = 0.1 if codec == 'UDPHeatmap' else 0.26  # MSRA's knows quarters of a cell
    np.testing.assert_allclose(image_to_cells(poses.keypoints, poses.regions), cells, rtol=0, atol=exact)


def test_nobody_to_decode(estimator: TopDownEstimator) -> None:
    keypoints, scores = decode_heatmaps(estimator.codec, torch.zeros(0, 15, 48, 48), np.zeros((0, 4)))
    assert keypoints.shape == (0, 15, 2) and scores.shape == (0, 15)


def test_flip_test(config: dict, image: np.ndarray) -> None:
    """A mirrored image gives mirrored heatmaps with left and right exchanged, if the mean is taken over both. Of a box
    whose crop has the input's size the mirrored crop is the crop mirrored, pixel by pixel."""
    box = np.array([[100.0, 50, 176.8, 152.4]], np.float32)
    mirrored_box = box[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [320, 0, 320, 0]
    same = {}
    for flip_test in (True, False):
        test_cfg = dict(flip_test=flip_test, flip_mode='heatmap', shift_heatmap=False)
        estimator = build(dict(config, test_cfg=test_cfg))
        plain = estimator.predict(image, people(box)).heatmaps
        mirrored = estimator.predict(image[:, ::-1].copy(), people(mirrored_box.astype(np.float32))).heatmaps
        same[flip_test] = torch.allclose(mirrored.flip(-1)[:, list(POSETRACK.flip_indices)], plain, atol=1e-5)
    assert same == {True: True, False: False}


def test_features_are_the_three_high_resolution_branches(estimator: TopDownEstimator, image: np.ndarray) -> None:
    poses = by_box(estimator.predict(image, people(BOXES)))
    assert estimator.visual_channels == 48 and estimator.feature_layers == HRNET_STAGES
    crops = estimator.geometry.crops(BOXES)
    warped = [cv2.warpAffine(image, region_warp(crop, (96, 128)), (96, 128)) for crop in crops]
    inputs = [torch.from_numpy(crop).permute(2, 0, 1) for crop in warped]
    # What training sees at the joints of the history is what testing sees: not the flipped input's.
    torch.testing.assert_close(estimator.features(inputs, (24, 32)), poses.feature_maps, rtol=1e-3, atol=1e-3)
    with torch.no_grad():
        batch = estimator.model.data_preprocessor(dict(inputs=inputs, data_samples=[]), False)['inputs']
        last = estimator.model.backbone(batch)[0]
    torch.testing.assert_close(poses.feature_maps[:, 32:], last, rtol=1e-3, atol=1e-3)


def test_features_of_another_resolution(config: dict, image: np.ndarray) -> None:
    estimator = build(config, feature_layers=['backbone.conv1', 'backbone.stage4'])
    box = np.array([[101.6, 48.8, 178.4, 151.2]], np.float32)  # its crop is 96 x 128 whole pixels
    warped = image[36:164, 92:188].copy()
    found = estimator.predict(image, people(box)).feature_maps
    assert found.shape == (1, 64 + 16, 32, 24)
    expected = estimator.features([torch.from_numpy(warped).permute(2, 0, 1)], (24, 32))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_batches_do_not_matter(estimator: TopDownEstimator, config: dict, image: np.ndarray) -> None:
    one_by_one = build(config, nms_thr=1.1, max_batch=1)
    poses, expected = (by_box(each.predict(image, people(BOXES))) for each in (one_by_one, estimator))
    np.testing.assert_allclose(poses.keypoint_scores, expected.keypoint_scores, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(poses.heatmaps, expected.heatmaps, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(poses.feature_maps, expected.feature_maps, rtol=1e-3, atol=1e-3)
    crops = estimator.geometry.crops(BOXES)
    found, expected = (each.search_features(image, crops) for each in (one_by_one, estimator))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('n', [0, 2])
@pytest.mark.parametrize(('coarsen', 'size'), [(1.0, (48, 48)), (2.0, (24, 24))])
def test_search_features(config: dict, image: np.ndarray, n: int, coarsen: float, size: tuple[int, int]) -> None:
    estimator = build(config, search=dict(coarsen=coarsen))
    found = estimator.search_features(image, estimator.geometry.crops(BOXES[:n]))
    assert found.shape == (n, 48, *size) and not found.requires_grad


def test_a_search_region_is_where_its_grid_says(config: dict) -> None:
    """The features of a bright spot are found in the cell that the geometry names."""
    estimator = build(config, feature_layers=['backbone.stage2'])
    dark, lit = np.zeros((2, 240, 320, 3), np.uint8)
    spot = np.array([190, 70])
    cv2.circle(lit, spot.tolist(), 5, (255, 255, 255), -1)
    crops = estimator.geometry.crops(np.array([[130.0, 60, 190, 160]]))
    change = (estimator.search_features(lit, crops) - estimator.search_features(dark, crops)).abs().sum(1)[0]
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing='ij')
    weight = change**2 / (change**2).sum()
    ((x0, y0, sx, sy),) = estimator.geometry.search_grids(crops)
    found = np.array([x0 + (weight * x).sum() * sx, y0 + (weight * y).sum() * sy])
    np.testing.assert_allclose(found, spot, atol=4)


def test_without_feature_layers(config: dict, image: np.ndarray) -> None:
    estimator = build(config, feature_layers=())
    assert estimator.visual_channels == 0
    assert estimator.predict(image, people(BOXES[:2])).feature_maps.shape == (2, 0, 32, 24)


def test_pose_nms_drops_duplicates(config: dict, image: np.ndarray) -> None:
    boxes = BOXES[[0, 0, 1]]
    poses = build(config, nms_thr=0.9).predict(image, people(boxes))
    np.testing.assert_array_equal(by_box(poses).bboxes, boxes[[0, 2]])


def test_a_look_at_the_features_changes_nothing(config: dict) -> None:
    estimator = build(config).train()
    before = {name: value.clone() for name, value in estimator.state_dict().items()}
    assert estimator.visual_channels == 48 and estimator.model.training
    assert all(torch.equal(before[name], value) for name, value in estimator.state_dict().items())


def test_a_head_without_heatmaps() -> None:
    model = dict(
        type='TopdownPoseEstimator',
        backbone=dict(type='ResNet', depth=18),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='RegressionHead',
            in_channels=512,
            num_joints=15,
            decoder=dict(type='RegressionLabel', input_size=(96, 128)),
        ),
    )
    with pytest.raises(ValueError, match='needs a head with a heatmap codec, got RegressionLabel'):
        TopDownEstimator(model)


class TwoOutputs(nn.Module):
    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x + 1, x + 2]


def test_captured() -> None:
    model = nn.Sequential(nn.Identity(), TwoOutputs())
    with captured(model, ['0', '1']) as outputs:
        model(torch.zeros(1))
        model(torch.ones(1))
    model(torch.ones(1))
    assert {layer: [call.item() for call in calls] for layer, calls in outputs.items()} == {'0': [0, 1], '1': [1, 2]}


def test_captured_goes_no_further_than_it_must() -> None:
    model = nn.Sequential(nn.Identity(), TwoOutputs(), nn.Conv2d(3, 3, 3))  # the last one would fail
    with captured(model, ['1', '0'], only=True) as outputs:
        model(torch.zeros(1))
    assert {layer: [call.item() for call in calls] for layer, calls in outputs.items()} == {'1': [1], '0': [0]}


def test_captured_lets_go_of_the_model_after_an_error() -> None:
    model = nn.Sequential(nn.Identity())
    with pytest.raises(ZeroDivisionError), captured(model, ['0']) as outputs:
        raise ZeroDivisionError
    model(torch.zeros(1))
    assert outputs == {'0': []}


def test_captured_names_an_unknown_layer() -> None:
    with pytest.raises(AttributeError, match='stage9'), captured(nn.Sequential(), ['stage9']):
        pass


def test_a_head_without_a_final_layer_keeps_its_heatmaps() -> None:
    model = nn.Module()
    model.head = nn.Module()
    with exact_heatmaps(model):
        pass
    model.head.final_layer = nn.Identity()
    half = torch.ones(1, dtype=torch.bfloat16)
    with exact_heatmaps(model):
        assert model.head.final_layer(half).dtype == torch.float32
    assert model.head.final_layer(half).dtype == torch.bfloat16
