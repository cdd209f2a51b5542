"""A network's work, told a GPU once."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

#: Calls that are not recorded yet: libraries choose their kernels meanwhile.
_WARM_UP = 2
#: From here on inputs are filled up to multiples of this, so that there are few sizes.
_STEP = 8


class _Recorded(NamedTuple):
    """A graph, its input, its output, and what the layers put out meanwhile."""

    graph: torch.cuda.CUDAGraph
    input: Tensor
    output: Tensor | Sequence[Tensor]
    layers: list[tuple[nn.Module, Tensor | Sequence[Tensor]]]


class CUDAGraphs:
    """Runs a network on a GPU as CUDA graphs, one for each size of its input.

    To tell a GPU the thousand kernels of an HRNet one by one takes longer than they take for a few people. Recorded
    once, they are told at once. On a CPU, in training and where gradients are wanted the network runs as ever, and
    after a warning also if it cannot be recorded, as one that looks at its own results.

    Args:
        network: takes one tensor (n, ...) whose rows do not depend on each other.
        layers: submodules of it whose outputs forward hooks want. The hooks see them when the network is done, so that
            none can end it early.
    """

    def __init__(self, network: nn.Module, layers: Sequence[nn.Module] = ()) -> None:
        self.network = network
        self.layers = tuple(layers)
        self._forget()

    def __getstate__(self) -> dict:
        """A copy records anew."""
        copied = CUDAGraphs.__new__(CUDAGraphs)
        vars(copied).update(vars(self))
        copied._forget()
        return vars(copied)

    def _forget(self) -> None:
        self._recorded: dict[tuple, _Recorded] = {}
        self._pool: tuple | None = None
        self._weights = 0
        self._works = True

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """While open, calls of the network replay what was recorded."""
        forward = self.network.forward
        self.network.forward = lambda inputs: self._run(forward, inputs)
        try:
            yield
        finally:
            del self.network.forward

    def _run(self, forward: Callable, inputs: Tensor) -> Tensor | Sequence[Tensor]:
        if not self._works or not inputs.is_cuda or torch.is_grad_enabled() or self.network.training:
            return forward(inputs)
        with torch.cuda.device(inputs.device):
            return self._replay(forward, inputs)

    def _replay(self, forward: Callable, inputs: Tensor) -> Tensor | Sequence[Tensor]:
        count = len(inputs)
        size = count if count <= _STEP else -(-count // _STEP) * _STEP
        weights = next(self.network.parameters()).data_ptr()  # elsewhere after a move
        mixed = torch.is_autocast_enabled('cuda'), torch.get_autocast_dtype('cuda')
        key = size, inputs.shape[1:], inputs.dtype, *mixed
        if weights != self._weights:
            self._forget()
            self._weights = weights
        if key not in self._recorded:
            try:
                self._recorded[key] = self._record(forward, inputs.new_zeros(size, *inputs.shape[1:]))
            except RuntimeError as error:
                self._works = False
                print_log(
                    f'CUDA graphs: {type(self.network).__name__} runs without: {error}', 'current', logging.WARNING
                )
                return forward(inputs)
        found = self._recorded[key]
        found.input[:count].copy_(inputs)
        found.graph.replay()
        for layer, output in found.layers:
            for hook in list(layer._forward_hooks.values()):
                hook(layer, (), _copied(output, count))
        return _copied(found.output, count)

    def _record(self, forward: Callable, inputs: Tensor) -> _Recorded:
        heard: list[tuple[nn.Module, Tensor | Sequence[Tensor]]] = []
        mixed = torch.autocast(
            'cuda', torch.get_autocast_dtype('cuda'), torch.is_autocast_enabled('cuda'), cache_enabled=False
        )
        with mixed, _only_hook(self.layers, lambda layer, _, output: heard.append((layer, output))):
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(_WARM_UP):
                    forward(inputs)
            torch.cuda.current_stream().wait_stream(stream)
            heard.clear()
            graph = torch.cuda.CUDAGraph()
            # A recording that fails leaves its own stream as the current one.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(graph, pool=self._pool, capture_error_mode='thread_local'),
            ):
                output = forward(inputs)
        self._pool = graph.pool()
        return _Recorded(graph, inputs, output, heard)


@contextmanager
def _only_hook(layers: Sequence[nn.Module], hook: Callable) -> Iterator[None]:
    """While open, layers have this forward hook and no other."""
    before = [layer._forward_hooks.copy() for layer in layers]
    try:
        for layer in layers:
            layer._forward_hooks.clear()
            layer.register_forward_hook(hook)
        yield
    finally:
        for layer, hooks in zip(layers, before):
            layer._forward_hooks.clear()
            layer._forward_hooks.update(hooks)


def _copied(output: Tensor | Sequence[Tensor], count: int) -> Tensor | list[Tensor]:
    """The first rows of what a graph put out, which its next run overwrites."""
    return output[:count].clone() if torch.is_tensor(output) else [_copied(part, count) for part in output]
