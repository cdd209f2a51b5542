"""Reading PoseTrack files of every year into one form."""

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .errors import PoseTrackFormatError, described, format_error, said
from .joints import JOINTS
from .posetrack17 import parse_posetrack17
from .posetrack18 import parse_posetrack18
from .skeletons import POSETRACK, Skeleton
from .video import PoseFrame, PoseVideo


def read_video(path: str | Path, *, predictions: bool = False, skeleton: Skeleton = POSETRACK) -> PoseVideo:
    """Read one PoseTrack file, ground truth or predictions.

    PoseTrack18 and 21 (`images`, `annotations`) and PoseTrack17 (`annolist`) are told apart by their content. Frames
    and poses keep the file's order. Poses without scores have NaN, and all scores are ones in a file without any,
    which counts as ground truth.

    Args:
        path: the JSON file.
        predictions: the file holds predictions even if it has no scores; they have NaN.
        skeleton: the joints to read, in their order; the file has them, and perhaps others.

    Returns:
        The video, named after the file, in image pixels.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
    """
    path = Path(path)
    with no_garbage_collection():
        frames = _read_frames(path, skeleton)
    if not predictions:
        _score_ground_truth(frames)
    return PoseVideo(name=path.stem, frames=frames, path=path, skeleton=skeleton)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A parsed file is very many objects without cycles; looking for cycles takes a third of the time of reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read_frames(path: Path, skeleton: Skeleton) -> list[PoseFrame]:
    document = load_document(path)
    if not isinstance(document, dict):
        raise unknown_format(document, path)
    if 'annolist' not in document:
        return parse_posetrack18(document, path, joints=skeleton.joints)
    if skeleton.joints != JOINTS:
        raise format_error(path, 'annolist', f'poses of {len(skeleton.joints)} other joints', "PoseTrack17's 15")
    return parse_posetrack17(document, path)


def load_document(path: Path) -> dict[str, Any] | list[Any]:
    """The JSON of a file: PoseTrack's or a list.

    Raises:
        PoseTrackFormatError: for anything else.
    """
    if not path.is_file():
        raise format_error(path, 'file', 'a JSON file', 'a folder' if path.is_dir() else 'nothing')
    document = load_json(path)
    known = isinstance(document, dict) and ('annolist' in document or {'images', 'annotations'} <= document.keys())
    if not known and not isinstance(document, list):
        raise unknown_format(document, path)
    return document


def load_json(path: Path, frame: str | None = None) -> Any:
    """What a JSON file holds.

    Args:
        path: the file.
        frame: named in errors.

    Raises:
        PoseTrackFormatError: where it is none.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # not JSON, or not text, or nested without end
        raise format_error(path, 'file', 'JSON', said(error), frame) from error


def unknown_format(document: Any, path: Path) -> PoseTrackFormatError:
    """The error for JSON that is none of PoseTrack's."""
    names = isinstance(document, dict) and described(sorted(document))
    got = f'an object with {names}' if names else f'a {type(document).__name__}'
    return format_error(path, 'file', "an object with 'images' and 'annotations', or with 'annolist'", got)


def _score_ground_truth(frames: Sequence[PoseFrame]) -> None:
    if all(np.isnan(frame.keypoint_scores).all() for frame in frames):
        for frame in frames:
            frame.keypoint_scores = np.ones_like(frame.keypoint_scores)


def read_folder(path: str | Path, *, predictions: bool = False, skeleton: Skeleton = POSETRACK) -> list[PoseVideo]:
    """Read every `*.json` file of a folder, or the one file given, sorted by name.

    Args:
        path: a folder of PoseTrack files or one such file.
        predictions: see `read_video`.
        skeleton: of all files.

    Raises:
        PoseTrackFormatError: if there is no such folder, if it holds no JSON file, or for a bad file.
    """
    return [read_video(file, predictions=predictions, skeleton=skeleton) for file in posetrack_files(path)]


def posetrack_files(path: str | Path) -> list[Path]:
    """The `*.json` files of a folder sorted by name, or the one file given.

    Raises:
        PoseTrackFormatError: if there is no such folder or it holds no JSON file.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise format_error(path, 'folder', 'a folder of PoseTrack JSON files', 'nothing')
    files = sorted(path.glob('*.json'), key=lambda file: file.stem)
    if not files:
        raise format_error(path, 'folder', 'at least one *.json file', 'none')
    return files


def check_frames(video: PoseVideo) -> None:
    """Refuse a video without frames, with an image listed twice, or with frames out of order.

    Raises:
        PoseTrackFormatError: naming file and frame.
    """
    if not len(video):
        raise format_error(video.path, 'frames', 'at least one', 'none')
    places: dict[str, int] = {}
    before = -np.inf
    for index, frame in enumerate(video.frames):
        place = f'{index} ({frame.file_name})'
        first = places.setdefault(frame.file_name, index)
        if first != index:
            raise format_error(video.path, 'image', 'each image once', f'that of frame {first} again', place)
        if frame.frame_id <= before:
            raise format_error(video.path, 'frame number', f'one above {before}', frame.frame_id, place)
        before = frame.frame_id
