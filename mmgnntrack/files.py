"""Text files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


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
def whole_file(path: str | Path) -> Iterator[TextIO]:
    """A text file to write to, which appears when all is written, or not at all.

    Raises:
        OSError: if the folder cannot be written to; says so.
    """
    path = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile('w', dir=path.parent, prefix=f'.{path.name}.', delete=False) as file:
            temporary = file.name
            yield file
        # A temporary file is private to its owner, a result file should have the usual rights.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise type(error)(error.errno, f'cannot write {path}: {error.strerror}') from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
