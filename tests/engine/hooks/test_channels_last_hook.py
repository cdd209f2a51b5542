from types import SimpleNamespace

import torch
from torch import nn

from mmgnntrack.engine.hooks import ChannelsLastHook


def a_model() -> nn.ModuleDict:
    torch.manual_seed(0)
    return nn.ModuleDict(
        {name: nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 2, 1)) for name in ('one', 'other')}
    )


def is_last(module: nn.Module) -> bool:
    return module[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_the_parts_that_are_named() -> None:
    model = a_model()
    ChannelsLastHook(parts=('one',)).before_run(SimpleNamespace(model=model))
    assert is_last(model['one']) and not is_last(model['other'])
    images = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(model['one'](images), a_model()['one'](images), rtol=1e-4, atol=1e-4)


def test_the_whole_model() -> None:
    model = a_model()
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    assert is_last(model['one']) and is_last(model['other'])
