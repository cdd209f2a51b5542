"""Lists whose items need no memory."""

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

    Args:
        items: those to begin with.
    """

    def __init__(self, items: Iterable[_Item] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(_SMALL)
        self._places = array('q')
        self.extend(items)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int | slice) -> _Item | list[_Item]:
        if isinstance(index, slice):
            return [self._read(place) for place in self._places[index]]
        return self._read(self._places[index])

    def __iter__(self) -> Iterator[_Item]:
        return map(self._read, self._places)

    def append(self, item: _Item) -> None:
        """Adds an item at the end."""
        place = self._file.seek(0, 2)
        pickle.dump(item, self._file, pickle.HIGHEST_PROTOCOL)
        self._places.append(place)

    def extend(self, items: Iterable[_Item]) -> None:
        """Adds items at the end."""
        for item in items:
            self.append(item)

    def sort(self, keys: Sequence[int]) -> None:
        """Puts the items in the ascending order of as many keys."""
        order = np.argsort(keys, kind='stable')
        self._places = array('q', np.array(self._places)[order].tobytes())

    def _read(self, place: int) -> _Item:
        self._file.seek(place)
        return pickle.load(self._file)
