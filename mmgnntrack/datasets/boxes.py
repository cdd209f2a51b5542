"""Boxes of people that take the detector's place."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from mmpose.structures.bbox import bbox_xywh2xyxy

from mmgnntrack.functional import pose_bboxes
from mmgnntrack.posetrack import PoseFrame, PoseVideo
from mmgnntrack.posetrack.errors import OneLineError, described, row_problem
from mmgnntrack.posetrack.reader import load_json

_PERSON = 1


def annotated_boxes(frame: PoseFrame) -> np.ndarray:
    """(n, 4) xyxy boxes of the annotated people of a frame; around their joints where the file gives none."""
    bboxes = np.where(np.isfinite(frame.bboxes), frame.bboxes, pose_bboxes(frame.keypoints, frame.annotated))
    return bboxes[frame.annotated.any(-1)].astype(np.float32)


def read_bbox_file(path: str | Path, videos: Sequence[PoseVideo]) -> dict[int | str, tuple[np.ndarray, np.ndarray]]:
    """Detected people in MMPose's `bbox_file` format: a list of dicts with `bbox` (x, y, w, h), `score`, `image_id`
    and `category_id` (1 for people).

    Args:
        path: the JSON file.
        videos: whose frames' `frame_id`s the image ids are; their `file_name`s where these repeat, as in PoseTrack17.

    Returns:
        For each image id in the file, boxes (n, 4) xyxy image px and scores (n,).

    Raises:
        ValueError: naming the file and the field or entry: not such a list, no entry for any frame of the videos, or
            an id that two frames have.
    """
    path = Path(path)
    entries = load_json(path)
    if not isinstance(entries, list):
        raise OneLineError(f'{path}: expected a list of boxes, got {type(entries).__name__}')
    people: dict[int | str, list[list[float]]] = {}
    for index, entry in enumerate(entries):
        try:
            box, score, image, category = (entry[key] for key in ('bbox', 'score', 'image_id', 'category_id'))
        except (KeyError, TypeError) as error:
            got = described(entry)
            raise OneLineError(
                f'{path}, entry {index}: expected bbox, score, image_id and category_id, got {got}'
            ) from error
        row = [*box, score] if isinstance(box, list) else box
        problem = row_problem(row, 5) or (None if isinstance(image, int | str) else f'image_id {described(image)}')
        if problem:
            expected = "'bbox' as x, y, w, h and 'score', all numbers, and 'image_id' as an integer or a name"
            raise OneLineError(f'{path}, entry {index}: expected {expected}, got {problem}')
        if category == _PERSON:
            people.setdefault(image, []).append(row)
    _check_ids(path, people, videos)
    tables = {image: np.array(rows, np.float32) for image, rows in people.items()}
    return {image: (bbox_xywh2xyxy(rows[:, :4]), rows[:, 4]) for image, rows in tables.items()}


def _check_ids(path: str | Path, ids: Collection[int | str], videos: Sequence[PoseVideo]) -> None:
    frames = [frame for video in videos for frame in video.frames]
    known = Counter(number for frame in frames for number in (frame.frame_id, frame.file_name) if number in ids)
    if not known:
        such = f', such as {frames[0].frame_id} or {frames[0].file_name!r}' if frames else ''
        raise OneLineError(f"{path}: expected frames' ids or names as image_id{such}, got none of them")
    image, count = known.most_common(1)[0]
    if count > 1:
        raise OneLineError(f'{path}: {count} frames have the id {image}, their file names are needed as image_id')
