"""What the formats share: file names with numbers, poses into frames, boxes and scores of poses."""

import re
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmgnntrack.disk_list import DiskList
from mmgnntrack.posetrack import NAMES_A_VIDEO, PoseFrame, PoseVideo, Skeleton, format_error, skeleton_named
from mmgnntrack.posetrack.errors import LARGEST, is_id, said, usable
from mmgnntrack.posetrack.skeletons import joint_columns

#: Width and height of a video's images, px.
ImageSize = tuple[int, int]
_LAST_NUMBER = re.compile(r'^(.*?)(\d+)(\D*)$', re.DOTALL)


@dataclass(frozen=True)
class Given:
    """What is known of a video that its file does not say.

    Attributes:
        skeleton: of the poses, its joints in the file's order; None for what the file or the number of joints says.
        images: a JSON file whose `images` are the frames of COCO results, see `read_poses`.
        image_size: of its frames.
    """

    skeleton: Skeleton | None = None
    images: Path | None = None
    image_size: ImageSize | None = None


@dataclass(frozen=True)
class RawFrame:
    """The poses of a frame as a file has them.

    Attributes:
        file_name: of the image, or what stands for it.
        number: of the frame, as the file counts.
        poses: (n, K, 3) x, y in image px and score; x or y NaN, or score 0, for joints that are missing; score NaN for
            joints without scores.
    """

    file_name: str
    number: int
    poses: np.ndarray


def make_video(path: Path, name: str, names: Sequence[str], given: Given, frames: Iterable[RawFrame]) -> PoseVideo:
    """A video of poses that have no identities. Poses without any joint are left out.

    Args:
        path: the file or folder.
        name: of the video.
        names: of the K joints, in the file's order.
        given: its skeleton, of the same joints in another order or of as many joints, names them instead.
        frames: in any order.

    Returns:
        The video, its frames by number. Its skeleton is PoseTrack's 15 joints if these are they, with or without ears.

    Raises:
        PoseTrackFormatError: if the given skeleton has another number of joints, or for numbers that mean nothing.
    """
    skeleton = given.skeleton
    if skeleton is None:
        skeleton = skeleton_named(names)
    elif len(skeleton.joints) != len(names):
        expected = f'the {len(skeleton.joints)} joints of the metainfo'
        raise format_error(path, 'joints', expected, f'{len(names)}: {", ".join(names)}')
    elif {*skeleton.joints} != {*names}:
        names = skeleton.joints
    kept = skeleton.in_posetrack()
    columns = [*range(len(names))] if kept.joints == tuple(names) else joint_columns(names, kept.joints)
    kept_frames, numbers = DiskList[PoseFrame](), array('q')
    for frame in frames:
        wrong = frame.poses[~usable(frame.poses) & ~np.isnan(frame.poses)]
        if len(wrong):
            expected = f'coordinates and scores of at most {LARGEST:g}'
            raise format_error(path, 'joints', expected, f'{wrong[0]}', frame.file_name)
        kept_frames.append(_frame(frame, columns))
        numbers.append(frame.number)
    kept_frames.sort(numbers)
    return PoseVideo(name, kept_frames, path, kept)


def _frame(raw: RawFrame, columns: list[int]) -> PoseFrame:
    poses = raw.poses[:, columns]
    there = np.isfinite(poses[..., :2]).all(-1) & (poses[..., 2] != 0)
    poses, there = poses[there.any(-1)], there[there.any(-1)]
    nowhere = np.full((len(poses), 4), np.nan)
    return PoseFrame(
        file_name=raw.file_name,
        frame_id=raw.number,
        keypoints=np.where(there[..., None], poses[..., :2], 0.0),
        annotated=there,
        visible=there.copy(),
        keypoint_scores=np.where(there, poses[..., 2], 0.0),
        track_ids=np.full(len(poses), -1, np.int64),
        bboxes=nowhere,
        head_bboxes=nowhere.copy(),
    )


def last_number(stem: str) -> tuple[str, int] | None:
    """What comes before the last number in a file's name, and that number; None if there is none, or one that is too
    long to be a frame's.

    >>> last_number('dance_000000000012'), last_number('7'), last_number('nobody')
    (('dance_', 12), ('', 7), None)
    """
    found = _LAST_NUMBER.match(stem)
    digits = found[2].lstrip('0') or '0' if found else ''
    return (found[1], int(digits)) if 0 < len(digits) < 20 and is_id(int(digits)) else None


