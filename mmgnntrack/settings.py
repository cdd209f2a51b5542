"""Settings of a config on their way to the dataclasses that use them."""

import difflib
import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from numbers import Real


def one_of(owner: str, field: str, value: str, allowed: Collection[str]) -> None:
    """Raises ValueError, naming the owner and the field, unless a value is one of those that are allowed."""
    if value not in allowed:
        raise ValueError(f'{owner}: {field} must be one of {tuple(allowed)}, got {value!r}')


def in_range(owner: str, least: float = -math.inf, most: float = math.inf, **values: object) -> None:
    """Raises ValueError, naming the owner and the field, unless all values are numbers from `least` to `most`, both
    included, and finite.

    >>> in_range('tracker', 0, 1, share=1.5)
    Traceback (most recent call last):
    ValueError: tracker: share must be a finite number from 0 to 1, got 1.5
    """
    for field, value in values.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not abs(value) <= sys.float_info.max or not least <= value <= most:
            bounds = (
                f' from {least} to {most}'
                if math.isfinite(least + most)
                else f' from {least}'
                if math.isfinite(least)
                else ''
            )
            raise ValueError(f'{owner}: {field} must be a finite number{bounds}, got {value!r}')


def of_type(owner: str, kind: type, **values: object) -> None:
    """Raises ValueError, naming the owner and the field, unless all values are of a type; True is no int."""
    for field, value in values.items():
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f'{owner}: {field} must be of type {kind.__name__}, got {value!r}')


def share_out(
    owner: str, settings: Mapping[str, object], *rooms: type, besides: Collection[str] = ()
) -> list[dict[str, object]]:
    """For each of some dataclasses the settings that are its fields. Fields without a default are no settings.

    Args:
        owner: whose settings they are, for errors.
        settings: by their names.
        rooms: the dataclasses, which have no setting in common.
        besides: what else the owner takes, for errors.

    Raises:
        TypeError: naming a setting that none of them has, and the nearest one.

    >>> from mmgnntrack.functional import SearchGeometry
    >>> share_out('head', dict(scale=(2, 2)), SearchGeometry)
    [{'scale': (2, 2)}]
    """
    names = [[field.name for field in fields(room) if field.default is not MISSING] for room in rooms]
    known = [*besides, *sum(names, [])]
    for setting in settings:
        if setting not in known:
            near = difflib.get_close_matches(setting, known, n=1)
            hint = f', did you mean {near[0]}?' if near else f'; there are {", ".join(known)}'
            raise TypeError(f'{owner} has no setting {setting}{hint}')
    return [{name: settings[name] for name in own if name in settings} for own in names]
