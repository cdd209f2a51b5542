"""Frames that need no memory."""

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence

from .video import PoseFrame


class FrameStore(Sequence[PoseFrame]):
    """The frames of a video in an unnamed temporary file; each is read when it is asked for, and is a copy.

    Args:
        frames: those to begin with.
    """

    def __init__(self, frames: Iterable[PoseFrame] = ()) -> None:
        self._file = tempfile.TemporaryFile()
        self._places: list[int] = []
        self.extend(frames)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int | slice) -> PoseFrame | list[PoseFrame]:
        if isinstance(index, slice):
            return [self._read(place) for place in self._places[index]]
        return self._read(self._places[index])

    def __iter__(self) -> Iterator[PoseFrame]:
        return map(self._read, self._places)

    def extend(self, frames: Iterable[PoseFrame]) -> None:
        """Adds frames at the end."""
        for frame in frames:
            place = self._file.seek(0, 2)
            pickle.dump(frame, self._file, pickle.HIGHEST_PROTOCOL)
            self._places.append(place)

    def _read(self, place: int) -> PoseFrame:
        self._file.seek(place)
        return pickle.load(self._file)
