"""What files of earlier runs hold: keys of checkpoints, names in logs, the state to resume from, names of cached
results. A change here makes such files useless."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import nn

from mmgnntrack.models import instance_cache
from mmgnntrack.registry import MODELS

ROOT = Path(__file__).parents[1]
FROZEN = Path(__file__).parent / 'data/frozen/dynamics_heads.json'
CONFIGS = (
    'gnn_hrnet_w48_posetrack18',
    'ablations/paper_hrnet_w48_posetrack18',
    'mini/gnn_hrnet-mini_synthtrack',
    'pose_only/gnn-offsets_posetrack17',
)
CODEC = dict(type='mmpose.MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
SEARCH = dict(input_size=CODEC['input_size'], heatmap_size=CODEC['heatmap_size'])


def a_tracker(config: str, **settings: object) -> nn.Module:
    """The config's tracker, drawn with seed 0."""
    torch.manual_seed(0)
    tracker = Config.fromfile(ROOT / f'configs/{config}.py').model.tracker
    return MODELS.build(dict(tracker, codec=CODEC, search=SEARCH, **settings))


def weights(config: str) -> dict[str, list]:
    """Of each key in a checkpoint its shape and the sum of its absolute values."""
    state = a_tracker(config).state_dict()
    return {key: [list(value.shape), float(value.double().abs().sum())] for key, value in state.items()}


@pytest.mark.parametrize('config', CONFIGS)
def test_keys_of_checkpoints_and_weights_of_a_seed(config: str) -> None:
    frozen, found = json.loads(FROZEN.read_text())[config], weights(config)
    assert list(found) == list(frozen)
    for key, (shape, total) in frozen.items():
        assert found[key] == [shape, pytest.approx(total, rel=1e-5)], key


@pytest.mark.parametrize(
    ('config', 'name'),
    [('mini/gnn_hrnet-mini_synthtrack', 'loss_heatmaps'), ('pose_only/gnn-offsets_posetrack17', 'loss_positions')],
)
def test_names_of_losses(config: str, name: str) -> None:
    from mmgnntrack.datasets.transforms import PackTubeInputs

    config = Config.fromfile(ROOT / f'configs/{config}.py')
    settings = dict(config.model, detector=None, pose_estimator=None)
    memory = dict(type='mmgnntrack.TrackMemory', length=3)
    settings['tracker'] = dict(settings['tracker'], codec=CODEC, search=SEARCH, memory=memory)
    settings['tracker']['dynamics_head'] = dict(settings['tracker']['dynamics_head'], visual_channels=0)
    rng = np.random.default_rng(0)
    tube = dict(
        history=rng.uniform(0, 50, (3, 15, 2)),
        history_scores=np.ones((3, 15)),
        ages=np.array([3, 2, 1]),
        keypoints=rng.uniform(0, 50, (4, 15, 2)),
        annotated=np.ones((4, 15), bool),
        img_paths=[''] * 4,
    )
    packed = PackTubeInputs(CODEC, images=False)(tube)
    assert list(MODELS.build(settings).loss({}, [packed['data_samples']])) == [name]


def test_state_to_resume_from() -> None:
    tracker = MODELS.build(dict(type='mmgnntrack.PoseTracker', matching='oks', sigmas=[0.1, 0.1])).eval()
    for frame_id in range(2):
        pose = np.array([[[10.0, 10], [20, 40]]]) + frame_id
        tracker.step(InstanceData(keypoints=pose, keypoint_scores=np.ones((1, 2))), frame_id)
    state = tracker.memory.state()
    assert {
        name: value if isinstance(value, int) else (value.dtype, value.tolist()) for name, value in state.items()
    } == {
        'instances_id': (torch.int64, [0]),
        'keypoints': (torch.float32, [[[[0, 0], [0, 0]], [[10, 10], [20, 40]], [[11, 11], [21, 41]]]]),
        'keypoint_scores': (torch.float32, [[[0, 0], [1, 1], [1, 1]]]),
        'valid': (torch.bool, [[[False, False], [True, True], [True, True]]]),
        'frame_ids': (torch.int64, [[-1, 0, 1]]),
        'bboxes': (torch.float32, [[9.5, 6.5, 22.5, 45.5]]),
        'areas': (torch.float32, [507.0]),
        'features': (torch.float32, [[[[], []], [[], []], [[], []]]]),
        'first_seen': (torch.int64, [0]),
        'last_seen': (torch.int64, [1]),
        'next_id': 1,
    }


def test_names_of_cached_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_cache, 'VERSIONS', dict(torch='2.0'))  # those at hand are others on every machine
    network = nn.Linear(2, 1)
    nn.init.ones_(network.weight), nn.init.zeros_(network.bias)
    cache = instance_cache.InstanceCache(tmp_path, network, dict(type='Linear'))
    cache(np.arange(4, dtype=np.uint8), compute=lambda: InstanceData(bboxes=np.zeros((1, 4))))
    assert [path.name for path in tmp_path.iterdir()] == ['5b4745dace89cf329e49052d85228ea6.npz']


if __name__ == '__main__':
    FROZEN.write_text(json.dumps({config: weights(config) for config in CONFIGS}, indent=1) + '\n')
