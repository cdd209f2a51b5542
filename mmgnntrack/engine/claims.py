"""Who works on what, among processes and machines that share a folder."""

import errno
import json
import os
import platform
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

from mmgnntrack.posetrack.errors import is_id
from mmgnntrack.processes import is_gone, is_here, this_process

#: Seconds between two signs of life.
BEAT = 10.0
#: Seconds without a sign of life after which a claim counts for nothing. Clocks of machines may differ by less.
EXPIRY = 60.0
#: Seconds within which everybody sees a change: network file systems remember for a second or so what they have seen.
SEEN = 2.0
_MOMENT = 0.01


class ClaimedError(OSError):
    """Somebody else works on it."""


class Claim:
    """A file that says that a process works on something, and that nobody else may. It is touched as long as its
    process lives; one that is not, or whose process is gone from this machine, can be taken over::

        with Claim(folder / '.dance.claim') as claim:
            for frame in video:
                claim.check()

    Args:
        path: of the file, in a folder that exists. Its name is told when somebody else has it.
        patience: seconds to wait for a process of another machine that has it, and may be dead.

    Attributes:
        deaths: how many processes in a row have died with it.

    Raises:
        ClaimedError: at the beginning, if somebody alive has it; from `check`, if somebody has taken it over, because
            this process gave no sign of life for too long.
    """

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        self.path = path
        self._patience = patience
        self.deaths = 0
        self._token = uuid.uuid4().hex
        self._lost = False
        self._looked = time.time()
        self._over = threading.Event()

    def __enter__(self) -> 'Claim':
        waited = time.monotonic() + self._patience
        while not self._create():
            holder = _read(self.path)
            if holder is not None and not _is_dead(holder):
                if time.monotonic() < waited and not is_here(str(holder.get('process', ''))):
                    time.sleep(1)
                    continue
                name, who = self.path.stem.lstrip('.'), f'process {holder.get("process")} on {holder.get("host")}'
                life = f'whose last sign of life was {max(holder["age"], 0):.0f} s ago (dead after {EXPIRY:.0f} s)'
                raise ClaimedError(f'{self.path.parent}: {name} is being worked on by {who}, {life}')
            if holder is not None and self._take_over():
                if holder['age'] <= EXPIRY / 2:  # only this machine knows of the death, however clocks differ
                    break
                time.sleep(SEEN)  # another may have taken over, too, who did not see this claim yet
                if self._is_own():
                    break
                self.deaths = 0
            time.sleep(_MOMENT)  # somebody else is just releasing it or taking it over
        self._looked = time.time()
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            if not self._lost and self._is_own():
                self.path.unlink()

    def check(self) -> None:
        """Raises ClaimedError if somebody else has it now, or has had it."""
        if time.time() - self._looked > 1.5 * BEAT:  # the whole process was still, the thread that looks may be late
            self._look()
        if self._lost:
            raise ClaimedError(f'{self.path}: somebody else has taken over, this process was still for too long')

    def survived(self) -> None:
        """Forgets those that have died with it: what they died of is over."""
        if self.deaths and self._is_own():
            self.deaths = 0
            self._write()

    def _create(self) -> bool:
        try:
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, 'w') as file:
            file.write(self._entry())
        return True

    def _take_over(self) -> bool:
        """Puts this claim in the place of a dead one, in which no third may see a gap."""
        turn = self.path.with_name(f'{self.path.name}.turn')
        try:
            os.close(os.open(turn, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            with suppress(FileNotFoundError):
                if time.time() - turn.stat().st_mtime > EXPIRY:  # of a process that died just then
                    turn.unlink()
            return False
        try:
            holder = _read(self.path)
            if holder is None or not _is_dead(holder):
                return False
            self.deaths = holder['deaths'] + 1
            self._write()
            return True
        finally:
            turn.unlink(missing_ok=True)

    def _is_own(self) -> bool:
        return (_read(self.path) or {}).get('token') == self._token

    def _write(self) -> None:
        own = self.path.with_name(f'{self.path.name}.{self._token}')
        own.write_text(self._entry())
        own.replace(self.path)

    def _entry(self) -> str:
        return json.dumps(dict(token=self._token, process=this_process(), host=platform.node(), deaths=self.deaths))

    def _beat(self) -> None:
        while not self._lost and not self._over.wait(BEAT):
            self._look()

    def _look(self) -> None:
        """Sees whether it is still this process', and gives a sign of life."""
        with suppress(OSError):  # a disk that is away for a moment
            holder = _read(self.path)
            if holder is None:  # somebody has taken it over and is through, or it is just being replaced
                time.sleep(SEEN)
                holder = _read(self.path)
            if holder is None or holder.get('token') not in (self._token, None):
                self._lost = True
                return
            os.utime(self.path)
            self._looked = time.time()


def _read(path: Path) -> dict | None:
    """What a claim says, with its `age` in seconds; None if there is none."""
    try:
        with path.open('rb') as file:  # opened first: network file systems look again then, not for the time of a path
            age, data = time.time() - os.fstat(file.fileno()).st_mtime, file.read()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):  # the latter: another machine has just removed or replaced it
            return None
        raise
    said = {}
    with suppress(ValueError, RecursionError):  # somebody is just writing it, or died doing so
        said = json.loads(data)
    said = said if isinstance(said, dict) else {}
    return {**said, 'age': age, 'deaths': said['deaths'] if is_id(said.get('deaths')) else 0}


def _is_dead(holder: dict) -> bool:
    return holder['age'] > EXPIRY or is_gone(str(holder.get('process', '')))
