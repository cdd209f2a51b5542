"""The layout of PoseTrack18 and PoseTrack21 files: COCO-like, `images` and `annotations` joined by image id.

Source of the layout: the data set's files and https://github.com/leonid-pishchulin/poseval (its README).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import (
    AN_ID,
    FieldErrors,
    RowError,
    described,
    float_table,
    format_error,
    is_id,
    optional_table,
    polygon,
    track_id_column,
)
from .joints import JOINTS, POSETRACK18_KEYPOINTS
from .skeletons import joint_columns
from .table import PoseTable
from .video import PoseFrame


def parse_posetrack18(
    document: dict[str, Any],
    path: Path,
    *,
    names: Sequence[str] | None = None,
    joints: Sequence[str] = JOINTS,
    track_ids: bool = True,
    third_is_score: bool = False,
) -> list[PoseFrame]:
    """The frames of a PoseTrack18 or PoseTrack21 document, in the order of `images`.

    Args:
        document: the parsed JSON.
        path: its file, named in errors.
        names: of the file's keypoints; None for those that the file gives.
        joints: the joints to take, in this order.
        track_ids: whether to take the track ids; if not, they may be anything.
        third_is_score: keypoints are x, y and score, as in COCO results, instead of visibility.

    Raises:
        PoseTrackFormatError: where the document is not as the format says.
    """
    images = _dicts(document, 'images', path)
    annotations = _dicts(document, 'annotations', path)
    frames = [_frame(index, image, path) for index, image in enumerate(images)]
    frame_index = _join(images, annotations, path)

    def errors(field: str, expected: str) -> RowError:
        def make(row: int, got: str) -> Exception:
            index = int(frame_index[row])
            return format_error(path, field, expected, got, f'{index} ({frames[index].file_name})')

        return make

    names = keypoint_names(document, path) if names is None else names
    try:
        columns = joint_columns(names, joints)
    except ValueError as error:
        raise format_error(
            path, 'categories', f'keypoint names that hold the {len(joints)} joints', str(error)
        ) from error
    table = _table(annotations, len(names), columns, frame_index, third_is_score, errors)
    if track_ids:
        ids = [annotation.get('track_id') for annotation in annotations]
        table.track_ids = track_id_column(
            ids, errors('track_id', 'a non-negative integer (none or -1 where there is no track)')
        )
    table.fill(frames, errors('track_id', 'each track id at most once in a frame'))
    return frames


def keypoint_names(document: dict[str, Any], path: Path) -> tuple[str, ...]:
    """The keypoints that a document names in `categories`; without such names the PoseTrack ones of that number.

    Raises:
        PoseTrackFormatError: for names that are no strings, or not different ones.
    """
    categories, annotations = document.get('categories'), document.get('annotations')
    for category in categories if isinstance(categories, list) else []:
        names = category.get('keypoints') if isinstance(category, dict) else None
        if names and isinstance(names, list):
            if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
                raise format_error(path, 'categories', 'different names of keypoints', names)
            return tuple(names)
    first = annotations[0] if annotations and isinstance(annotations, list) else None
    keypoints = first.get('keypoints') if isinstance(first, dict) else None
    fifteen = isinstance(keypoints, list) and len(keypoints) == 3 * len(JOINTS)
    return JOINTS if fifteen else POSETRACK18_KEYPOINTS


def _dicts(document: dict[str, Any], field: str, path: Path) -> list[dict[str, Any]]:
    items = document.get(field)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise format_error(path, field, 'a list of objects', items)
    return items


def _frame(index: int, image: dict[str, Any], path: Path) -> PoseFrame:
    name = image.get('file_name')
    place = f'{index} ({name})'
    if not isinstance(name, str):
        raise format_error(path, 'file_name', "the image's name", name, str(index))
    number = image.get('frame_id', image.get('id'))
    if not is_id(number):
        raise format_error(path, 'frame_id', AN_ID, number, place)

    def error(got: str) -> Exception:
        expected = 'polygons of at least 3 corners, each a list of numbers in ignore_regions_x and in ignore_regions_y'
        return format_error(path, 'ignore_regions', expected, got, place)

    x_lists, y_lists = image.get('ignore_regions_x') or [], image.get('ignore_regions_y') or []
    if not isinstance(x_lists, list) or not isinstance(y_lists, list) or len(x_lists) != len(y_lists):
        raise error(f'{described(x_lists)} and {described(y_lists)}')
    regions = [polygon(x, y, error) for x, y in zip(x_lists, y_lists, strict=True)]
    return PoseFrame(
        file_name=name,
        frame_id=number,
        is_labeled=bool(image.get('is_labeled', True)),
        ignore_regions=[region for region in regions if region is not None],
    )


def _join(images: list[dict[str, Any]], annotations: list[dict[str, Any]], path: Path) -> np.ndarray:
    """(N,) the position in `images` of each annotation's image."""
    positions: dict[Any, int] = {}
    for index, image in enumerate(images):
        place = f'{index} ({image["file_name"]})'
        number = image.get('id')
        if not is_id(number):
            raise format_error(path, 'id', AN_ID, number, place)
        if positions.setdefault(number, index) != index:
            raise format_error(path, 'id', 'an id of its own for each image', f'{number} twice', place)
    numbers = [annotation.get('image_id') for annotation in annotations]
    for row, number in enumerate(numbers):
        if type(number) not in (int, float) or number not in positions:
            frame = f'unknown (annotation {row})'
            raise format_error(path, 'image_id', "the id of one of the file's images", number, frame)
    return np.array([positions[number] for number in numbers], np.int64)


def _table(
    annotations: list[dict[str, Any]],
    width: int,
    columns: list[int],
    frame_index: np.ndarray,
    third_is_score: bool,
    errors: FieldErrors,
) -> PoseTable:
    """All poses without track ids; of `width` keypoints those at `columns`."""
    third = 'score' if third_is_score else 'visibility'
    triples = float_table(
        [annotation.get('keypoints') for annotation in annotations],
        3 * width,
        errors('keypoints', f'{3 * width} finite numbers (x, y, {third} of {width} keypoints)'),
    ).reshape(-1, width, 3)[:, columns]
    scores = (
        triples[..., 2]
        if third_is_score
        else optional_table(
            [annotation.get('scores') for annotation in annotations],
            width,
            errors('scores', f'{width} finite numbers, one per keypoint'),
        )[:, columns]
    )
    return PoseTable(
        frame_index=frame_index,
        keypoints=np.ascontiguousarray(triples[..., :2]),
        annotated=(triples != 0).any(-1),
        visible=triples[..., 2] > 0,
        keypoint_scores=scores,
        track_ids=np.full(len(annotations), -1, np.int64),
        bboxes=_boxes(annotations, 'bbox', errors),
        head_bboxes=_boxes(annotations, 'bbox_head', errors),
    )


def _boxes(
    annotations: list[dict[str, Any]],
    field: str,
    errors: FieldErrors,
) -> np.ndarray:
    """(N, 4) xyxy from the files' x, y, width, height."""
    rows = [annotation.get(field) for annotation in annotations]
    boxes = optional_table(rows, 4, errors(field, '4 finite numbers (x, y, width, height)'))
    boxes[:, 2:] += boxes[:, :2]
    return boxes
