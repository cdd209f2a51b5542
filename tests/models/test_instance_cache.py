import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

from mmgnntrack.models import instance_cache
from mmgnntrack.models.instance_cache import InstanceCache
from mmgnntrack.processes import this_process

IMAGE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


def network(weight: float = 1.0) -> nn.Module:
    layer = nn.Linear(1, 1)
    nn.init.constant_(layer.weight, weight)
    nn.init.zeros_(layer.bias)
    return layer


@pytest.fixture
def counted() -> Callable[[], InstanceData]:
    def compute() -> InstanceData:
        compute.calls += 1
        return InstanceData(keypoints=np.full((2, 3, 2), 0.1, np.float32), heatmaps=torch.full((2, 3, 4, 4), 0.3))

    compute.calls = 0
    return compute


def test_the_second_time_comes_from_disk(tmp_path: Path, counted: Callable) -> None:
    cache = InstanceCache(tmp_path / 'new', network(), {})
    live = cache(IMAGE, compute=counted)
    found = InstanceCache(tmp_path / 'new', network(), {})(IMAGE, compute=counted)
    assert counted.calls == 1
    assert isinstance(found.keypoints, np.ndarray) and isinstance(found.heatmaps, torch.Tensor)
    np.testing.assert_array_equal(found.keypoints, live.keypoints)
    assert torch.equal(found.heatmaps, live.heatmaps)
    assert len(list((tmp_path / 'new').iterdir())) == 1


def test_what_is_not_needed_stays_on_disk(tmp_path: Path, counted: Callable) -> None:
    cache = InstanceCache(tmp_path, network(), {})
    cache(IMAGE, compute=counted)
    assert cache(IMAGE, compute=counted, without=['heatmaps']).keys() == ['keypoints']


@pytest.mark.parametrize(
    ('weight', 'config', 'inputs'),
    [
        (2.0, {}, (IMAGE,)),
        (1.0, {'score_thr': 0.1}, (IMAGE,)),
        (1.0, {}, (IMAGE + 1,)),
        (1.0, {}, (IMAGE.reshape(1, 4, 3),)),
        (1.0, {}, (IMAGE, np.zeros((0, 4)))),
    ],
)
def test_another_network_or_input_has_another_result(
    tmp_path: Path, counted: Callable, weight: float, config: dict, inputs: tuple
) -> None:
    InstanceCache(tmp_path, network(), {})(IMAGE, compute=counted)
    InstanceCache(tmp_path, network(weight), config)(*inputs, compute=counted)
    assert counted.calls == 2


def test_other_versions_have_other_results(tmp_path: Path, counted: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    InstanceCache(tmp_path, network(), {})(IMAGE, compute=counted)
    monkeypatch.setitem(instance_cache.VERSIONS, 'mmpose', '99.0')
    InstanceCache(tmp_path, network(), {})(IMAGE, compute=counted)
    assert counted.calls == 2


def test_tensors_take_half_their_size(tmp_path: Path) -> None:
    maps = torch.rand(2, 8, 64, 64)
    found = InstanceCache(tmp_path, network(), {})(IMAGE, compute=lambda: InstanceData(heatmaps=maps))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size < 2.1 * maps.numel()
    assert found.heatmaps.dtype == torch.float32 and (found.heatmaps - maps).abs().max() < 1e-3


def test_nobody(tmp_path: Path) -> None:
    nobody = InstanceData(keypoints=np.zeros((0, 3, 2)), heatmaps=torch.zeros(0, 3, 4, 4))
    cache = InstanceCache(tmp_path, network(), {})
    for _ in range(2):
        found = cache(IMAGE, compute=lambda: nobody)
        assert len(found) == 0 and found.heatmaps.shape == (0, 3, 4, 4)


def test_a_broken_file_is_named(tmp_path: Path, counted: Callable) -> None:
    cache = InstanceCache(tmp_path, network(), {})
    cache(IMAGE, compute=counted)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(ValueError, match=f'{file}: this cached result cannot be read .*delete it'):
        cache(IMAGE, compute=counted)


def test_what_a_killed_run_was_writing_is_removed(tmp_path: Path) -> None:
    machine = this_process().partition('-')[0]
    child = subprocess.Popen(['true'])
    child.wait()
    for process in (child.pid, os.getpid()):
        (tmp_path / f'.a.npz.{machine}-{process}.partial').write_bytes(b'PK')
    InstanceCache(tmp_path, network(), {})
    assert [path.name for path in tmp_path.iterdir()] == [f'.a.npz.{this_process()}.partial']
