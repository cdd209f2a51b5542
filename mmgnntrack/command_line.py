"""What the command-line tools share."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_line_errors(
    errors: tuple[type[Exception], ...] = (OSError, ValueError), interrupted: str = 'interrupted'
) -> Iterator[None]:
    """Ends a program with one line where a file or a value is not as it should be, or the user interrupts it.

    Args:
        errors: what is told so; all else ends with a traceback.
        interrupted: what is said after Ctrl-C.
    """
    try:
        yield
    except errors as error:
        raise SystemExit(f'error: {error}') from error
    except KeyboardInterrupt as interrupt:
        raise SystemExit(interrupted) from interrupt
