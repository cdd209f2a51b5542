"""AlphaPose's poses: one JSON list, an object for each person, whose `image_id` is the name of a frame.

Source of the layout: AlphaPose's documentation, docs/output.md, and, for Halpe's joints,
https://github.com/Fang-Haoshu/Halpe-FullBody.
"""

from array import array
from collections.abc import Sequence
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from mmgnntrack.files import whole_file
from mmgnntrack.posetrack import COCO, PoseFrame, PoseVideo, format_error
from mmgnntrack.posetrack.errors import float_table
from mmgnntrack.posetrack.large import load_list
from mmgnntrack.posetrack.writer import write_list

from .common import (
    Given,
    ImageSize,
    RawFrame,
    boxes_of,
    flat_triples_of,
    frame_files,
    joint_names,
    make_video,
    mean_scores,
)

_FEET = tuple(f'{side}_{part}' for part in ('big_toe', 'small_toe', 'heel') for side in ('left', 'right'))
HALPE26 = (*COCO.joints, 'head', 'neck', 'hip', *_FEET)
_FINGERS = ('thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger')
_HANDS = tuple(
    f'{side}_{part}'
    for side in ('left', 'right')
    for part in ('hand_root', *(f'{finger}{joint}' for finger in _FINGERS for joint in range(1, 5)))
)
#: Full bodies: 26 joints, 68 of the face, 21 of each hand.
HALPE136 = (*HALPE26, *(f'face-{number}' for number in range(68)), *_HANDS)
#: The joints of AlphaPose's models, by their number.
LAYOUTS = {17: COCO.joints, 26: HALPE26, 136: HALPE136}


def read_alphapose(path: Path, given: Given) -> PoseVideo:
    """Read AlphaPose's JSON of one video: `image_id`, `keypoints` (x, y, score) of each person.

    Frames are ordered by the numbers in `image_id`, by value. Of a video, whose frames are called `0.jpg`, `1.jpg`,
    ..., frame 0 is there even if nobody is in it. Identities (`idx`) are ignored.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
    """
    entries = load_list(path, "AlphaPose's list of objects")
    places: dict[str, int] = {}
    order = array('q')
    for row, entry in enumerate(entries):
        image = entry.get('image_id') if isinstance(entry, dict) else None
        if not isinstance(image, str):
            got = entry if image is None else image
            raise format_error(path, 'image_id', 'the name of an image', got, f'of entry {row}')
        order.append(places.setdefault(image, len(places)))
    entries.sort(order)
    _, numbers = frame_files(path, sorted(places))
    names = _names(path, entries, given)
    frames = (
        RawFrame(image, numbers[image], _poses(path, image, [entry.get('keypoints') for entry in people], len(names)))
        for image, people in groupby(entries, itemgetter('image_id'))
    )
    if places and 0 not in numbers.values() and all(Path(image).stem == str(numbers[image]) for image in numbers):
        frames = chain(frames, [RawFrame('0.jpg', 0, np.zeros((0, len(names), 3)))])
    return make_video(path, path.stem, names, given, frames)


def _names(path: Path, entries: Sequence[dict[str, Any]], given: Given) -> tuple[str, ...]:
    if not entries:
        return given.skeleton.joints if given.skeleton else COCO.joints
    image, points = entries[0]['image_id'], entries[0].get('keypoints')
    if not isinstance(points, list) or len(points) % 3:
        got = f'{len(points)} values' if isinstance(points, list) else points
        raise format_error(path, 'keypoints', 'x, y, score of each joint', got, image)
    return tuple(joint_names(path, 'keypoints', image, len(points) // 3, LAYOUTS, given))


def _poses(path: Path, image: str, people: list[Any], count: int) -> np.ndarray:
    def error(row: int, got: str) -> Exception:
        expected = f'{3 * count} finite numbers (x, y, score of {count} joints)'
        return format_error(path, 'keypoints', expected, got, image)

    return float_table(people, 3 * count, error).reshape(-1, count, 3)


def write_alphapose(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write AlphaPose's JSON, `idx` being the identity and `score` the mean score of the pose's joints.

    Images keep their names without folders, or are called by their numbers if those are no names of images.

    Args:
        path: the file.
        video: the poses.
        image_size: of no use.
    """
    with whole_file(path) as file:
        file.write('[')
        write_list(file.write, map(_entries, video.frames))
        file.write(']')


def _entries(frame: PoseFrame) -> list[dict[str, Any]]:
    image = Path(frame.file_name).name if Path(frame.file_name).suffix else f'{frame.frame_id}.jpg'
    boxes = boxes_of(frame)
    boxes[:, 2:] -= boxes[:, :2]
    columns = (flat_triples_of(frame), mean_scores(frame), boxes, frame.track_ids)
    rows = zip(*(np.round(column, 4).tolist() for column in columns), strict=True)
    return [
        {'image_id': image, 'category_id': 1, 'keypoints': points, 'score': score, 'box': box, 'idx': number}
        for points, score, box, number in rows
    ]
