import os
import re
import subprocess
import sys

from mmgnntrack.processes import PATTERN, is_gone, this_process


def test_who_is_gone() -> None:
    assert re.fullmatch(PATTERN, this_process())
    child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)
    machine = this_process().partition('-')[0]
    name = f'{machine}-{child.pid}'
    assert not is_gone(this_process()) and not is_gone(name) and not is_gone(f'{machine}-1')
    child.communicate(b'\n')
    assert is_gone(name)
    assert not is_gone(f'00000000-{child.pid}')  # on another machine nobody knows


def test_a_name_for_each_process() -> None:
    script = 'from mmgnntrack.processes import this_process; print(this_process())'
    other = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True).stdout.strip()
    assert other != this_process() and other.partition('-')[0] == this_process().partition('-')[0]
    assert this_process().endswith(f'-{os.getpid()}')
