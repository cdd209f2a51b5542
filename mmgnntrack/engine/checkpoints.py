"""Weights from files, part by part."""

from collections.abc import Mapping

import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, is_tensor, nn

from mmgnntrack.posetrack.errors import OneLineError, printable

from .downloads import fetched, is_url


class CheckpointError(OneLineError):
    """A file of weights is no checkpoint, or is one of something else."""


def load_part(module: nn.Module, name: str, filename: str, prefix: str = '') -> None:
    """Loads a file of weights into one part of a model.

    Args:
        module: the part.
        name: its name in messages.
        filename: file or URL of a checkpoint.
        prefix: what the keys of its weights begin with where the file holds more than the part.

    Raises:
        OSError: if there is no such file, or it cannot be downloaded.
        CheckpointError: if it is no checkpoint, or does not fit; names the part, the file and the keys.
    """
    if '://' in filename and not is_url(filename):
        raise CheckpointError(f'weights of the {name}: expected a file or an http(s) URL, got {filename}')
    if is_url(filename):
        try:
            filename = str(fetched(filename))
        except OSError as error:
            raise OSError(f'weights of the {name}: {error}') from error
        except ValueError as error:
            raise CheckpointError(f'weights of the {name}: {error}') from error
    try:
        checkpoint = CheckpointLoader.load_checkpoint(filename, map_location='cpu')
        state = checkpoint.get('state_dict', checkpoint)
        state = {key.removeprefix(prefix): value for key, value in state.items() if is_tensor(value)}
    except FileNotFoundError as error:
        raise FileNotFoundError(printable(f'weights of the {name}: no such file: {filename}')) from error
    except PermissionError as error:
        raise PermissionError(printable(f'weights of the {name}: {filename}: {error.strerror}')) from error
    except Exception as error:  # bytes, and what they hold, turn out to be no checkpoint in many ways
        raise CheckpointError(
            f'weights of the {name}: {filename}: expected a checkpoint, got a {type(error).__name__} reading it'
        ) from error
    own = module.state_dict()
    check_fit(own, state, name, filename)
    module.load_state_dict({key: state[key] for key in own})
    print_log(f'{name}: loaded {len(own)} weights from {filename}', logger='current')


def check_fit(own: Mapping[str, Tensor], state: Mapping[str, Tensor], name: str, filename: str | None) -> None:
    """Raises CheckpointError, naming part, file and keys, unless the state has all own weights in their shapes, as
    numbers that a network can work with."""
    missing = sorted(own.keys() - state.keys())
    differing = sorted(key for key in own.keys() & state.keys() if own[key].shape != state[key].shape)
    if missing or differing:
        few = [*(f'{key} (missing)' for key in missing), *(f'{key} (shape)' for key in differing)]
        raise CheckpointError(
            f'{filename} does not fit the {name}: {len(few)} of {len(own)} weights are missing or of other shapes, '
            f'{", ".join(few[:5])}{", ..." if len(few) > 5 else ""}'
        )
    for key, value in own.items():
        flaw = _flaw(state[key], value)
        if flaw:
            raise CheckpointError(f'{filename} does not fit the {name}: expected finite numbers, {key} {flaw}')


def _flaw(given: Tensor, own: Tensor) -> str | None:
    """What is wrong with a weight's numbers, if anything."""
    if given.layout != torch.strided or given.is_quantized or given.is_meta:
        return 'is sparse, quantized or without values'
    if own.is_floating_point() != given.is_floating_point():
        return f'is of {given.dtype}'
    if own.is_floating_point() and not given.to(own.dtype).isfinite().all():
        return 'has NaN or infinity'
    return None
