from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmgnntrack.models import TopDownEstimator
from mmgnntrack.models.speed import Speed


@pytest.mark.parametrize('channels_last', [True, False])
def test_prepare(repository: Path, channels_last: bool) -> None:
    model = Config.fromfile(repository / 'configs/mini/td-hm_hrnet-mini_synthtrack-128x96.py').model.to_dict()
    estimator = TopDownEstimator(model)
    Speed(channels_last=channels_last).prepare(estimator)
    weight = estimator.model.backbone.conv1.weight
    assert estimator.graphs.network is estimator.model.backbone
    assert estimator.graphs.layers[-1] is estimator.model.backbone.stage4
    assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last


def test_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(torch, 'set_float32_matmul_precision', asked.append)
    Speed(channels_last=False, cuda_graphs=False).prepare(None)
    assert not asked
    Speed(channels_last=False, cuda_graphs=False, tf32=True).prepare(None)
    assert asked == ['high']


def test_running() -> None:
    device, matrix = torch.device('cpu'), torch.ones(2, 2)
    with Speed(amp=True).running(device):
        assert (matrix @ matrix).dtype == torch.bfloat16
    with Speed().running(device):
        assert (matrix @ matrix).dtype == torch.float32
    with torch.autocast('cpu'), Speed().running(device):  # as mmengine's loop wants it
        assert (matrix @ matrix).dtype == torch.bfloat16
