"""The files of a video with its tracks drawn: overlays, their contact sheets, and panels."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from mmgnntrack.files import for_opencv, unfinished

from .canvas import draw_label

_SHEET_FRAMES = 12
_SHEET_COLUMNS = 4
_SHEET_CELL_WIDTH, _SHEET_CELL_HEIGHT = 480, 1440
_SHEET_GAP = 4


class OverlayVideo:
    """Writes an mp4 under a temporary name that becomes the final one in `close`.

    Args:
        path: the file, ending in `.mp4`. Its folder is made.
        fps: frames per second.
        num_frames: length of the video where it is known and a contact sheet wanted: about 12 evenly spaced frames,
            in a PNG beside the video.

    Raises:
        OSError: if the folder cannot be written.
    """

    def __init__(self, path: str | Path, fps: float, num_frames: int | None = None) -> None:
        self.path = Path(path)
        self.fps = fps
        self._partial = unfinished(self.path, '.mp4')
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._last: np.ndarray | None = None
        self._count = 0
        self._in_sheet = set() if num_frames is None else set(evenly_spaced(num_frames, _SHEET_FRAMES))
        self._cells: list[np.ndarray] = []
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial.touch()
        except OSError as error:
            raise OSError(f'cannot write videos to the folder {self.path.parent}: {error}') from error

    def write(self, frame: np.ndarray | None) -> None:
        """Appends a frame (H, W, 3), uint8 BGR; None shows the last one again, if there is one. The first sets the
        video's size."""
        self._last = frame = self._last if frame is None else frame
        if frame is None:
            return
        if self._writer is None:
            self._open(frame)
        if frame.shape[1::-1] != self._size:  # OpenCV would drop it without a word
            frame = cv2.resize(frame, self._size, interpolation=cv2.INTER_AREA)
        self._writer.write(frame)
        if self._count in self._in_sheet:
            self._cells.append(_sheet_cell(frame, self._count))
        self._count += 1

    def resume(self) -> None:
        """Begins with the frames that the file has from an earlier run, if it is there; before any `write`."""
        earlier = cv2.VideoCapture(for_opencv(self.path)) if self.path.is_file() else None
        while earlier is not None:
            there, frame = earlier.read()
            if not there:
                earlier.release()
                break
            self.write(frame)

    def close(self) -> None:
        """Finishes the video and gives the files their names. Without any frame there is no file."""
        if self._writer is None:
            self._partial.unlink(missing_ok=True)
            return
        self._writer.release()
        self._writer = None
        written = cv2.VideoCapture(for_opencv(self._partial)).get(cv2.CAP_PROP_FRAME_COUNT)
        if written != self._count:  # OpenCV says nothing of a full disk
            self._partial.unlink()
            raise OSError(f'cannot write {self.path}: {written:.0f} of {self._count} frames could be written')
        self._partial.replace(self.path)
        if self._cells:
            partial = self._partial.with_suffix('.png')
            partial.write_bytes(cv2.imencode('.png', contact_sheet(self._cells))[1])
            partial.replace(self.path.with_suffix('.png'))

    def _open(self, frame: np.ndarray) -> None:
        # MPEG-4 wants even sides.
        self._size = tuple(max(2, side - side % 2) for side in frame.shape[1::-1])
        codec = cv2.VideoWriter_fourcc(*'mp4v')
        self._writer = cv2.VideoWriter(for_opencv(self._partial), codec, self.fps, self._size)
        if not self._writer.isOpened():
            raise OSError(f'OpenCV cannot write this mp4 (codec mp4v, {self._size}, {self.fps} fps): {self._partial}')


class PanelFiles:
    """Writes `NAME_fusion.mp4`, and of each other panel the folder `NAME_<panel>` with a PNG of each frame.

    Args:
        folder: where.
        name: of the video.
        panels: which of them, see `draw_panels`.
        fps: frames per second.
    """

    def __init__(self, folder: str | Path, name: str, panels: Sequence[str], fps: float) -> None:
        self._folders = {panel: Path(folder) / f'{name}_{panel}' for panel in panels if panel != 'fusion'}
        for path in self._folders.values():
            path.mkdir(parents=True, exist_ok=True)
        self._fusion = OverlayVideo(Path(folder) / f'{name}_fusion.mp4', fps) if 'fusion' in panels else None

    def write(self, pictures: Mapping[str, np.ndarray], frame_id: int) -> None:
        """Writes the panels of a frame, by name; without any, the video shows the last one again."""
        if self._fusion:
            self._fusion.write(pictures.get('fusion'))
        for panel, path in self._folders.items():
            if panel in pictures:
                (path / f'{frame_id:06}.png').write_bytes(cv2.imencode('.png', pictures[panel])[1])

    def resume(self) -> None:
        """Goes on where an earlier run has ended."""
        if self._fusion:
            self._fusion.resume()

    def close(self) -> None:
        """Finishes the video."""
        if self._fusion:
            self._fusion.close()


def evenly_spaced(length: int, count: int) -> list[int]:
    """At most `count` of the numbers below `length`, the first and the last among them.

    >>> evenly_spaced(10, 4), evenly_spaced(2, 4)
    ([0, 3, 6, 9], [0, 1])
    """
    return np.unique(np.linspace(0, length - 1, min(count, length)).round().astype(int)).tolist()


def contact_sheet(cells: list[np.ndarray]) -> np.ndarray:
    """Images of one size (h, w, 3) in a grid of at most four columns, row by row."""
    height, width = cells[0].shape[:2]
    columns = min(_SHEET_COLUMNS, len(cells))
    rows = math.ceil(len(cells) / columns)
    step_y, step_x = height + _SHEET_GAP, width + _SHEET_GAP
    sheet = np.full((rows * step_y - _SHEET_GAP, columns * step_x - _SHEET_GAP, 3), 255, np.uint8)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        sheet[row * step_y : row * step_y + height, column * step_x : column * step_x + width] = cell
    return sheet


def _sheet_cell(frame: np.ndarray, number: int) -> np.ndarray:
    height = min(max(round(frame.shape[0] * _SHEET_CELL_WIDTH / frame.shape[1]), 1), _SHEET_CELL_HEIGHT)
    cell = cv2.resize(frame, (_SHEET_CELL_WIDTH, height), interpolation=cv2.INTER_AREA)
    draw_label(cell, f'frame {number}', np.array([0, height]), (255, 255, 255))  # pushed into the lower left corner
    return cell
