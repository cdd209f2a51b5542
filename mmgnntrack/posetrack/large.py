"""Large files of poses, which are read piece by piece."""

import codecs
import json
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mmgnntrack.disk_list import DiskList

from .errors import format_error
from .reader import load_json
from .video import PoseFrame

#: Bytes from which on a file is not read into memory as a whole.
LARGE = 1 << 25
#: Bytes that are read at once.
_WINDOW = 1 << 20
#: Frames whose poses are in memory at once.
_FRAMES = 256
#: What may follow a value.
_BEHIND = (*' \t\n\r,:]}',)
_SPACE = re.compile(r'[ \t\n\r]*')
_DECODER = json.JSONDecoder()
#: Makes frames of `images` and `annotations` as PoseTrack18 has them.
Parse = Callable[[list[Any], list[Any]], list[PoseFrame]]


class UnfitError(ValueError):
    """The file has to be read as a whole, for its order or for an error that is to be told."""


def is_large(path: Path) -> bool:
    """Whether a path is a file that is not read into memory as a whole."""
    return path.is_file() and path.stat().st_size >= LARGE


def load_list(path: Path, expected: str) -> DiskList[Any]:
    """The items of a JSON list.

    Args:
        path: the file.
        expected: what they are, for errors.

    Raises:
        PoseTrackFormatError: where it is none.
    """
    if is_large(path):
        with suppress(UnfitError, RecursionError):  # what is wrong with it is told below
            return DiskList(_only_items(path))
    items = load_json(path)
    if not isinstance(items, list):
        raise format_error(path, 'file', expected, items)
    try:
        return DiskList(items)
    except RecursionError as error:
        raise format_error(path, 'file', expected, 'lists in lists without end') from error


def read_top(path: Path) -> dict[str, Any] | list[Any]:
    """A JSON file without most of its annotations: an object whose `annotations` have the first one alone, and whose
    `images` are a DiskList; or the first item of a list.

    Raises:
        UnfitError: for anything else, or no JSON.
    """
    document: dict[str, Any] = {}
    for key, value in _items(path):
        if key is None:
            return [value]
        if key == 'annotations':
            document.setdefault(key, [value])
        elif key == 'images':
            if key not in document:
                document[key] = DiskList()
            document[key].append(value)
        elif key in document:
            raise UnfitError(f'{key} twice')
        else:
            document[key] = value
    return document


def read_annotations(path: Path) -> Iterator[Any]:
    """The items of a file's `annotations`, or of its list, one after the other. Raises UnfitError for no JSON."""
    return (value for key, value in _items(path) if key in (None, 'annotations'))


def read_frames(path: Path, images: Sequence[Any], parse: Parse) -> DiskList[PoseFrame]:
    """The frames of a file whose annotations are in the order of `images`.

    Args:
        path: the file, a list of annotations or an object with `annotations`.
        images: objects with `id`, an integer.
        parse: makes frames of some of the images and their annotations.

    Raises:
        UnfitError: if they are not, and for whatever is wrong with them.
    """
    ids = array('q', (image['id'] for image in images))
    if len(np.unique(ids)) < len(ids):
        raise UnfitError('an id twice')
    frames, waiting, start, place = DiskList[PoseFrame](), [], 0, 0
    for annotation in read_annotations(path):
        while ids[place] != annotation['image_id']:
            place += 1
            if place == len(ids):
                raise UnfitError('annotations in another order than images')
        while place >= start + _FRAMES:
            frames.extend(parse(images[start : start + _FRAMES], waiting))
            start, waiting = start + _FRAMES, []
        waiting.append(annotation)
    while start < len(images):
        frames.extend(parse(images[start : start + _FRAMES], waiting))
        start, waiting = start + _FRAMES, []
    return frames


def _items(path: Path) -> Iterator[tuple[str | None, Any]]:
    """The items of a list, with None; or the fields of an object, of `images` and `annotations` each item."""
    with path.open('rb') as file:
        text = _Text(file)
        try:
            if text.peek() == '[':
                yield from ((None, item) for item in text.items())
            else:
                yield from _fields(text)
            text.end()
        except (ValueError, RecursionError) as error:
            raise UnfitError(str(error)) from error


def _only_items(path: Path) -> Iterator[Any]:
    """The items of a list. Raises UnfitError for anything else."""
    for key, item in _items(path):
        if key is not None:
            raise UnfitError('an object')
        yield item


def _fields(text: '_Text') -> Iterator[tuple[str, Any]]:
    text.take('{')
    seen = set()
    while text.peek() != '}':
        key = text.value()
        text.take(':')
        if key in ('images', 'annotations'):
            if key in seen:
                raise UnfitError(f'{key} twice')
            seen.add(key)
            yield from ((key, item) for item in text.items())
        else:
            yield key, text.value()
        if text.peek() == ',':
            text.take(',')
        elif text.peek() != '}':
            raise UnfitError('no comma')
    text.take('}')


class _Text:
    """The text of a JSON file, of which a window is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder('utf-8')().decode
        self._text, self._at, self._window = '', 0, _WINDOW

    def _more(self) -> bool:
        data = self._file.read(self._window)
        self._text = self._text[self._at :] + self._decode(data, not data)
        self._at = 0
        return bool(data)

    def peek(self) -> str:
        """The next character that is no space; it stays there."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise UnfitError('the file ends too early')

    def take(self, character: str) -> None:
        """Goes on behind a character."""
        if self.peek() != character:
            raise UnfitError(f'expected {character}')
        self._at += 1

    def value(self) -> Any:
        """The next value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                self._window *= 2  # it goes on behind the window, perhaps far
                if not self._more():
                    raise
                continue
            if self._text[end : end + 1] not in _BEHIND:  # a number may go on
                at = self._at
                if self._more():
                    continue
                end -= at
            self._at, self._window = end, _WINDOW
            return value

    def items(self) -> Iterator[Any]:
        """The items of the list that comes next."""
        self.take('[')
        if self.peek() == ']':
            self.take(']')
            return
        while True:
            yield self.value()
            if self.peek() == ']':
                self.take(']')
                return
            self.take(',')

    def end(self) -> None:
        """Raises UnfitError unless nothing follows."""
        try:
            character = self.peek()
        except UnfitError:
            return
        raise UnfitError(f'{character} behind the end')
