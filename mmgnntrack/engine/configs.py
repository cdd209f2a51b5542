"""Configs from files, which are programs and may do anything."""

from collections.abc import Mapping
from numbers import Real
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook

from mmgnntrack.posetrack.errors import OneLineError, described, printable, said

_NOTHING = object()
_DICT = (Mapping | None, 'a dict')
#: What the parts of a config are, where it has them.
_PARTS: dict[str, tuple[object, str]] = {
    'model': (Mapping, 'a dict'),
    'model.tracker': _DICT,
    'model.detector': _DICT,
    'model.pose_estimator': _DICT,
    'model.pose_estimator.model': _DICT,
    'default_hooks': (Mapping | None, 'a dict of hooks'),
    'custom_hooks': (list | tuple | None, 'a list of hooks'),
    'default_scope': (str | None, 'a name'),
}


def read_config(path: str | Path, options: Mapping[str, object] | None = None) -> Config:
    """A config with some settings of its own.

    Args:
        path: its file.
        options: settings by their names, as model.tracker.matching.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, or its parts are none of a config; names the file and what it said.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(printable(f'config not found: {path}'))
    try:
        config = Config.fromfile(path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a config may even end the program
        what = f'got a {type(error).__name__} reading it: {said(error)}'
        raise OneLineError(f'{path}: expected a config, {what}') from error
    merge_options(config, options or {}, path)
    return config


def merge_options(config: Config, options: Mapping[str, object], name: str | Path) -> None:
    """Gives a config some settings, and looks at its parts.

    Args:
        config: changed in place.
        options: settings by their names, as model.tracker.matching.
        name: of the config, for errors.

    Raises:
        ValueError: if they do not fit, as words do not in the place of a number, or if its parts are none of a
            config; names config and setting.
    """
    for option, value in options.items():
        before = _setting(config, option)
        known = isinstance(before, bool) or option.startswith('model.')  # elsewhere words may do, as loss_scale=dynamic
        if known and isinstance(before, Real) and isinstance(value, str):
            kind = 'True or False' if isinstance(before, bool) else 'a number'
            raise OneLineError(f'{name}: expected {option} to be {kind}, got {described(value)}')
    try:
        config.merge_from_dict(dict(options))
    except Exception as error:
        raise OneLineError(f'{name}: {described(sorted(options))} do not fit it: {said(error)}') from error
    for part, (kind, expected) in _PARTS.items():
        value = _setting(config, part)
        if value is not _NOTHING and not isinstance(value, kind):
            raise OneLineError(f'{name}: {part}: expected {expected}, got {described(value)}')
    _check_hooks(config, name)


def _setting(config: Config, name: str) -> object:
    """A setting by its name; `_NOTHING` if there is none."""
    found: object = config._cfg_dict
    for part in name.split('.'):
        if isinstance(found, list | tuple) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = found.get(part, _NOTHING) if isinstance(found, ConfigDict) else _NOTHING
    return found


def _check_hooks(config: Config, name: str | Path) -> None:
    """Raises ValueError, naming config and hook, where one is none."""
    usual = {f'default_hooks.{key}': hook for key, hook in (config.get('default_hooks') or {}).items()}
    more = {f'custom_hooks.{index}': hook for index, hook in enumerate(config.get('custom_hooks') or [])}
    for place, hook in (usual | more).items():
        dropped = hook is None and place in usual
        if not dropped and not isinstance(hook, Hook) and not (isinstance(hook, Mapping) and 'type' in hook):
            raise OneLineError(f'{name}: {place}: expected a hook, a dict with its type, got {described(hook)}')
