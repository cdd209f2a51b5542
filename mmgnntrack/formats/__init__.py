"""The files of poses that estimators and annotation tools write and read, a module for each.

Reading gives poses without identities, which are for the tracker to give; writing keeps those that it gave.
"""

import re
from collections.abc import Callable
from pathlib import Path

from mmgnntrack.posetrack import PoseVideo, Skeleton, format_error

from .alphapose import read_alphapose, write_alphapose
from .common import Given, ImageSize, frame_files
from .deeplabcut import read_deeplabcut, write_deeplabcut
from .mot import write_mot
from .openpose import ENDING, read_openpose, write_openpose
from .posetrack import read_posetrack, write_coco, write_posetrack
from .sleap import read_sleap, write_sleap
from .ultralytics import read_ultralytics, write_ultralytics

__all__ = ['OUTPUTS', 'READERS', 'WRITERS', 'output_path', 'read', 'recognise', 'video_name', 'video_paths']

#: Reads the file or folder of a video.
READERS: dict[str, Callable[[Path, Given], PoseVideo]] = dict(
    posetrack=read_posetrack,
    openpose=read_openpose,
    alphapose=read_alphapose,
    deeplabcut=read_deeplabcut,
    sleap=read_sleap,
    ultralytics=read_ultralytics,
)
#: Writes a video to the file or folder that `output_path` names; the size of its images is for those who need it.
WRITERS: dict[str, Callable[[Path, PoseVideo, ImageSize | None], None]] = dict(
    posetrack=write_posetrack,
    coco=write_coco,
    mot=write_mot,
    openpose=write_openpose,
    alphapose=write_alphapose,
    deeplabcut=write_deeplabcut,
    sleap=write_sleap,
    ultralytics=write_ultralytics,
)
#: What is written for a video, by its name; no two formats write the same.
OUTPUTS = dict(
    posetrack='{}.json',
    coco='{}.coco.json',
    mot='{}.txt',
    openpose='{}.openpose',
    alphapose='{}.alphapose.json',
    deeplabcut='{}.csv',
    sleap='{}.slp',
    ultralytics='{}.ultralytics',
)
_SUFFIXES = {'.csv': 'deeplabcut', '.h5': 'deeplabcut', '.slp': 'sleap'}
#: How much of a JSON file shows its format; a full body before its image_id takes about 10 kB.
_SHOWN = 1 << 16


def read(
    path: str | Path,
    format: str | None = None,
    *,
    skeleton: Skeleton | None = None,
    images: str | Path | None = None,
    image_size: ImageSize | None = None,
) -> PoseVideo:
    """Read the poses of one video; identities are ignored.

    Args:
        path: its file or folder.
        format: one of `READERS`; None for what the file's name and its first bytes say.
        skeleton: of the poses, its joints in the file's order; None for what the file or the number of joints says.
        images: a JSON file whose `images` are the frames of COCO results, see `read_poses`.
        image_size: width and height of its images in px, which YOLO's text files need.

    Returns:
        The video in image px, its frames by the numbers that the file gives. Joints that are missing are not
        `annotated`; numbers that are left out are frames without people.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
        ValueError: for an unknown format, or if a package or the image size is missing.
    """
    path = Path(path)
    format = recognise(path) if format is None else format
    if format not in READERS:
        raise ValueError(f'format: expected one of {", ".join(READERS)}, got {format!r}')
    return READERS[format](path, Given(skeleton, None if images is None else Path(images), image_size))


def recognise(path: Path) -> str:
    """The format of a video's file or folder.

    Raises:
        PoseTrackFormatError: for a folder that is not of a video's frames.
    """
    if path.is_dir():
        format = _frames(path)
        if format is None:
            raise format_error(path, 'folder', f"a video's frames, *{ENDING} or *.txt", 'none')
        return format
    if path.suffix in _SUFFIXES or not path.is_file():
        return _SUFFIXES.get(path.suffix, 'posetrack')
    with path.open('rb') as file:
        head = file.read(_SHOWN)
    if re.match(rb'\s*\[\s*\[', head):
        return 'ultralytics'
    named = re.match(rb'\s*\[', head) and re.search(rb'"image_id"\s*:\s*(.)', head)
    return 'alphapose' if named and named[1] == b'"' else 'posetrack'


def _frames(folder: Path) -> str | None:
    """The format of a folder that holds the frames of a video."""
    if next(folder.glob(f'*{ENDING}'), None):
        return 'openpose'
    return 'ultralytics' if next(folder.glob('*.txt'), None) and not _files(folder) else None


def _files(folder: Path) -> list[Path]:
    suffixes = ('.json', *_SUFFIXES)
    files = (file for file in folder.iterdir() if file.suffix in suffixes and not file.name.startswith('.'))
    files = {file: file.stem for file in files}
    # DeepLabCut writes both, with the same in them.
    both = [file for file in files if file.suffix == '.h5' and file.with_suffix('.csv') in files]
    return sorted(files.keys() - {*both}, key=lambda file: (file.stem, file.suffix))


def video_paths(path: str | Path) -> list[Path]:
    """The files or folders of videos that a path names: itself, or, of a folder that is not one of a video's frames,
    the files and the folders of frames in it, sorted by name.

    Raises:
        PoseTrackFormatError: if there is no such path, or no video in it.
    """
    path = Path(path)
    if path.is_file() or (path.is_dir() and _frames(path)):
        return [path]
    if not path.is_dir():
        raise format_error(path, 'folder', 'a file or folder of poses', 'nothing')
    folders = [folder for folder in path.iterdir() if folder.is_dir() and _frames(folder)]
    found = sorted([*_files(path), *folders], key=lambda file: file.stem)
    if not found:
        raise format_error(path, 'folder', 'at least one *.json file, or poses in another format', 'none')
    return found


def video_name(path: Path) -> str:
    """How the video of a file or of a folder of frames is called: as the file, as the frames, or as their folder.

    Raises:
        PoseTrackFormatError: for a folder with frames of several videos.
    """
    if not path.is_dir():
        return path.stem
    ending = ENDING if _frames(path) == 'openpose' else ''
    names = sorted(file.name for file in path.glob(f'*{ending or ".txt"}'))
    return frame_files(path, names, ending)[0] or path.resolve().name


def output_path(folder: Path, name: str, format: str) -> Path:
    """What a format writes for a video into a folder: a file, or a folder with a file for each frame."""
    return folder / OUTPUTS[format].format(name)
