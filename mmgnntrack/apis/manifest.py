"""The record of many videos."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from mmgnntrack.posetrack.errors import is_id

#: After which a video needs no more work.
DONE, FAILED = 'done', 'failed'
#: Its work can be gone on with.
INTERRUPTED = 'interrupted'


class Manifest:
    """A file to which processes append what has become of a video, one JSON object a line, and which all of them read.
    The last line of a video counts.

    Args:
        path: of the file, in a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._entries: dict[str, dict] = {}

    def __getitem__(self, source: str) -> dict:
        """What is known of a video, nothing if nothing is."""
        self._read_on()
        return self._entries.get(source, {})

    def sources(self) -> list[str]:
        """The videos that were recorded."""
        self._read_on()
        return [*self._entries]

    def append(self, **entry: object) -> None:
        """Adds a line, with the video's `source` among its fields."""
        line = json.dumps(entry).encode() + b'\n'
        with FileLock(self.path.with_name(f'.{self.path.name}.lock')), self.path.open('a+b') as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b'\n':  # somebody was killed while writing
                    line = b'\n' + line
            file.write(line)

    def _read_on(self) -> None:
        if not self.path.is_file():
            return
        with self.path.open('rb') as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b'\n'):
                    break
                self._offset += len(line)
                with suppress(ValueError, RecursionError):  # that torn line
                    entry = json.loads(line)
                    if _is_entry(entry):
                        self._entries[entry['source']] = entry


def _is_entry(entry: Any) -> bool:
    """Whether it is what `work_through` writes."""
    if not isinstance(entry, dict):
        return False
    texts = (entry.get('source'), entry.get('state'), entry.get('error') or '')
    return (
        all(type(text) is str for text in texts)
        and '\0' not in entry['source']
        and all(is_id(entry.get(field)) for field in ('frames', 'people'))
    )
