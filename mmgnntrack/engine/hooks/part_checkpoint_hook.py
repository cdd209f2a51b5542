"""Checkpoints of a system made of parts."""

import pickle
from collections.abc import Mapping
from urllib.error import URLError

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import CheckpointLoader, Runner
from torch import Tensor, is_tensor, nn

from mmgnntrack.registry import HOOKS

#: The ways in which bytes, or what they hold, turn out to be no checkpoint.
_NO_CHECKPOINT = (RuntimeError, EOFError, LookupError, TypeError, AttributeError, ValueError, pickle.UnpicklingError)


class CheckpointError(ValueError):
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
    try:
        checkpoint = CheckpointLoader.load_checkpoint(filename, map_location='cpu')
        state = checkpoint.get('state_dict', checkpoint)
        state = {key.removeprefix(prefix): value for key, value in state.items() if is_tensor(value)}
    except URLError as error:
        raise OSError(f'weights of the {name}: {filename} cannot be downloaded: {error.reason}') from error
    except FileNotFoundError as error:
        raise FileNotFoundError(f'weights of the {name}: no such file: {filename}') from error
    except _NO_CHECKPOINT as error:
        raise CheckpointError(
            f'weights of the {name}: {filename}: expected a checkpoint, got a {type(error).__name__} reading it'
        ) from error
    own = module.state_dict()
    check_fit(own, state, name, filename)
    module.load_state_dict({key: state[key] for key in own})
    print_log(f'{name}: loaded {len(own)} weights from {filename}', logger='current')


def check_fit(own: Mapping[str, Tensor], state: Mapping[str, Tensor], name: str, filename: str | None) -> None:
    """Raises CheckpointError, naming part, file and keys, unless the state has all own weights in their shapes."""
    missing = sorted(own.keys() - state.keys())
    differing = sorted(key for key in own.keys() & state.keys() if own[key].shape != state[key].shape)
    if missing or differing:
        few = [*(f'{key} (missing)' for key in missing), *(f'{key} (shape)' for key in differing)]
        raise CheckpointError(
            f'{filename} does not fit the {name}: {len(few)} of {len(own)} weights are missing or of other shapes, '
            f'{", ".join(few[:5])}{", ..." if len(few) > 5 else ""}'
        )


@HOOKS.register_module()
class PartCheckpointHook(Hook):
    """Loads the frozen parts of a `VideoPoseTracker` from files of their own, and keeps them out of the checkpoints
    that training saves, which so hold the dynamics head alone and are small.

    Args:
        detector: file or URL of an MMDet checkpoint; None to leave the detector as it is.
        pose_estimator: file or URL of an MMPose checkpoint, likewise.
    """

    def __init__(self, detector: str | None = None, pose_estimator: str | None = None) -> None:
        self.files = dict(detector=detector, pose_estimator=pose_estimator)
        self._prefixes = tuple(f'{part}.' for part in self.files)
        self._loaded = False

    def before_train(self, runner: Runner) -> None:
        self._load(runner)

    def before_val(self, runner: Runner) -> None:
        self._load(runner)

    def before_test(self, runner: Runner) -> None:
        self._load(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """A checkpoint holds the tracker, and the other parts or not; those that it leaves out stay as they are, and
        are nothing to warn of. Those that it holds are not loaded from their own files."""
        state = checkpoint.get('state_dict', checkpoint)
        own = self._model(runner).state_dict()
        for part in (*self.files, 'tracker'):
            mine = {key: value for key, value in own.items() if key.startswith(f'{part}.')}
            if part in self.files and not mine.keys() & state.keys():
                state.update(mine)
                continue
            check_fit(mine, state, part, runner._load_from)
            if part in self.files:
                self.files[part] = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        state = checkpoint['state_dict']
        for key in [key for key in state if key.startswith(self._prefixes)]:
            del state[key]

    def _load(self, runner: Runner) -> None:
        if self._loaded:
            return
        model = self._model(runner)
        for part, filename in self.files.items():
            if filename is not None and getattr(model, part) is not None:
                try:
                    load_part(getattr(model, part).model, part, filename)
                except FileNotFoundError as error:
                    hint = f'--cfg-options custom_hooks.0.{part}=FILE names another'
                    raise FileNotFoundError(f'{filename}: no such file of the {part}; {hint}') from error
        self._loaded = True

    @staticmethod
    def _model(runner: Runner) -> nn.Module:
        return runner.model.module if is_model_wrapper(runner.model) else runner.model
