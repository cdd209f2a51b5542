"""The whole model on a GPU, where there is one: the same poses, and no waiting for the host that is not needed."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmengine.structures import InstanceData

from mmgnntrack.analysis.tracker_stages import TrackerBenchmark
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.registry import MODELS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')
SIZE = (320, 240)


def model_on(device: str, repository: Path) -> VideoPoseTracker:
    config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    init_default_scope(config.default_scope)
    set_random_seed(0)
    return MODELS.build(config.model).to(device).eval()


def tracks(device: str, repository: Path, count: int, frames: int) -> list[InstanceData]:
    """Of scripted people, whom the networks have looked at."""
    benchmark = TrackerBenchmark(model_on(device, repository), SIZE, seed=0)
    benchmark._begin(count)
    image = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
    return [benchmark.model.track(image, index, benchmark._people.poses(index)) for index in range(frames)]


def test_the_networks_say_the_same(repository: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
    boxes = np.array([[20, 10, 90, 200], [-30, 50, 100, 300]], np.float32)
    people = InstanceData(bboxes=boxes, bbox_scores=np.ones(2, np.float32))
    found = {}
    for device in ('cpu', 'cuda'):
        estimator = model_on(device, repository).pose_estimator
        estimator.nms_thr = np.inf
        poses = estimator.predict(image, people)
        order = np.argsort(poses.bboxes[:, 0])
        searched = estimator.search_features(image, estimator.geometry.crops(boxes))
        found[device] = [maps.cpu() for maps in (poses.heatmaps[order], poses.feature_maps[order], searched)]
    for on_cpu, on_gpu in zip(*found.values()):
        assert (on_cpu - on_gpu).norm() < 1e-2 * on_cpu.norm()  # convolutions are TF32 there


def test_the_same_tracks(repository: Path) -> None:
    for on_cpu, on_gpu in zip(*(tracks(device, repository, count=5, frames=4) for device in ('cpu', 'cuda'))):
        assert len(on_cpu) == 5
        np.testing.assert_array_equal(on_cpu.instances_id, on_gpu.instances_id)
        np.testing.assert_allclose(on_cpu.keypoints, on_gpu.keypoints, atol=0.05)
        np.testing.assert_allclose(on_cpu.keypoint_scores, on_gpu.keypoint_scores, atol=1e-3)


def waits(repository: Path, count: int) -> list[str]:
    """Where the host waits for the GPU in one frame with so many people, who are known."""
    benchmark = TrackerBenchmark(model_on('cuda', repository), SIZE, seed=0)
    benchmark.clock._book = lambda: None  # it waits for each stage
    benchmark._begin(count)
    image = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
    shown = [benchmark._people.poses(index) for index in range(4)]
    for index, poses in enumerate(shown[:3]):
        benchmark.model.track(image, index, poses)
    torch.cuda.set_sync_debug_mode('warn')
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            benchmark.model.track(image, 3, shown[3])
    finally:
        torch.cuda.set_sync_debug_mode('default')
    return [f'{warning.filename}:{warning.lineno}' for warning in caught if 'synchroniz' in str(warning.message)]


def test_waits_do_not_grow_with_the_people(repository: Path) -> None:
    """Three times poses are wanted on the host, where people are matched: the estimated, the predicted, the fused ones.
    And MMEngine's preprocessor swaps the colours of each batch by a list."""
    few, many = (waits(repository, count) for count in (2, 8))
    assert few == many
    own = [place for place in few if 'mmengine/model/base_model/data_preprocessor.py' not in place]
    assert len(few) == len(own) + 2
    assert len(own) == 3 and all('models/decoding.py' in place for place in own), own
