"""Which process wrote a file, also on machines that share a folder."""

import hashlib
import os
import platform
import sys
from functools import cache

#: Of `this_process()`, as a regular expression.
PATTERN = r'[0-9a-f]{8}-\d+'


def this_process() -> str:
    """A name for this process that no other has at the moment: eight digits of the machine, and the process' number."""
    return f'{_machine()}-{os.getpid()}'


def is_gone(process: str) -> bool:
    """Whether a process (see `this_process`) is known to have ended, as is known of those of the same machine alone."""
    machine, _, number = process.partition('-')
    if machine != _machine() or sys.platform == 'win32':  # where a signal of 0 would end it
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is somebody else's
        return False
    return False


@cache
def _machine() -> str:
    """Differs between containers on one machine, where the numbers of processes differ."""
    try:
        space = os.readlink('/proc/self/ns/pid')
    except OSError:
        space = ''
    return hashlib.sha256(f'{platform.node()} {space}'.encode()).hexdigest()[:8]
