"""The one error that bad PoseTrack files raise, and the checks that several formats share."""

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


#: Px, scores and the like beyond it mean nothing, and their squares overflow.
LARGEST = 1e9
#: Below it are the numbers of frames, whose differences have to fit into 64 bits.
LARGEST_ID = 2**62
AN_ID = 'an integer below 2**62'
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 50


class OneLineError(ValueError):
    """What a user can get wrong, told in one line: what breaks lines or steers a terminal in it, as names may, is shown
    as `printable` does."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


class PoseTrackFormatError(OneLineError):
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
    place = f'{path}, frame {_short(frame, 200)}' if frame is not None else str(path)
    shown = got if isinstance(got, str) else described(got)
    text = f"{place}, field '{field}': expected {_short(expected, 400)}, got {_short(shown, 80)}"
    return PoseTrackFormatError(text)


def described(value: Any) -> str:
    """What a value is, short however long or deeply nested it is.

    >>> described([1, [2, 'x' * 100]])
    "[1, [2, 'xxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxx']]"
    """
    return _REPR.repr(value)


def said(error: BaseException) -> str:
    """The first line of what an error says, not too long.

    >>> said(ValueError('one' + chr(10) + 'two')), said(KeyError())
    ('one', 'nothing')
    """
    return _short((str(error).strip().splitlines() or ['nothing'])[0], 200)


def printable(text: str) -> str:
    """A text with escapes in the place of what breaks lines or steers a terminal.

    >>> printable('a' + chr(10) + chr(27) + '[2J') == r'a\\n\\x1b[2J'
    True
    """
    return ''.join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f'{text[: length - 3]}...'


def float_table(rows: Sequence[Sequence[float]], width: int, error: RowError) -> np.ndarray:
    """Rows of numbers, finite and at most `LARGEST`, as one (n, width) float64 array.

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
        if table.shape == (len(rows), width) and usable(table).all():
            return table
    for index, row in enumerate(rows):
        problem = row_problem(row, width)
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
        if usable(column).all():
            return column
    return float_table([[value] for value in values], 1, error)[:, 0]


def _all_numbers(values: Iterable[Any]) -> bool:
    """Whether all are numbers as JSON has them; `true` is none. An array of others could be very large: numpy gives
    each of its strings as much room as the longest."""
    return {*map(type, values)} <= {int, float}


def row_problem(row: Any, width: int) -> str | None:
    """What came in place of so many usable numbers, None if these are they."""
    if not isinstance(row, list):
        return described(row)
    if len(row) != width:
        return f'{len(row)} values'
    for position, value in enumerate(row):
        if type(value) not in (int, float) or not abs(value) <= LARGEST:
            beyond = f', beyond {LARGEST:g}' if type(value) in (int, float) and value == value else ''
            return f'{described(value)} at position {position}{beyond}'
    return None


def usable(values: np.ndarray) -> np.ndarray:
    """Which numbers are finite and at most `LARGEST`; Python compares integers of any size alike."""
    return np.abs(values) <= LARGEST


def is_id(value: Any) -> bool:
    """Whether a value can number a frame or an image: an integer below `LARGEST_ID`."""
    return type(value) is int and abs(value) < LARGEST_ID


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
        if type(value) not in (int, float) or not -1 <= value < 2**63 or value != int(value):
            raise error(index, described(value))
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
        sizes = [len(values) if isinstance(values, list) else described(values) for values in (x, y)]
        raise error(f'{sizes[0]} x and {sizes[1]} y')
    if not x:
        return None
    if len(x) < 3:
        raise error(f'{len(x)} corners')
    return float_table([x, y], len(x), lambda _, got: error(got)).T.copy()
