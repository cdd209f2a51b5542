"""Configs from files, which are programs and may do anything."""

from pathlib import Path

from mmengine.config import Config


def read_config(path: str | Path, options: dict[str, object] | None = None) -> Config:
    """A config with some settings of its own.

    Args:
        path: its file.
        options: settings by their names, as model.tracker.matching.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read; names the file and what it said.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'config not found: {path}')
    try:
        config = Config.fromfile(path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a config may even end the program
        raise ValueError(
            f'{path}: expected a config, got a {type(error).__name__} reading it: {_first(error)}'
        ) from error
    try:
        config.merge_from_dict(options or {})
    except (TypeError, KeyError, IndexError, AttributeError, ValueError, AssertionError) as error:
        raise ValueError(f'{path}: {sorted(options)} do not fit it: {_first(error)}') from error
    return config


def _first(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).splitlines() or ['nothing'])[0][:200]
