"""Lists whose items need no memory."""

import os
import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

_Item = TypeVar('_Item')
#: Bytes that stay in memory.
_SMALL = 1 << 22


class DiskList(Sequence[_Item]):
    """A list in an unnamed temporary file, from a size on; each item is read when it is asked for, and is a copy.

    Threads and forked processes may read at the same time. The file is where `tempfile` makes them, see TMPDIR.

    Args:
        items: those to begin with.

    Raises:
        OSError: naming that folder, if it cannot hold them.
    """

    def __init__(self, items: Iterable[_Item] = ()) -> None:
        self._file = None
        self._starts, self._sizes = array('q'), array('q')
        self._written, self._newest = 0, bytearray()
        self.extend(items)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int | slice) -> _Item | list[_Item]:
        if isinstance(index, slice):
            return [*map(self._read, self._starts[index], self._sizes[index])]
        return self._read(self._starts[index], self._sizes[index])

    def __iter__(self) -> Iterator[_Item]:
        return map(self._read, self._starts, self._sizes)

    def __reduce__(self) -> tuple[type['DiskList'], tuple[list[_Item]]]:
        return DiskList, ([*self],)

    def append(self, item: _Item) -> None:
        """Adds an item at the end."""
        data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        self._starts.append(self._written + len(self._newest))
        self._sizes.append(len(data))
        self._newest += data
        if len(self._newest) > _SMALL:
            self._write()

    def extend(self, items: Iterable[_Item]) -> None:
        """Adds items at the end."""
        for item in items:
            self.append(item)

    def sort(self, keys: Sequence[int]) -> None:
        """Puts the items in the ascending order of as many keys; those of the same key stay in order."""
        order = np.argsort(keys, kind='stable')
        self._starts, self._sizes = (array('q', np.array(x)[order].tobytes()) for x in (self._starts, self._sizes))

    def _write(self) -> None:
        try:
            self._file = self._file or tempfile.TemporaryFile()
            self._file.write(self._newest)
            self._file.flush()
        except OSError as error:
            folder = f'{tempfile.gettempdir()} (TMPDIR names another folder)'
            raise type(error)(error.errno, f'cannot keep data in {folder}: {error.strerror}') from error
        self._written, self._newest = self._written + len(self._newest), bytearray()

    def _read(self, start: int, size: int) -> _Item:
        place = start - self._written
        if place < 0:
            return pickle.loads(os.pread(self._file.fileno(), size, start))
        return pickle.loads(self._newest[place : place + size])
