import errno
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from mmgnntrack.engine import claims
from mmgnntrack.engine.claims import EXPIRY, Claim, ClaimedError
from mmgnntrack.processes import this_process

#: Children that have all modules already.
FORK = multiprocessing.get_context('fork')


@pytest.fixture(autouse=True)
def seen_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the disk of this machine."""
    monkeypatch.setattr(claims, 'SEEN', 0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / '.dance.claim'


def die_of(path: Path) -> None:
    """A process claims it and is killed."""
    process = FORK.Process(target=take_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def take_and_die(path: Path) -> None:
    with Claim(path):
        os.kill(os.getpid(), signal.SIGKILL)


def race(path: Path, start: Barrier, end: Barrier, results: multiprocessing.Queue) -> None:
    """Claims it at the same moment as others, and keeps it until all have tried."""
    start.wait()
    try:
        with Claim(path) as claim:
            end.wait()
            results.put(claim.deaths)
    except ClaimedError:
        end.wait()
        results.put(None)


def test_one_at_a_time(path: Path) -> None:
    with Claim(path) as claim:
        claim.check()
        with pytest.raises(
            ClaimedError, match=rf'{path.parent}: dance is being worked on by process \w+-{os.getpid()} '
        ):
            Claim(path).__enter__()
    assert not path.exists()
    with Claim(path) as claim:
        assert claim.deaths == 0


def test_a_process_that_has_died(path: Path) -> None:
    """Its claim counts for nothing on its own machine, and how many have died is counted."""
    die_of(path)
    die_of(path)
    with Claim(path) as claim:
        assert claim.deaths == 2
    assert not os.listdir(path.parent)


def test_one_of_another_machine_expires(path: Path) -> None:
    path.write_text(json.dumps(dict(token='x', process='00000000-1', host='far', deaths=0)))
    with pytest.raises(ClaimedError, match='process 00000000-1 on far'):
        Claim(path).__enter__()
    os.utime(path, (time.time() - EXPIRY - 1,) * 2)
    with Claim(path) as claim:
        assert claim.deaths == 1


@pytest.mark.parametrize('number', ['9' * 10, '9' * 5000, 'x', ''])
@pytest.mark.parametrize('deaths', ['many', None, 1.5, 10**30])
def test_one_that_was_damaged(path: Path, deaths: object, number: str) -> None:
    machine = this_process().partition('-')[0]
    path.write_text(json.dumps(dict(process=f'{machine}-{number}', host=3, deaths=deaths)))
    os.utime(path, (0, 0))
    with Claim(path) as claim:
        assert claim.deaths == 1


@pytest.mark.parametrize('text', ['', '{"tok', '[]', '3', '\xff', '[' * 10_000])
def test_one_that_is_just_being_written(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ClaimedError):
        Claim(path).__enter__()
    os.utime(path, (0, 0))
    with Claim(path):
        pass


def test_signs_of_life_and_their_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, 'BEAT', 0.05)
    with Claim(path) as claim:
        os.utime(path, (0, 0))
        wait_for(lambda: path.stat().st_mtime > 0)
        claim.check()
        path.write_text(json.dumps(dict(token='another')))
        wait_for(lambda: claim._lost)
        with pytest.raises(ClaimedError, match='somebody else has taken over'):
            claim.check()
    assert path.exists()  # that of the other


def test_what_others_died_of_is_over(path: Path) -> None:
    die_of(path)
    with Claim(path) as claim:
        claim.survived()
        assert claim.deaths == 0 and json.loads(path.read_text())['deaths'] == 0
    assert not os.listdir(path.parent)


def test_patience_with_another_machine(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, 'EXPIRY', 2.0)
    path.write_text(json.dumps(dict(token='x', process='00000000-1', host='far', deaths=0)))
    with Claim(path, patience=10):
        pass
    with Claim(path), pytest.raises(ClaimedError):  # of this machine it is known at once
        Claim(path, patience=10).__enter__()


def test_a_disk_that_is_away_for_a_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, 'BEAT', 0.05)
    with Claim(path) as claim:
        path.unlink()
        path.mkdir()  # reading it is an OSError
        time.sleep(0.2)
        path.rmdir()
        path.write_text(json.dumps(dict(token='another')))
        wait_for(lambda: claim._lost)


def test_of_many_one_takes_over(path: Path) -> None:
    for _ in range(10):
        die_of(path)
        start, end, results = FORK.Barrier(6), FORK.Barrier(6), FORK.Queue()
        processes = [FORK.Process(target=race, args=(path, start, end, results)) for _ in range(6)]
        for process in processes:
            process.start()
        found = [results.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
        assert sorted(found, key=str) == [1, *[None] * 5]
        assert not os.listdir(path.parent)


def test_two_machines_take_over_what_both_saw_dead(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system one may see late that the other has: then the last one has it."""
    path.write_text(json.dumps(dict(token='x', process='00000000-1', host='far', deaths=0)))
    os.utime(path, (0, 0))

    def other_takes_over(seconds: float) -> None:
        if seconds == claims.SEEN:
            path.write_text(json.dumps(dict(token='y', process='00000000-2', host='farther', deaths=1)))

    monkeypatch.setattr(claims.time, 'sleep', other_takes_over)
    claim = Claim(path)
    with pytest.raises(ClaimedError, match='process 00000000-2 on farther'):
        claim.__enter__()
    assert claim.deaths == 0 and json.loads(path.read_text())['token'] == 'y'


def test_taken_over_and_over_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a process that was suspended, whose work another has done."""
    monkeypatch.setattr(claims, 'BEAT', 0.05)
    with Claim(path) as claim:
        path.unlink()
        wait_for(lambda: claim._lost)
        with pytest.raises(ClaimedError, match='somebody else has taken over'):
            claim.check()


@pytest.mark.parametrize('taken', [False, True])
def test_who_was_still_looks_before_going_on(path: Path, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Claim(path) as claim:
        os.utime(path, (0, 0))
        if taken:
            path.write_text(json.dumps(dict(token='another')))
        claim.check()  # looked lately
        monkeypatch.setattr(claim, '_looked', time.time() - EXPIRY)
        if taken:
            with pytest.raises(ClaimedError, match='somebody else has taken over'):
                claim.check()
        else:
            claim.check()
            assert path.stat().st_mtime > 0
            path.write_text(json.dumps(dict(token='another')))
            claim.check()  # has just looked


def test_one_that_another_machine_has_just_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system says that the file is stale, and has the new one the next time."""
    die_of(path)
    stale = iter([OSError(errno.ESTALE, 'Stale file handle')])

    def open_once_more(file: Path, *arguments: object, **options: object) -> object:
        for error in stale:
            raise error
        return open(file, *arguments, **options)

    monkeypatch.setattr(Path, 'open', open_once_more)
    with Claim(path) as claim:
        assert claim.deaths == 1


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError
