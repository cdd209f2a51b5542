"""Results of networks on disk."""

import hashlib
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path

import mmcv
import mmdet
import mmpose
import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

import mmgnntrack
from mmgnntrack.files import remove_unfinished, whole_file
from mmgnntrack.posetrack.errors import said

#: Other versions may find something else.
VERSIONS = {module.__name__: module.__version__ for module in (mmgnntrack, mmcv, mmdet, mmpose, torch)}


class InstanceCache:
    """Keeps what a network found in an image, so that another way of tracking need not run the network again.

    A file's name is the digest of all that its content follows from: the network's config, weights and device, the
    versions of the packages, and the bytes of its inputs. So nothing stale is ever found, and ranks and runs may share
    a folder. Tensors are kept in half precision, and come out alike the first time and later.

    Args:
        folder: made with the first file.
        network: whose results are kept; its weights must not change any more.
        config: what it was built from.
    """

    def __init__(self, folder: str | Path, network: nn.Module, config: dict) -> None:
        self.folder = Path(folder)
        remove_unfinished(self.folder)
        self.network = network
        self.config = repr(config)

    def __call__(
        self, *inputs: np.ndarray, compute: Callable[[], InstanceData], without: Collection[str] = ()
    ) -> InstanceData:
        """The result for these inputs, computed if it is not there yet.

        Args:
            inputs: all that the result depends on besides the network.
            compute: gives the result.
            without: tensors that the caller does not need; they are left on disk.

        Raises:
            ValueError: naming a file that cannot be read.
        """
        path = self.folder / f'{self._digest(inputs)}.npz'
        if path.is_file():
            return self._read(path, without)
        self._write(path, compute())
        return self._read(path, without)

    def _digest(self, inputs: tuple[np.ndarray, ...]) -> str:
        digest = self._network_digest.copy()
        for array in inputs:
            digest.update(f'{array.shape} {array.dtype}'.encode())
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()

    @cached_property
    def _network_digest(self) -> 'hashlib._Hash':
        digest = hashlib.blake2b(f'{VERSIONS} {self.config}'.encode(), digest_size=16)
        for name, value in self.network.state_dict().items():
            digest.update(f'{name} {value.device.type} {value.dtype}'.encode())
            digest.update(value.detach().contiguous().view(-1).view(torch.uint8).cpu().numpy())
        return digest

    @staticmethod
    def _write(path: Path, result: InstanceData) -> None:
        arrays = {}
        for name, value in result.items():
            tensor = isinstance(value, Tensor)
            arrays[f'tensor/{name}' if tensor else name] = value.half().cpu().numpy() if tensor else np.asarray(value)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, binary=True) as file:
            np.savez(file, **arrays)

    def _read(self, path: Path, without: Collection[str]) -> InstanceData:
        try:
            with np.load(path) as arrays:
                found = {key: arrays[key] for key in arrays if key.removeprefix('tensor/') not in without}
            tensors = {key: torch.from_numpy(value) for key, value in found.items() if key.startswith('tensor/')}
        except Exception as error:  # zip and numpy fail in many ways
            raise ValueError(f'{path}: this cached result cannot be read ({said(error)}); delete it') from error
        device = next(self.network.parameters()).device
        found |= {key: tensor.to(device).float() for key, tensor in tensors.items()}
        return InstanceData(**{key.removeprefix('tensor/'): value for key, value in found.items()})