def frame_files(path: Path, names: Sequence[str], ending: str = '') -> tuple[str, dict[str, int]]:
    """The numbers of the frames that file names give, all of one video.

    Args:
        path: their folder, or the file that lists them.
        names: of the files, each once.
        ending: what follows the number in each name; without it, names end in a suffix.

    Returns:
        What the names have in common before the number, without `_-. ` at its end, and the number of each name.

    Raises:
        PoseTrackFormatError: for names without numbers, of several videos, or with the same number.
    """
    numbers: dict[str, int] = {}
    owner: dict[int, str] = {}
    first = None
    for name in names:
        found = last_number(name.removesuffix(ending) if ending else Path(name).stem)
        if found is None:
            raise format_error(path, 'file name', "a frame's number", name)
        before, number = found
        first = before if first is None else first
        if before != first:
            raise format_error(path, 'file name', f'frames of one video, {first!r} and a number', name, str(number))
        if number in owner:
            got = f'that of {owner[number]} again'
            raise format_error(path, 'file name', 'a number of its own for each frame', got, name)
        numbers[name], owner[number] = number, name
    return (first or '').rstrip('_-. '), numbers


def load_lines(path: Path, frame: str | None = None) -> list[str]:
    """The lines of a text file. Raises PoseTrackFormatError where it is none."""
    try:
        return path.read_text(encoding='utf-8-sig').splitlines()  # spreadsheets begin it with a mark
    except UnicodeDecodeError as error:
        raise format_error(path, 'file', 'text in UTF-8', said(error), frame) from error


def joint_names(
    path: Path, field: str, frame: str, count: int, layouts: Mapping[int, Sequence[str]], given: Given
) -> Sequence[str]:
    """The names of so many joints: those of the layout of that number, unless others are given.

    Raises:
        PoseTrackFormatError: naming file, frame and field, for a number that is neither.
    """
    if given.skeleton is not None and len(given.skeleton.joints) == count:
        return given.skeleton.joints
    if given.skeleton is None and count in layouts:
        return layouts[count]
    numbers = [*layouts] if given.skeleton is None else [len(given.skeleton.joints)]
    hint = ' (others with a metainfo that describes them)' if given.skeleton is None else ' as the metainfo has'
    expected = f'{" or ".join(map(str, sorted(numbers)))} joints{hint}'
    raise format_error(path, field, expected, f'{count}', frame)


def counted_from_one(frames: Sequence[PoseFrame]) -> list[int]:
    """The numbers of frames, as formats have them that count from 1: their ids, or from the first one if it is 0 or
    so large that it names a video too.

    >>> [counted_from_one([PoseFrame('', number) for number in ids]) for ids in ((0, 3), (2, 3), (10340010, 10340011))]
    [[1, 4], [2, 3], [1, 2]]
    """
    ids = [frame.frame_id for frame in frames]
    counts = bool(ids) and 0 < ids[0] < NAMES_A_VIDEO
    return ids if counts else [number - ids[0] + 1 for number in ids]


def boxes_of(frame: PoseFrame) -> np.ndarray:
    """(n, 4) xyxy px: each pose's box, or that of its joints where the frame has none; zeros without joints."""
    there = frame.annotated[..., None]
    start = np.where(there, frame.keypoints, np.inf).min(1, initial=np.inf)
    stop = np.where(there, frame.keypoints, -np.inf).max(1, initial=-np.inf)
    around = np.where(there.any(1), 1, 0) * np.nan_to_num(np.concatenate([start, stop], -1), posinf=0, neginf=0)
    return np.where(np.isfinite(frame.bboxes).all(-1, keepdims=True), frame.bboxes, around)


def scores_of(frame: PoseFrame) -> np.ndarray:
    """(n, K): the joints' scores, 1 where they are unknown, 0 where the joint is missing."""
    return np.where(frame.annotated, np.where(np.isnan(frame.keypoint_scores), 1.0, frame.keypoint_scores), 0.0)


def mean_scores(frame: PoseFrame) -> np.ndarray:
    """(n,): the mean score of the joints that are there, 0 without any."""
    return scores_of(frame).sum(-1) / np.maximum(frame.annotated.sum(-1), 1)


def triples_of(frame: PoseFrame, decimals: int = 4) -> np.ndarray:
    """(n, K, 3): x, y px and score of each joint, zeros where it is missing."""
    xy = np.where(frame.annotated[..., None], frame.keypoints, 0.0)
    return np.round(np.concatenate([xy, scores_of(frame)[..., None]], -1), decimals)


def flat_triples_of(frame: PoseFrame, decimals: int = 4) -> np.ndarray:
    """(n, 3 K): what `triples_of` gives, one joint after the other."""
    return triples_of(frame, decimals).reshape(len(frame), 3 * frame.annotated.shape[1])


def clear(folder: Path, keep: Callable[[str], bool]) -> None:
    """Makes a folder for files of frames, or removes those that an earlier run has written there.

    Args:
        folder: to be made or cleared.
        keep: whether a file of that name is none of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if not keep(file.name):
            file.unlink()
