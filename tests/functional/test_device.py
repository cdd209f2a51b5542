import numpy as np
import pytest
import torch

from mmgnntrack.functional import upload


@pytest.mark.parametrize('values', [np.arange(3), [0, 1, 2], (0, 1, 2), torch.arange(3)])
def test_values_of_any_kind(values: object) -> None:
    found = upload(values, torch.zeros(1))
    assert found.tolist() == [0, 1, 2] and found.dtype == torch.int64
    assert upload(values, torch.zeros(1), torch.float32).dtype == torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')
def test_to_a_gpu_and_on_it() -> None:
    like = torch.zeros(1, device='cuda')
    found = upload(np.arange(3), like)
    assert found.device == like.device and found.tolist() == [0, 1, 2]
    assert upload(found, like) is found
