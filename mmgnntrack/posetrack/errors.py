"""The one error that bad PoseTrack files raise, and the checks that several formats share."""

import math
import reprlib
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

#: Makes an error from the index of a bad row and from what came in place of what was expected.
RowError = Callable[[int, str], Exception]
#: Makes such a maker for one field, from the field's name and what is expected there.
FieldErrors = Callable[[str, str], RowError]


class PoseTrackFormatError(ValueError):
    """A PoseTrack file or folder is not as it should be. The message says where, what was expected and what came."""


def format_error(
    path: Path | str, field: str, expected: str, got: Any, frame: str | None = None
) -> PoseTrackFormatError:
    """An error that names file, frame and field.

    Args:
        path: the file or folder.
        field: the name of the entry inside the file.
        expected: what should stand there.
        got: what stands there; shown shortened.
        frame: the frame, where there is one.
    """
    shown = got if isinstance(got, str) else repr(got)
    shown = shown if len(shown) <= 80 else f'{shown[:77]}...'
    place = f'{path}, frame {frame}' if frame is not None else str(path)
    text = f"{place}, field '{field}': expected {expected}, got {shown}"
    # Names may hold line breaks and what steers a terminal.
    return PoseTrackFormatError(''.join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text))


def float_table(rows: Sequence[Sequence[float]], width: int, error: RowError) -> np.ndarray:
    """Rows of finite numbers as one (n, width) float64 array.

    Args:
        rows: n lists of `width` numbers.
        width: the length that each row must have.
        error: called with the index of the first bad row and what came.
    """
    if not rows:
        return np.zeros((0, width))
    if {*map(type, rows)} == {list} and _all_numbers(chain.from_iterable(rows)):
        try:
            table = np.array(rows, np.float64)
        except (ValueError, OverflowError):  # rows of different lengths, or a number of hundreds of digits
            table = np.zeros(0)
        if table.shape == (len(rows), width) and np.isfinite(table).all():
            return table
    for index, row in enumerate(rows):
        problem = _row_problem(row, width)
        if problem:
            raise error(index, problem)
    return np.array(rows, np.float64)


def float_column(values: Sequence[float], error: RowError) -> np.ndarray:
    """Like `float_table`, for one number a row: (n,)."""
    if _all_numbers(values):
        try:
            column = np.array(values, np.float64)
        except OverflowError:
            column = np.full(1, np.nan)
        if np.isfinite(column).all():
            return column
    return float_table([[value] for value in values], 1, error)[:, 0]


def _all_numbers(values: Iterable[Any]) -> bool:
    """Whether all are numbers as JSON has them; `true` is none. An array of others could be very large: numpy gives
    each of its strings as much room as the longest."""
    return {*map(type, values)} <= {int, float}


def _row_problem(row: Any, width: int) -> str | None:
    if not isinstance(row, list):
        return repr(row)
    if len(row) != width:
        return f'{len(row)} values'
    for position, value in enumerate(row):
        if type(value) not in (int, float) or not _finite(value):
            return f'{reprlib.repr(value)} at position {position}'
    return None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def optional_table(rows: Sequence[Sequence[float] | None], width: int, error: RowError) -> np.ndarray:
    """Like `float_table`, with NaN for rows that are None or empty."""
    table = np.full((len(rows), width), np.nan)
    given = [index for index, row in enumerate(rows) if row is not None and row != []]
    table[given] = float_table([rows[index] for index in given], width, lambda i, got: error(given[i], got))
    return table


def track_id_column(values: Sequence[Any], error: RowError) -> np.ndarray:
    """Track ids as (n,) int64, -1 for None. Whole numbers written as floats count as integers."""
    column = np.full(len(values), -1, np.int64)
    for index, value in enumerate(values):
        if value is None:
            continue
        whole = type(value) in (int, float) and _finite(value)
        if not whole or value != int(value) or not -1 <= value < 2**63:
            raise error(index, repr(value))
        column[index] = int(value)
    return column


def polygon(x: Any, y: Any, error: Callable[[str], Exception]) -> np.ndarray | None:
    """A polygon (m, 2) from its coordinates, None for an empty one.

    Args:
        x: m numbers, m >= 3.
        y: as many.
        error: called with what came instead.
    """
    if not isinstance(x, list) or not isinstance(y, list) or len(x) != len(y):
        sizes = [len(values) if isinstance(values, list) else repr(values) for values in (x, y)]
        raise error(f'{sizes[0]} x and {sizes[1]} y')
    if not x:
        return None
    if len(x) < 3:
        raise error(f'{len(x)} corners')
    return float_table([x, y], len(x), lambda _, got: error(got)).T.copy()
