"""Frames from wherever they come: video files, folders, globs, cameras and streams."""

import glob
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from mmgnntrack.files import for_opencv
from mmgnntrack.images import decoder_messages, read_frame
from mmgnntrack.posetrack.errors import printable

from .background import Background

#: Frames that are decoded before they are asked for.
AHEAD = 4
#: Frames in a row that cannot be decoded, after which a video is over: some promise billions.
GIVE_UP = 500
#: A source that is the number of a camera.
_CAMERA = re.compile(r'\d{1,9}', re.ASCII)


class Frame(NamedTuple):
    """A frame of a source: its number from 0, its name, and the image (H, W, 3) BGR uint8, None if it is broken."""

    number: int
    name: str
    image: np.ndarray | None


class FrameSource:
    """The frames of a video, one after the other. What cannot be decoded is skipped, with one warning.

    Args:
        source: a video file, a folder of images (in the order of their names, numbers in them by value), a glob of
            images, the number of a camera, or the URL of a stream.

    Attributes:
        name: what results are called, see `source_name`.
        fps: frames per second, where the source says.
        length: frames, where the source says.
        broken: how many of the frames so far could not be decoded.
        reading: the thread that decodes; none has been read before `frames`.
        newest: the frame that `frames` gave last.

    Raises:
        FileNotFoundError: there is no such file, or no image.
        ValueError: it is no video that OpenCV reads, or none of the above.
    """

    def __init__(self, source: str | Path) -> None:
        if not isinstance(source, str | Path):
            raise ValueError(f'expected a video, folder, glob, camera or URL to track, got a {type(source).__name__}')
        self.source = str(source)
        self.broken = 0
        self.newest: Frame | None = None
        self.reading = Background(AHEAD)
        self.fps: float | None = None
        self.length: int | None = None
        self._images: list[Path] | None = None
        self._warned = self._damaged = False
        self.name = source_name(self.source)
        path = Path(self.source)
        if not self.live and not path.is_file():
            self._images = self._list_images(path)
            self.length = len(self._images)
        if self._images is None:
            self._open().release()

    @property
    def live(self) -> bool:
        """Whether frames are lost that are not taken in time, and none can be had again."""
        return is_live(self.source)

    def frames(self, start: int = 0) -> Iterator[Frame]:
        """The frames from a number on, decoded in a thread while the last one is worked on."""
        self.reading = Background(1 if self.live else AHEAD)
        frames = self._from_images(start) if self._images is not None else self._from_video(start)
        for frame in self.reading.ahead(frames):
            self.broken += frame.image is None
            self.newest = frame
            yield frame

    def _list_images(self, path: Path) -> list[Path]:
        found = path.iterdir() if path.is_dir() else map(Path, glob.glob(self.source))
        images = sorted((file for file in found if file.suffix.lower() in IMG_EXTENSIONS), key=by_value)
        if not images:
            what = 'no images in the folder' if path.is_dir() else 'no such file, folder, or image that fits'
            raise FileNotFoundError(f'{self.source}: {what}')
        return images

    def _from_images(self, start: int) -> Iterator[Frame]:
        for number, path in enumerate(self._images[start:], start):
            try:
                image = read_frame(path)
            except (OSError, ValueError) as error:
                self._warn(number, str(error))
                image = None
            yield Frame(number, path.name, image)

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(int(self.source) if _CAMERA.fullmatch(self.source) else for_opencv(self.source))
        if not capture.isOpened():
            raise ValueError(f'{self.source}: expected a video, camera or stream that OpenCV can open')
        self.fps = capture.get(cv2.CAP_PROP_FPS) or None
        length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length = length if length > 0 and not self.live else None
        return capture

    def _from_video(self, start: int) -> Iterator[Frame]:
        capture = self._open()
        broken = 0  # since the last frame that was decoded: at the end these are none, files may promise too many
        try:
            for number in count():
                with nullcontext([]) if self.live else decoder_messages() as damage:
                    grabbed = capture.grab()
                    # What comes before the start is not decoded.
                    decoded, image = capture.retrieve() if grabbed and number >= start else (grabbed, None)
                if not grabbed and not (self.length and number < self.length and broken < GIVE_UP):
                    return
                if damage and self._counts(number, damage[0]):
                    decoded = False
                if not decoded:
                    self._warn(number, f'{self.source}: the frame cannot be decoded')
                    broken += number >= start
                elif number >= start:
                    yield from (_frame(lost) for lost in range(number - broken, number))
                    broken = 0
                    yield _frame(number, image)
        finally:
            capture.release()

    def _counts(self, number: int, damage: str) -> bool:
        """Whether a frame is broken that the decoder finds damaged: where each frame stands for itself. Other codecs go
        on from frames before and say so some frames late."""
        if damage.startswith('[mjpeg'):
            return True
        if not self._damaged:
            where = f'{printable(self.source)}: damaged from about frame {number} on'
            warnings.warn(f'{where}, tracked as far as it can be decoded: {damage}', stacklevel=3)
        self._damaged = True
        return False

    def _warn(self, number: int, message: str) -> None:
        if not self._warned:
            warnings.warn(f'frame {number} is skipped, as are others like it: {printable(message)}', stacklevel=3)
        self._warned = True


def is_live(source: str) -> bool:
    """Whether a source is the number of a camera, or the URL of a stream."""
    return bool(_CAMERA.fullmatch(source)) or '://' in source


def source_name(source: str) -> str:
    """What the results of a source are called: as its file or its folder."""
    path = Path(source)
    if _CAMERA.fullmatch(source):
        return f'camera{source}'
    if '://' in source:
        return path.stem or 'stream'
    if os.path.isfile(path) or not (os.path.isdir(path) or glob.has_magic(source)):
        return path.stem
    return os.path.basename(os.path.realpath(path if os.path.isdir(path) else path.parent)) or 'frames'


def _frame(number: int, image: np.ndarray | None = None) -> Frame:
    return Frame(number, f'{number:06}', image)


def by_value(path: str | Path) -> list[str | int]:
    """Sorts frame10 behind frame9."""
    return [int(part) if index % 2 else part for index, part in enumerate(re.split(r'(\d+)', str(path)))]
