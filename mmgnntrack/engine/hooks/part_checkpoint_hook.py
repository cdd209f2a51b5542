"""Checkpoints of a system made of parts."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmgnntrack.engine.checkpoints import check_fit, load_part
from mmgnntrack.registry import HOOKS


@HOOKS.register_module()
class PartCheckpointHook(Hook):
    """Loads the frozen parts of a `VideoPoseTracker` from files of their own, and keeps them out of the checkpoints
    that training saves, which so hold the dynamics head alone and are small.

    Args:
        detector: file or URL of an MMDet checkpoint; None to leave the detector as it is.
        pose_estimator: file or URL of an MMPose checkpoint; None to leave the pose estimator as it is.
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
