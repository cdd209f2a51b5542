"""Reading PoseTrack files of every year into one form."""

import json
from pathlib import Path

from .errors import format_error
from .posetrack17 import parse_posetrack17
from .posetrack18 import parse_posetrack18
from .video import PoseVideo


def read_video(path: str | Path) -> PoseVideo:
    """Read one PoseTrack file, ground truth or predictions.

    PoseTrack18 and 21 (`images`, `annotations`) and PoseTrack17 (`annolist`) are told apart by their content. Frames
    and poses keep the file's order. A file in which no pose has scores counts as ground truth, all its scores are
    ones; in other files the poses without scores have NaN.

    Args:
        path: the JSON file.

    Returns:
        The video, named after the file, in image pixels and the joint order of `JOINTS`.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
    """
    path = Path(path)
    if not path.is_file():
        raise format_error(path, 'file', 'a PoseTrack JSON file', 'a folder' if path.is_dir() else 'nothing')
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:  # not JSON, or not text
        raise format_error(path, 'file', 'JSON', str(error)) from error
    if isinstance(document, dict) and 'annolist' in document:
        frames = parse_posetrack17(document, path)
    elif isinstance(document, dict) and {'images', 'annotations'} <= document.keys():
        frames = parse_posetrack18(document, path)
    else:
        got = f'an object with {sorted(document)}' if isinstance(document, dict) else f'a {type(document).__name__}'
        raise format_error(path, 'file', "an object with 'images' and 'annotations', or with 'annolist'", got)
    return PoseVideo(name=path.stem, frames=frames, path=path)


def read_folder(path: str | Path) -> list[PoseVideo]:
    """Read every `*.json` file of a folder, or the one file given, sorted by name.

    Args:
        path: a folder of PoseTrack files or one such file.

    Raises:
        PoseTrackFormatError: if there is no such folder, if it holds no JSON file, or for a bad file.
    """
    path = Path(path)
    if path.is_file():
        return [read_video(path)]
    if not path.is_dir():
        raise format_error(path, 'folder', 'a folder of PoseTrack JSON files', 'nothing')
    files = sorted(path.glob('*.json'), key=lambda file: file.stem)
    if not files:
        raise format_error(path, 'folder', 'at least one *.json file', 'none')
    return [read_video(file) for file in files]
