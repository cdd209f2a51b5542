"""Writing poses as PoseTrack18 result files."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from mmgnntrack.files import whole_file

from .joints import JOINTS, POSETRACK18_KEYPOINTS
from .skeletons import Skeleton
from .video import PoseFrame, PoseVideo

_DECIMALS = 4
#: What a file says of a frame: its image, its poses.
FrameEntry = tuple[dict[str, Any], list[dict[str, Any]]]


def write_video(path: str | Path, video: PoseVideo) -> None:
    """Write a video as a PoseTrack18 JSON file, which `read_video` and the official evaluator read.

    The ears, which PoseTrack never labels, are zero. Poses of another skeleton are written with its own keypoints.
    Coordinates and scores are rounded to 4 decimals. Boxes are written where they are finite, ignore regions where
    there are any, track ids where they are not negative, `info` where there is some. The file appears whole or not at
    all.

    Args:
        path: the file to write; its folder must exist.
        video: the poses.

    Raises:
        ValueError: for values that the format cannot hold: coordinates or scores that are not finite on some joints
            of a pose, frame ids that occur twice.
        OSError: if the folder cannot be written to; says so.
    """
    numbers = [frame.frame_id for frame in video.frames]
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise ValueError(f'video {video.name}: expected a frame_id of its own for each frame, got {twice} twice')

    def entries() -> Iterator[FrameEntry]:
        return (frame_entry(index, frame, video) for index, frame in enumerate(video.frames))

    with whole_file(path) as file:
        write_document(file.write, video, len(video), entries)


def write_document(
    write: Callable[[str], Any], video: PoseVideo, length: int, entries: Callable[[], Iterable[FrameEntry]]
) -> None:
    """Writes a PoseTrack18 file piece by piece.

    Args:
        write: of the file.
        video: its skeleton and info.
        length: its frames.
        entries: called twice, for what `frame_entry` says of each frame.
    """
    info = f'"info":{_json(video.info)},' if video.info else ''
    write(f'{{{info}"images":[')
    write_list(write, ([image | {'nframes': length}] for image, *_ in entries()))
    write('],"annotations":[')
    numbers = count()
    write_list(write, ([{'id': next(numbers), **pose} for pose in poses] for _, poses, *_ in entries()))
    write(f'],"categories":{_json([category(video.skeleton)])}}}')


def write_list(write: Callable[[str], Any], groups: Iterable[Sequence[Any]]) -> None:
    """Writes the items of groups as those of one JSON list, without its brackets."""
    separator = ''
    for group in filter(None, groups):
        write(separator + _json(group)[1:-1])
        separator = ','


def _json(value: Any) -> str:
    return json.dumps(value, separators=(',', ':'), allow_nan=False)


def category(skeleton: Skeleton) -> dict[str, Any]:
    """What a file says of people with these joints: PoseTrack's 15 are written as PoseTrack18's 17."""
    return {
        'supercategory': 'person',
        'id': 1,
        'name': 'person',
        'keypoints': list(file_keypoints(skeleton)),
        'skeleton': [],
    }


def frame_entry(index: int, frame: PoseFrame, video: PoseVideo) -> FrameEntry:
    """What a file says of a frame: its image, without the video's length, and its poses, without their ids.

    Args:
        index: the frame's position in the video, for errors.
        frame: to be written.
        video: its name and skeleton count.

    Raises:
        ValueError: naming the frame, see `write_video`.
    """
    joints, names = video.skeleton.joints, file_keypoints(video.skeleton)
    try:
        return _image(frame, video.name), _annotations(frame, len(names), [names.index(name) for name in joints])
    except ValueError as error:
        raise ValueError(f'video {video.name}, frame {index} ({frame.file_name}): {error}') from error


def file_keypoints(skeleton: Skeleton) -> Sequence[str]:
    """The keypoints that a file has for people with these joints."""
    return POSETRACK18_KEYPOINTS if skeleton.joints == JOINTS else skeleton.joints


def _image(frame: PoseFrame, video_name: str) -> dict[str, Any]:
    image = {
        'id': int(frame.frame_id),
        'frame_id': int(frame.frame_id),
        'vid_id': video_name.split('_')[0],
        'is_labeled': bool(frame.is_labeled),
        'has_no_densepose': True,
        'file_name': frame.file_name,
    }
    if frame.ignore_regions:
        image['ignore_regions_x'] = [_rounded(region[:, 0]) for region in frame.ignore_regions]
        image['ignore_regions_y'] = [_rounded(region[:, 1]) for region in frame.ignore_regions]
    return image


def _annotations(frame: PoseFrame, width: int, columns: list[int]) -> list[dict[str, Any]]:
    """The poses of a frame, their joints at `columns` among `width` keypoints."""
    keypoints, scores = _keypoints(frame, width, columns).reshape(-1, 3 * width), _scores(frame, width, columns)
    given = {'scores': scores, 'bbox': _xywh(frame.bboxes), 'bbox_head': _xywh(frame.head_bboxes)}
    known = {field: np.isfinite(values).all(-1).tolist() for field, values in given.items()}
    rounded = {field: _rounded(values) for field, values in given.items()}
    poses = []
    for row, (track_id, points) in enumerate(zip(frame.track_ids.tolist(), _rounded(keypoints), strict=True)):
        pose = {'image_id': int(frame.frame_id), 'category_id': 1, 'keypoints': points, 'scores': []}
        if track_id >= 0:
            pose['track_id'] = track_id
        poses.append(pose | {field: rounded[field][row] for field in given if known[field][row]})
    return poses


def _keypoints(frame: PoseFrame, width: int, columns: list[int]) -> np.ndarray:
    """(n, width, 3) x, y, visibility; zeros where not annotated."""
    xy = np.where(frame.annotated[..., None], np.round(frame.keypoints.astype(np.float64), _DECIMALS), 0.0)
    if not np.isfinite(xy).all():
        raise ValueError('expected finite keypoints, got NaN or infinity')
    # In this format x = y = visibility = 0 means "not annotated", so a hidden joint in the very corner must be visible.
    flag = frame.annotated & (frame.visible | (xy == 0).all(-1))
    keypoints = np.zeros((len(frame), width, 3))
    keypoints[:, columns] = np.concatenate([xy, flag[..., None]], -1)
    return keypoints


def _scores(frame: PoseFrame, width: int, columns: list[int]) -> np.ndarray:
    """(n, width), zeros where not annotated; NaN throughout for a pose without scores."""
    unknown = np.isnan(frame.keypoint_scores).all(-1)
    given = np.where(frame.annotated, frame.keypoint_scores, 0.0)
    if not np.isfinite(given[~unknown]).all():
        raise ValueError('expected finite scores on all annotated joints of a pose or on none, got some')
    scores = np.zeros((len(frame), width))
    scores[:, columns] = given
    scores[unknown] = np.nan
    return scores


def _xywh(boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], -1)


def _rounded(values: np.ndarray) -> list[Any]:
    return np.round(values.astype(np.float64), _DECIMALS).tolist()
