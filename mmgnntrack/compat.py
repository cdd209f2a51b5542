"""What the versions around us need: a warning for untested ones, and mmengine's checkpoints under torch >= 2.6."""

import warnings
from importlib import import_module, metadata

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
        return
    core = 'numpy._core' if np.lib.NumpyVersion(np.__version__) >= '2.0.0' else 'numpy.core'
    multiarray = import_module(f'{core}.multiarray')
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            np.ndarray,
            np.dtype,
            np.dtypes.Float64DType,
            np.dtypes.Float32DType,
            np.dtypes.Int64DType,
            np.dtypes.UInt8DType,
            multiarray._reconstruct,
            multiarray.scalar,
            (multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
            (multiarray.scalar, 'numpy.core.multiarray.scalar'),
            (_history_buffer_method, 'builtins.getattr'),
        ]
    )
