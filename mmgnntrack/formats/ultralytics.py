"""Ultralytics YOLO's poses: a folder of text files, `NAME_12.txt` for frame 12, or a JSON list of frames.

Source of the layout: Ultralytics' documentation, "Results" (https://docs.ultralytics.com/reference/engine/results/,
`save_txt` and `to_json`) and "Pose datasets". A line is `class cx cy w h`, then x, y and perhaps the score of each
joint, then perhaps the box's score, then perhaps the identity; lengths are parts of the image's.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from mmgnntrack.files import write_text
from mmgnntrack.posetrack import COCO, PoseVideo, format_error
from mmgnntrack.posetrack.errors import row_problem, usable
from mmgnntrack.posetrack.large import load_list

from .common import (
    Given,
    ImageSize,
    RawFrame,
    boxes_of,
    clear,
    counted_from_one,
    flat_triples_of,
    frame_files,
    joint_names,
    load_lines,
    make_video,
)

LAYOUTS = {17: COCO.joints}
_BOX = 5  # class and box
_EXTRAS = 2  # the box's score, and the identity


def read_ultralytics(path: Path, given: Given) -> PoseVideo:
    """Read a folder of text files, which needs `given.image_size`, or a JSON list with a list for each frame, as
    `json.dumps([json.loads(result.to_json()) for result in results])` gives it, in px.

    Joints at 0, 0, which Ultralytics writes for those below its threshold, are missing. Without a given skeleton they
    are COCO's 17. The box's score and identities are ignored. The frames of a JSON list are numbered from 0.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
        ValueError: if the image size is missing.
    """
    return _read_folder(path, given) if path.is_dir() else _read_json(path, given)


def _read_folder(path: Path, given: Given) -> PoseVideo:
    size = _needed(path, given.image_size)
    files = sorted(path.glob('*.txt'))
    if not files:
        raise format_error(path, 'folder', 'at least one *.txt file', 'none')
    name, numbers = frame_files(path, [file.name for file in files])
    names = given.skeleton.joints if given.skeleton else COCO.joints
    frames = (RawFrame(file.stem, numbers[file.name], _lines(file, numbers[file.name], names, size)) for file in files)
    return make_video(path, name or path.resolve().name, names, given, frames)


def _needed(path: Path, size: ImageSize | None) -> np.ndarray:
    if size is None:
        raise ValueError(f'{path}: YOLO text files have parts of the image: expected its size, --image-size W H')
    return np.array(size, np.float64)


def _lines(path: Path, number: int, names: tuple[str, ...], size: np.ndarray) -> np.ndarray:
    """(n, K, 3) of a frame."""
    lines = (line.split() for line in load_lines(path, str(number)))
    poses = [_line(path, number, words, names, size) for words in lines if words]
    return np.array(poses).reshape(-1, len(names), 3)


def _line(path: Path, number: int, words: list[str], names: tuple[str, ...], size: np.ndarray) -> np.ndarray:
    """(K, 3) of a person."""
    count = len(words) - _BOX
    width = next((width for width in (3, 2) if 0 <= count - width * len(names) <= _EXTRAS), None)
    try:
        values = np.array([*map(float, words)])
    except ValueError:
        raise format_error(path, 'line', 'numbers', ' '.join(words), str(number)) from None
    if width is None or not usable(values).all():
        expected = f'class, box, x, y (and score) of {len(names)} joints, perhaps score and identity, all finite'
        got = f'{len(words)} values' if width is None else ' '.join(words)
        raise format_error(path, 'line', expected, got, str(number))
    pose = np.full((len(names), 3), np.nan)
    pose[:, :width] = values[_BOX : _BOX + width * len(names)].reshape(-1, width)
    return _without_zeros(pose * [*size, 1])


def _without_zeros(pose: np.ndarray) -> np.ndarray:
    pose[(pose[:, :2] == 0).all(-1)] = 0
    return pose


def _read_json(path: Path, given: Given) -> PoseVideo:
    expected = 'a list with a list of objects for each frame'
    frames = load_list(path, expected)
    for frame in frames:
        if not isinstance(frame, list):
            raise format_error(path, 'file', expected, frame)
    names = given.skeleton.joints if given.skeleton else COCO.joints
    first = next(((number, frame[0]) for number, frame in enumerate(frames) if frame), None)
    if first is not None:
        number, person = first
        count = len(_object(path, number, person))
        names = tuple(joint_names(path, 'keypoints', str(number), count, LAYOUTS, given))
    raw = (RawFrame(str(number), number, _people(path, number, frame, len(names)))
           for number, frame in enumerate(frames))  # fmt: skip
    return make_video(path, path.stem, names, given, raw)


def _people(path: Path, number: int, frame: list[Any], count: int) -> np.ndarray:
    """(n, count, 3) of a frame."""
    people = [_object(path, number, person) for person in frame]
    for person in people:
        if len(person) != count:
            raise format_error(path, 'keypoints', f'{count} joints', f'{len(person)}', str(number))
    return np.array(people).reshape(-1, count, 3)


def _object(path: Path, number: int, person: Any) -> np.ndarray:
    """(K, 3) of an object of a frame."""
    points = person.get('keypoints') if isinstance(person, dict) else None
    if not isinstance(points, dict):
        raise format_error(path, 'keypoints', 'an object with x, y and visible', person, str(number))
    x, y, scores = (points.get(field) for field in ('x', 'y', 'visible'))
    count = len(x) if isinstance(x, list) else 0
    for values in (x, y) if scores is None else (x, y, scores):
        problem = row_problem(values, count)
        if problem:
            expected = 'as many numbers in x, in y and in visible'
            raise format_error(path, 'keypoints', expected, problem, str(number))
    pose = np.array([x, y, [np.nan] * count if scores is None else scores], np.float64).T.copy()
    return _without_zeros(pose)


def write_ultralytics(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write a folder of text files as `save_txt` does when tracking: class 0, box, joints with their scores, identity;
    no file for a frame without people. Frames are numbered as Ultralytics numbers those of a video, from 1.

    Args:
        path: the folder; frames of this video that are there are replaced.
        video: the poses.
        image_size: of its frames.

    Raises:
        ValueError: if the image size is missing.
    """
    size = _needed(path, image_size)
    written = re.compile(rf'{re.escape(video.name)}_\d+\.txt')
    clear(path, lambda name: not written.fullmatch(name))
    for number, frame in zip(counted_from_one(video.frames), video.frames):
        boxes = np.clip(boxes_of(frame), 0, [*size, *size])
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2 / size, (boxes[:, 2:] - boxes[:, :2]) / size
        points = flat_triples_of(frame, decimals=8) / np.tile([*size, 1], len(video.skeleton.joints))
        rows = np.concatenate([np.zeros((len(frame), 1)), centres, sides, points], -1)
        texts = [' '.join(f'{value:.8g}' for value in row) for row in rows]
        tracks = [f' {track}' if track >= 0 else '' for track in frame.track_ids.tolist()]
        if texts:
            lines = ''.join(f'{text}{track}\n' for text, track in zip(texts, tracks))
            write_text(path / f'{video.name}_{number}.txt', lines)
