"""OpenPose's poses: a folder with a JSON file for each frame, `NAME_000000000012_keypoints.json`.

Source of the layout: OpenPose's documentation, "Output" (doc/02_output.md, `--write_json`), and the names in its
src/openpose/pose/poseParameters.cpp.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from mmgnntrack.files import write_text
from mmgnntrack.posetrack import COCO, PoseVideo, format_error
from mmgnntrack.posetrack.errors import float_table
from mmgnntrack.posetrack.reader import load_json

from .common import Given, ImageSize, RawFrame, clear, frame_files, joint_names, make_video, triples_of

ENDING = '_keypoints.json'


def _sides(first: str, second: str) -> tuple[str, ...]:
    """The joints from hip to ankle, or from shoulder to wrist, of one side and then of the other."""
    return tuple(f'{side}_{part}' for side in ('right', 'left') for part in (first, *second.split()))


_ARMS = _sides('shoulder', 'elbow wrist')
_LEGS = _sides('hip', 'knee ankle')
_FACE = ('right_eye', 'left_eye', 'right_ear', 'left_ear')
_FEET = tuple(f'{side}_{part}' for side in ('left', 'right') for part in ('big_toe', 'small_toe', 'heel'))

#: The joints of OpenPose's models, by their number: BODY_25, COCO and MPI, none with the background.
LAYOUTS = {
    25: ('nose', 'neck', *_ARMS, 'mid_hip', *_LEGS, *_FACE, *_FEET),
    18: ('nose', 'neck', *_ARMS, *_LEGS, *_FACE),
    15: ('head', 'neck', *_ARMS, *_LEGS, 'chest'),
}
#: What OpenPose's files have for each person besides.
_REST = ('face_keypoints_2d', 'hand_left_keypoints_2d', 'hand_right_keypoints_2d')


def read_openpose(path: Path, given: Given) -> PoseVideo:
    """Read a folder of `*_keypoints.json`, one for each frame of a video, with coordinates in px (OpenPose's default,
    `--keypoint_scale 0`).

    A joint with confidence 0 is missing. The video is called as the files, or as the folder if their names are
    numbers alone. Identities, faces and hands are ignored.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
    """
    files = {file.name: file for file in path.glob(f'*{ENDING}')}
    if not files:
        raise format_error(path, 'folder', f'at least one *{ENDING} file', 'none')
    name, numbers = frame_files(path, sorted(files), ENDING)
    count, first, place = len(given.skeleton.joints) if given.skeleton else 25, path, ''
    for file, number in numbers.items():
        people = _people(files[file], str(number))
        if people:
            count, first, place = len(people[0]) // 3, files[file], str(number)
            break
    names = joint_names(first, 'pose_keypoints_2d', place, count, LAYOUTS, given)
    frames = (
        RawFrame(file.removesuffix(ENDING), number, _poses(files[file], str(number), count))
        for file, number in numbers.items()
    )
    return make_video(path, name or path.resolve().name, names, given, frames)


def _people(path: Path, frame: str) -> list[list[float]]:
    """The keypoints of a frame's people who have any."""
    document = load_json(path, frame)
    people = document.get('people') if isinstance(document, dict) else None
    if not isinstance(people, list):
        raise format_error(path, 'people', 'a list of objects', document if people is None else people, frame)
    found = []
    for person in people:
        points = person.get('pose_keypoints_2d') if isinstance(person, dict) else None
        if not isinstance(points, list) or len(points) % 3:
            got = f'{len(points)} values' if isinstance(points, list) else person
            raise format_error(path, 'pose_keypoints_2d', 'x, y, confidence of each joint', got, frame)
        if points:
            found.append(points)
    return found


def _poses(path: Path, frame: str, count: int) -> np.ndarray:
    """(n, count, 3) of a frame."""

    def error(row: int, got: str) -> Exception:
        expected = f'{3 * count} finite numbers (x, y, confidence of {count} joints)'
        return format_error(path, 'pose_keypoints_2d', expected, got, frame)

    return float_table(_people(path, frame), 3 * count, error).reshape(-1, count, 3)


def write_openpose(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write a folder with a JSON for each frame, as OpenPose names them, `person_id` being the identity.

    COCO's 17 joints are written as OpenPose's 18, without the neck, which is not there; others in their own order.

    Args:
        path: the folder; frames of this video that are there are replaced.
        video: the poses.
        image_size: of no use.
    """
    joints = video.skeleton.joints
    layout = LAYOUTS[18] if joints == COCO.joints else joints
    columns = [layout.index(joint) for joint in joints]
    written = re.compile(rf'{re.escape(video.name)}_\d+{re.escape(ENDING)}')
    clear(path, lambda name: not written.fullmatch(name))
    for frame in video.frames:
        points = np.zeros((len(frame), len(layout), 3))
        points[:, columns] = triples_of(frame)
        ids = frame.track_ids.tolist()
        people = [
            _person(number, pose) for number, pose in zip(ids, points.reshape(len(frame), 3 * len(layout)).tolist())
        ]
        document = json.dumps({'version': 1.3, 'people': people}, separators=(',', ':'), allow_nan=False)
        write_text(path / f'{video.name}_{frame.frame_id:012d}{ENDING}', document)


def _person(number: int, points: list[float]) -> dict[str, Any]:
    return {'person_id': [number], 'pose_keypoints_2d': points, **{field: [] for field in _REST}}
