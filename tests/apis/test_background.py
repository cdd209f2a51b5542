import threading
import time
from collections.abc import Iterator

import pytest

from mmgnntrack.apis.background import Background


def test_calls_are_made_in_order_elsewhere() -> None:
    background, made = Background(2), []
    for number in range(9):
        background(lambda number: made.append((number, threading.current_thread())), number)
    background.close()
    numbers, threads = zip(*made)
    assert numbers == tuple(range(9)) and {*threads} != {threading.current_thread()}


def test_so_many_wait_and_no_more() -> None:
    background, free = Background(2), threading.Event()
    for _ in range(2):
        background(free.wait)
    third = threading.Thread(target=background, args=(free.wait,))
    third.start()
    third.join(0.2)
    assert third.is_alive()
    free.set()
    third.join()
    background.close()


def test_an_error_is_not_lost() -> None:
    background = Background(1)
    background([].pop)
    with pytest.raises(IndexError):
        background.close()
    background = Background(1)
    background([].pop)
    with pytest.raises(IndexError):
        background(print)


def test_ahead() -> None:
    """All items in order, no more of them at once than may wait."""
    made = []

    def items() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            yield number

    found = []
    for item in Background(3).ahead(items()):
        time.sleep(0.01)
        found.append(item)
        assert len(made) <= len(found) + 3
    assert found == made == list(range(10))


def test_ahead_passes_errors_on_and_ends_early() -> None:
    ended = []

    def items() -> Iterator[int]:
        try:
            yield from (1, 2)
            raise OSError('broken')
        finally:
            ended.append(True)

    frames = Background(1).ahead(items())
    assert [next(frames), next(frames)] == [1, 2]
    with pytest.raises(OSError, match='broken'):
        next(frames)
    frames = Background(1).ahead(items())
    next(frames)
    frames.close()
    assert ended == [True, True]


def test_seconds() -> None:
    background = Background(1)
    background(time.sleep, 0.05)
    background.close()
    assert background.seconds >= 0.05
