"""A copy of an overlay video that browsers play."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from tqdm import tqdm

from mmgnntrack.files import for_opencv, unfinished
from mmgnntrack.visualization.canvas import resized

#: px; a larger copy would take longer to write than the rest of the page.
_WIDTH = 640


def write_playable(overlay: Path, path: Path) -> Path | None:
    """Copy a video to VP8 in WebM, at most 640 px wide.

    OpenCV writes MPEG-4 part 2, which Chrome, Edge and Firefox do not play, and its wheels have no encoder of H.264.
    VP9 would take four times as long.

    Args:
        overlay: a video that OpenCV reads.
        path: of the copy.

    Returns:
        The path; None where OpenCV has no such encoder, or reads no frame.
    """
    partial = unfinished(path, path.suffix)
    capture = cv2.VideoCapture(for_opencv(overlay))
    fps, length = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    writer = None
    with tqdm(total=length, desc='copying the overlay', unit='frame', disable=None) as bar:
        while (read := capture.read())[0]:
            image = resized(read[1], min(_WIDTH, read[1].shape[1]))
            image = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
            if writer is None:
                with _silent():
                    codec, size = cv2.VideoWriter_fourcc(*'VP80'), image.shape[1::-1]
                    writer = cv2.VideoWriter(for_opencv(partial), codec, fps, size)
                if not writer.isOpened():
                    break
            writer.write(image)
            bar.update()
    capture.release()
    if writer is None or not writer.isOpened():
        partial.unlink(missing_ok=True)
        return None
    writer.release()
    partial.replace(path)
    return path


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps what libraries in C print: OpenCV calls the codec unsupported, and then writes it."""
    kept = os.dup(2)
    try:
        with open(os.devnull, 'wb') as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
