import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner

import mmgnntrack.registry  # noqa: F401  lets mmengine's checkpoints through
from mmgnntrack import compat


def report(monkeypatch: pytest.MonkeyPatch, **versions: str | None) -> None:
    """Makes packages look as if they were installed in some version, or not at all."""
    installed = metadata.version

    def version(name: str) -> str:
        if name not in versions:
            return installed(name)
        if versions[name] is None:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(compat.metadata, 'version', version)


@pytest.mark.parametrize(
    'versions', [{}, {'mmcv': '2.1.0', 'mmpose': '1.3.2'}, {'mmcv': None, 'mmdet': None}, {'mmengine': '0.10.99'}]
)
def test_tested_versions(monkeypatch: pytest.MonkeyPatch, versions: dict) -> None:
    report(monkeypatch, **versions)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        compat.warn_untested_versions()


@pytest.mark.parametrize(
    'versions',
    [
        {'mmcv': '2.2.0'},
        {'mmengine': '0.9.1', 'mmdet': '4.0.0'},
        {'mmpose': '2.0.0rc1'},
        {'mmdet': '3.3.0.dev0+local'},
        {'mmcv': None, 'mmpose': '99'},
    ],
)
def test_untested_versions(monkeypatch: pytest.MonkeyPatch, versions: dict) -> None:
    report(monkeypatch, **versions)
    with pytest.warns(UserWarning, match='mmgnntrack was not tested with') as caught:
        compat.warn_untested_versions()
    (message,) = (str(warning.message) for warning in caught)
    named = {name: f'{name} {version} (tested: >=' in message for name, version in versions.items() if version}
    assert all(named.values()), message


def test_strange_versions_do_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ('unknown', '', '2.x'):
        report(monkeypatch, mmcv=version)
        with pytest.warns(UserWarning, match='mmcv'):
            compat.warn_untested_versions()


class Line(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> dict:
        return dict(loss=((self.weight - torch.stack(inputs)) ** 2).mean())


def train(folder: Path, name: str, iters: int, **options: object) -> Runner:
    torch.manual_seed(0)
    runner = Runner(
        Line(),
        str(folder),
        train_dataloader=dict(dataset=[dict(inputs=torch.ones(1))] * 4, sampler=dict(type='InfiniteSampler')),
        train_cfg=dict(by_epoch=False, max_iters=iters),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        param_scheduler=dict(type='ConstantLR', factor=0.5, by_epoch=False),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=3, by_epoch=False)),
        experiment_name=f'{folder.name}_{name}',
        **options,
    )
    runner.train()
    return runner


def test_a_runners_checkpoint_loads_and_resumes(tmp_path: Path) -> None:
    train(tmp_path, 'first', 3)
    compat.allow_mmengine_checkpoints()  # the fork of mmengine takes away what it had allowed for a load of its own
    checkpoint = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    scalars = checkpoint['message_hub']['log_scalars']
    assert isinstance(scalars['train/loss'], HistoryBuffer)
    losses = scalars['train/loss'].data[0]
    assert losses[0] == 1 and (np.diff(losses) < 0).all()
    assert scalars['train/loss'].statistics('mean') == pytest.approx(losses.mean())
    resumed = train(tmp_path, 'second', 6, resume=True)
    assert resumed.iter == 6 and len(MessageHub.get_current_instance().log_scalars['train/loss'].data[0]) == 6


def test_it_does_not_load_without_us(tmp_path: Path) -> None:
    """Should it load one day, `allow_mmengine_checkpoints` can go."""
    torch.save({'history': HistoryBuffer([1.0], [1])}, tmp_path / 'a.pth')
    code = """
import pickle, sys, mmengine.logging, torch
try:
    torch.load(sys.argv[1], weights_only=True)
except pickle.UnpicklingError:
    import mmgnntrack.registry
    print(torch.load(sys.argv[1], weights_only=True)['history'].mean())
"""
    command = [sys.executable, '-W', 'ignore', '-c', code, str(tmp_path / 'a.pth')]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and '1.0' in done.stdout, done.stderr


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable, *args: object) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple:
        return self.call

    def __call__(self) -> None:
        """What a call gives may be called in turn."""

    def built(self, *state: object) -> 'Call':
        """And is then given a state."""
        self.call = (*self.call[:2], state)
        return self


FLOATS = partial(Call, np.dtype, 'f8', False, True)
_reconstruct = np.empty(0).__reduce__()[0]


def os_system(folder: Path) -> Callable:
    import os

    return Call(os.system, f'touch {folder / "reached"}')


def getattr_of_a_class(folder: Path) -> Callable:
    return Call(getattr, HistoryBuffer, '__init__')


def getattr_of_a_function(folder: Path) -> Callable:
    return Call(getattr, Call(getattr, HistoryBuffer, 'min'), '__globals__')


def getattr_of_an_instance(folder: Path) -> Callable:
    return Call(getattr, HistoryBuffer(), 'update')


def getattr_of_another_class(folder: Path) -> Callable:
    return Call(getattr, np.ndarray, 'tofile')


