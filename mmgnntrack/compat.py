"""What the versions around us need: a warning for untested ones, and mmengine's checkpoints under torch >= 2.6."""

import warnings
from importlib import metadata

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

#: The release series of each package that the tests run with: first version, and the first that is too new.
TESTED = {
    'mmengine': ('0.10.0', '0.11.0'),
    'mmcv': ('2.1.0', '2.2.0'),
    'mmdet': ('3.3.0', '3.4.0'),
    'mmpose': ('1.3.0', '1.4.0'),
}


#: The kinds of numbers that a checkpoint's arrays may have, as numpy writes them.
_CODES = ('b1', *(f'{kind}{size}' for kind in 'iu' for size in (1, 2, 4, 8)), 'f2', 'f4', 'f8')


def warn_untested_versions() -> None:
    """One warning that names every installed OpenMMLab package outside `TESTED`; a fork under another name is not
    looked at."""
    untested = []
    for name, (low, high) in TESTED.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if not _within(version, low, high):
            untested.append(f'{name} {version} (tested: >= {low}, < {high})')
    if untested:
        warnings.warn(f'mmgnntrack was not tested with {", ".join(untested)}', stacklevel=2)


def _within(version: str, low: str, high: str) -> bool:
    from mmengine.utils import digit_version

    try:
        return digit_version(low) <= digit_version(version) < digit_version(high)
    except ValueError:  # not a version number that PEP 440 knows
        return False


class _Numbers:
    """Stands in for `numpy.dtype` while a checkpoint is unpickled: a kind of plain numbers. Numpy itself believes every
    size and every field that a file claims, and reads what lies behind the data."""

    def __init__(self, code: str, *_: bool) -> None:
        if code not in _CODES:
            raise ValueError(f'a checkpoint asks for numpy.dtype({code!r:.50}), which is not allowed')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        _, byte_order, *rest = state
        if rest != [None, None, None, -1, -1, 0]:
            raise ValueError('a checkpoint asks for a numpy.dtype that is no plain number, which is not allowed')
        self.dtype = self.dtype.newbyteorder(byte_order)


class _Array(np.ndarray):
    """Stands in for an array in a checkpoint; what becomes of it is a plain array again."""

    def __setstate__(self, state: tuple) -> None:
        version, shape, numbers, columns_first, data = state
        super().__setstate__((version, shape, numbers.dtype, columns_first, data))

    def __array_wrap__(self, array: np.ndarray, context: object = None, return_scalar: bool = False) -> object:
        return np.asarray(array)[()]

    def __reduce_ex__(self, protocol: int) -> tuple:
        return np.asarray(self).__reduce_ex__(protocol)


def _array(*_: object) -> _Array:
    return _Array(0)


def _scalar(numbers: _Numbers, data: bytes) -> np.generic:
    (value,) = np.frombuffer(data, numbers.dtype)
    return value


def _history_buffer_method(owner: type, name: str) -> object:
    """Stands in for `builtins.getattr` while a checkpoint is unpickled: mmengine's message hub pickles the four
    statistics of `HistoryBuffer` that way, and nothing else has a right to it."""
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(owner, name)
    raise ValueError(f'a checkpoint asks for attribute {name!r} of {owner!r}, which is not allowed')


def allow_mmengine_checkpoints() -> None:
    """Lets `torch.load(weights_only=True)` read what mmengine itself writes, and nothing more."""
    from mmengine.utils import digit_version

    # Before, mmengine loads without the restriction; torch 2.4 and 2.5 have it, but no names for functions.
    if digit_version(torch.__version__) < digit_version('2.6'):
        warnings.warn(
            f'torch {torch.__version__} runs whatever program is in a checkpoint: load none that you do not trust '
            '(torch >= 2.6 refuses them)',
            stacklevel=2,
        )
        return
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            _Array,
            (_Array, 'numpy.ndarray'),
            (_Numbers, 'numpy.dtype'),
            (_history_buffer_method, 'builtins.getattr'),
            *((_array, f'numpy.{core}.multiarray._reconstruct') for core in ('core', '_core')),
            *((_scalar, f'numpy.{core}.multiarray.scalar') for core in ('core', '_core')),
        ]
    )
