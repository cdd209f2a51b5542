"""Which process wrote a file, also on machines that share a folder."""

import hashlib
import os
import platform
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Of `this_process()`, as a regular expression.
PATTERN = r'[0-9a-f]{8}-\d{1,10}'


def this_process() -> str:
    """A name for this process that no other has at the moment: eight digits of the machine, and the process' number."""
    return f'{_machine()}-{os.getpid()}'


def is_gone(process: str) -> bool:
    """Whether a process (see `this_process`) is known to have ended, as is known of those of the same machine alone."""
    if not re.fullmatch(PATTERN, process) or not is_here(process) or sys.platform == 'win32':  # 0 would end it there
        return False
    try:
        os.kill(int(process.partition('-')[2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it is somebody else's, or nobody's
        return False
    return False


def is_here(process: str) -> bool:
    """Whether a process is or was one of this machine."""
    return process.partition('-')[0] == _machine()


@cache
def _machine() -> str:
    """Differs between containers on one machine, where the numbers of processes differ."""
    parts = [platform.node()]
    with suppress(OSError):  # of Linux
        parts += [Path('/proc/sys/kernel/random/boot_id').read_text(), os.readlink('/proc/self/ns/pid')]
    return hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]
