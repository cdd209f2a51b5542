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
    path, partial = Path(path), unfinished(path)
    try:
        with partial.open('wb') if binary else partial.open('w', encoding='utf-8') as file:
            yield file
        os.replace(partial, path)
    except OSError as error:
        raise type(error)(error.errno, f'cannot write {path}: {error.strerror}') from error
    finally:
        with suppress(OSError):  # it has its name, or could not be begun
            partial.unlink()


def unfinished(path: str | Path, suffix: str = '') -> Path:
    """What a file is called while this process writes it; OpenCV wants a suffix, nobody else should find one."""
    path = Path(path)
    return path.with_name(f'.{path.name}.{this_process()}.partial{suffix}')


def remove_unfinished(folder: str | Path, *names: str) -> None:
    """Removes what is `unfinished` in a folder and always will be: what processes were writing that were killed, and,
    of files with these names, whatever there is."""
    for path in Path(folder).glob('.*.partial*'):
        found = re.fullmatch(rf'\.(.+)\.({PATTERN})\.partial(\.\w+)?', path.name)
        if found and (found[1] in names or is_gone(found[2])):
            path.unlink(missing_ok=True)
