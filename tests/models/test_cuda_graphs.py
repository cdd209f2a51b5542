import copy
import logging
import pickle

import pytest
import torch
from torch import Tensor, nn

from mmgnntrack.models.cuda_graphs import CUDAGraphs

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')


class Two(nn.Module):
    """Two layers, the second with a list of outputs, as HRNet's stages have."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.ModuleList([nn.Linear(8, 2), nn.Linear(8, 3)])
        self.calls = 0

    def forward(self, inputs: Tensor) -> list[Tensor]:
        self.calls += 1
        inner = self.first(inputs).relu()
        return [layer(inner) for layer in self.second]


@pytest.fixture
def network() -> Two:
    torch.manual_seed(0)
    return Two().eval()


def test_on_a_cpu_the_network_runs_as_ever(network: Two) -> None:
    inputs, heard = torch.rand(3, 4), []
    network.first.register_forward_hook(lambda module, args, output: heard.append(output))
    expected = network(inputs)
    with torch.no_grad(), CUDAGraphs(network, [network.first]).replaying():
        found = network(inputs)
    assert all(map(torch.equal, found, expected)) and len(heard) == 2 and network.calls == 2
    assert 'forward' not in vars(network)


@pytest.mark.parametrize('copied', [copy.deepcopy, lambda graphs: pickle.loads(pickle.dumps(graphs))])
def test_a_copy_records_anew(network: Two, copied: object) -> None:
    graphs = CUDAGraphs(network, [network.first])
    graphs._recorded['a graph'] = torch.nn  # which nothing can copy
    graphs._works = False
    found = copied(graphs)
    assert not found._recorded and found._works and graphs._recorded and not graphs._works
    assert found.network is not network and found.layers[0] is found.network.first


@on_gpu
@pytest.mark.parametrize('mixed', [False, True])
def test_the_same_as_ever(network: Two, mixed: bool) -> None:
    network.cuda()
    graphs = CUDAGraphs(network, [network.first])
    for count in (1, 3, 8, 9, 11, 3):
        inputs, heard = torch.rand(count, 4, device='cuda'), []
        handle = network.first.register_forward_hook(lambda module, args, output: heard.append(output))  # noqa: B023
        with torch.no_grad(), torch.autocast('cuda', torch.float16, enabled=mixed):
            expected = network(inputs)
            with graphs.replaying():
                found, again = network(inputs), network(inputs + 1)
        handle.remove()
        assert len(heard) == 3 and not torch.equal(found[0], again[0])
        for one, other in zip((*expected, heard[0]), (*found, heard[1]), strict=True):
            torch.testing.assert_close(one, other)
    assert len(graphs._recorded) == 4  # of 9 and 11 one


@on_gpu
def test_weights_that_change_in_place(network: Two) -> None:
    network.cuda()
    graphs, inputs = CUDAGraphs(network), torch.rand(2, 4, device='cuda')
    with torch.no_grad(), graphs.replaying():
        before = network(inputs)[0]
        network.second[0].bias += 1
        torch.testing.assert_close(network(inputs)[0], before + 1)


@on_gpu
def test_gradients_and_training_are_not_recorded(network: Two) -> None:
    network.cuda()
    graphs, inputs = CUDAGraphs(network), torch.rand(2, 4, device='cuda')
    with graphs.replaying():
        assert network(inputs)[0].requires_grad
        with torch.no_grad():
            network.train()(inputs)
    assert not graphs._recorded


@on_gpu
def test_a_network_that_looks_at_its_results(network: Two, caplog: pytest.LogCaptureFixture) -> None:
    class Looks(Two):
        def forward(self, inputs: Tensor) -> list[Tensor]:
            return super().forward(inputs * (inputs.sum().item() > 0))

    network, inputs = Looks().cuda().eval(), torch.rand(2, 4, device='cuda')
    graphs = CUDAGraphs(network)
    with torch.no_grad(), caplog.at_level(logging.WARNING):
        expected = network(inputs)
        with graphs.replaying():
            for _ in range(2):
                found = network(inputs)
    assert all(map(torch.equal, found, expected))
    assert not graphs._works
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
