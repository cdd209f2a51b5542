"""Reading and writing beside the work of the networks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

Item = TypeVar('Item')
_END = object()


class Background:
    """Calls that a thread makes, one after the other, while the caller goes on.

    Args:
        size: calls that may wait; a further one waits with the caller until there is room.

    Attributes:
        seconds: spent in the calls so far.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.seconds = 0.0
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future] = deque()

    def __call__(self, function: Callable, *args: object) -> None:
        """Calls a function later. What it raises is raised by a later call here, or by `close`."""
        while len(self._waiting) >= self.size:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._timed, function, *args))

    def ahead(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, made in the thread before they are asked for, at most `size` of them."""
        source = iter(items)
        try:
            for _ in range(self.size):
                self(next, source, _END)
            while (item := self._waiting.popleft().result()) is not _END:
                self(next, source, _END)
                yield item
        finally:
            self._thread.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Waits until all is done.

        Raises:
            Exception: what a call raised.
        """
        try:
            while self._waiting:
                self._waiting.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def _timed(self, function: Callable[..., Item], *args: object) -> Item:
        began = perf_counter()
        try:
            return function(*args)
        finally:
            self.seconds += perf_counter() - began