def getattr_of_something_called_min(folder: Path) -> Callable:
    return Call(getattr, np.ndarray, 'min')


def getattr_to_os_system(folder: Path) -> Callable:
    import os

    module = Call(getattr, Call(getattr, Call(getattr, HistoryBuffer, 'min'), '__globals__'), 'os')
    return Call(Call(getattr, module, 'system'), f'touch {folder / "reached"}', os.sep)


def evaluation(folder: Path) -> Callable:
    return Call(eval, f'open({str(folder / "reached")!r}, "w")')


def a_global_of_ours(folder: Path) -> Callable:
    return Call(compat.allow_mmengine_checkpoints)


def an_import(folder: Path) -> Callable:
    return Call(__import__, 'os')


def numpy_load(folder: Path) -> Callable:
    return Call(np.load, str(folder / 'a.npy'))


def dtype_of_objects(folder: Path) -> Callable:
    return Call(np.dtype, 'O', False, True)


def dtype_of_records(folder: Path) -> Callable:
    return Call(np.dtype, 'f8,(1000000,)f8', False, True)


def dtype_with_a_field_far_away(folder: Path) -> Callable:
    return FLOATS().built(3, '<', None, ('a',), {'a': (np.dtype('f8'), 10**9)}, 8, 1, 16)


def dtype_of_a_million(folder: Path) -> Callable:
    million = FLOATS().built(3, '<', (np.dtype('f8'), (1_000_000,)), None, None, 8_000_000, -1, 0)
    return Call(_reconstruct, np.ndarray, (0,), b'b').built(1, (2,), million, False, bytes(16))


def dtype_with_other_flags(folder: Path) -> Callable:
    return FLOATS().built(3, '<', None, None, None, -1, -1, 63)


ATTACKS = [
    dtype_of_objects,
    dtype_of_records,
    dtype_with_a_field_far_away,
    dtype_of_a_million,
    dtype_with_other_flags,
    os_system,
    getattr_of_a_class,
    getattr_of_a_function,
    getattr_of_an_instance,
    getattr_of_another_class,
    getattr_of_something_called_min,
    getattr_to_os_system,
    evaluation,
    a_global_of_ours,
    an_import,
    numpy_load,
]


@pytest.mark.parametrize('attack', ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_crafted_files_are_refused(tmp_path: Path, attack: Callable) -> None:
    torch.save({'state_dict': attack(tmp_path)}, tmp_path / 'crafted.pth')
    with pytest.raises((pickle.UnpicklingError, ValueError), match='not allowed|Unsupported|weights_only|Weights only'):
        torch.load(tmp_path / 'crafted.pth', weights_only=True)
    assert not (tmp_path / 'reached').exists()


@pytest.mark.parametrize('kind', ['?', 'i1', 'i8', 'u4', 'f2', 'f4', 'f8', '>f8', '>i2'])
def test_arrays_and_numbers_in_a_checkpoint(tmp_path: Path, kind: str) -> None:
    """Whatever their byte order, and again when they are saved again; what is computed of them is plain."""
    array = np.arange(6).reshape(2, 3).astype(kind)
    torch.save({'array': np.asfortranarray(array), 'number': array[1, 2]}, tmp_path / 'first.pth')
    torch.save(torch.load(tmp_path / 'first.pth', weights_only=True), tmp_path / 'second.pth')
    for name in ('first', 'second'):
        found = torch.load(tmp_path / f'{name}.pth', weights_only=True)
        assert found['array'].dtype == array.dtype.newbyteorder('=') and np.array_equal(found['array'], array)
        assert found['number'] == array[1, 2] and type(found['number']) is type(array[1, 2])
        assert type(np.append(found['array'], 1)) is type(found['array'] + 1) is np.ndarray
        assert type(np.mean(found['array'])) is type(np.mean(array))
        assert b'mmgnntrack' not in (tmp_path / f'{name}.pth').read_bytes()


def test_arrays_that_claim_more_than_they_have(tmp_path: Path) -> None:
    for shape in ((-1,), (100,), (2**61,), (2**32, 2**32)):
        crafted = Call(_reconstruct, np.ndarray, (0,), b'b').built(1, shape, np.dtype('f8'), False, bytes(16))
        torch.save({'state_dict': crafted}, tmp_path / 'crafted.pth')
        with pytest.raises((ValueError, TypeError, MemoryError)):
            torch.load(tmp_path / 'crafted.pth', weights_only=True)


@pytest.mark.parametrize(('version', 'allowed'), [('2.4.1', False), ('2.5.0+cu121', False), ('2.6.0', True)])
def test_functions_have_names_from_torch_2_6_on(version: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What 2.4 and 2.5 take for allowed, they cannot read: every load would fail."""
    given = []
    monkeypatch.setattr(torch, '__version__', version)
    monkeypatch.setattr(torch.serialization, 'add_safe_globals', given.append)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter('always')
        compat.allow_mmengine_checkpoints()
    assert bool(given) == allowed
    assert allowed or 'runs whatever program is in a checkpoint' in str(told[0].message)
