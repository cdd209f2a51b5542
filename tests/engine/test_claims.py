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

#: Children that have all modules already.
FORK = multiprocessing.get_context('fork')


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


@pytest.mark.parametrize('deaths', ['many', None, 1.5, 10**30])
def test_one_that_was_damaged(path: Path, deaths: object) -> None:
    path.write_text(json.dumps(dict(process='00000000-' + '9' * 30, host=3, deaths=deaths)))
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


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError
