"""Boxes of people that take the detector's place."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from mmpose.structures.bbox import bbox_xywh2xyxy

from mmgnntrack.functional import pose_bboxes
from mmgnntrack.posetrack import PoseFrame, PoseVideo

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
    entries = json.loads(Path(path).read_text())
    if not isinstance(entries, list):
        raise ValueError(f'{path}: expected a list of boxes, got {type(entries).__name__}')
    people: dict[int | str, list[list[float]]] = {}
    for index, entry in enumerate(entries):
        try:
            row = [*map(float, entry['bbox']), float(entry['score'])]
            image, category = entry['image_id'], entry['category_id']
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'{path}, entry {index}: expected bbox, score, image_id and category_id, got {entry!r:.200}'
            ) from error
        if len(row) != 5 or not np.isfinite(row).all():
            raise ValueError(f"{path}, entry {index}: expected 'bbox' as x, y, w, h and 'score', got {row}")
        if category == _PERSON:
            people.setdefault(image, []).append(row)
    _check_ids(path, people, videos)
    tables = {image: np.array(rows, np.float32) for image, rows in people.items()}
    return {image: (bbox_xywh2xyxy(rows[:, :4]), rows[:, 4]) for image, rows in tables.items()}


def _check_ids(path: str | Path, ids: Collection[int | str], videos: Sequence[PoseVideo]) -> None:
    frames = [frame for video in videos for frame in video.frames]
    known = Counter(number for frame in frames for number in (frame.frame_id, frame.file_name) if number in ids)
    if not known:
        first = frames[0]
        raise ValueError(
            f"{path}: expected frames' ids or names as image_id, such as {first.frame_id} or {first.file_name!r}, got "
            'none of them'
        )
    image, count = known.most_common(1)[0]
    if count > 1:
        raise ValueError(f'{path}: {count} frames have the id {image}, their file names are needed as image_id')
