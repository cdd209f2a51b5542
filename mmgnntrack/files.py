"""Files that appear whole or not at all."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .processes import PATTERN, is_gone, this_process


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, which appears whole or not at all.

    Raises:
        OSError: if the folder cannot be written to; says so.
    """
    with whole_file(path) as file:
        file.write(text)


def for_opencv(path: str | Path) -> str | bytes:
    """A path as OpenCV takes it: one that is no UTF-8 has to come as bytes, or the program crashes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


@contextmanager
def whole_file(path: str | Path, binary: bool = False) -> Iterator[IO]:
    """A text file to write to, or a binary one, which appears when all is written, or not at all.

    Raises:
        OSError: if the folder cannot be written to; says so.
    """
    path = Path(path)
    unfinished = path.with_name(f'.{path.name}.{this_process()}.partial')
    try:
        with unfinished.open('wb') if binary else unfinished.open('w', encoding='utf-8') as file:
            yield file
        os.replace(unfinished, path)
    except OSError as error:
        raise type(error)(error.errno, f'cannot write {path}: {error.strerror}') from error
    finally:
        with suppress(OSError):  # it has its name, or could not be begun
            unfinished.unlink()


def remove_unfinished(folder: str | Path) -> None:
    """Removes what `whole_file` had begun in a folder when its process was killed."""
    for path in Path(folder).glob('.*.partial'):
        process = re.fullmatch(rf'\..+\.({PATTERN})\.partial', path.name)
        if process and is_gone(process[1]):
            path.unlink(missing_ok=True)
