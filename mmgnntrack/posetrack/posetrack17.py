"""The layout of PoseTrack17 files: a list of frames, each with its people, each with its list of joints.

These files come from MATLAB, so every value may be wrapped in a list of one element.
Source of the layout: the data set's files and https://github.com/leonid-pishchulin/poseval (its README).
"""

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .errors import (
    AN_ID,
    FieldErrors,
    RowError,
    described,
    float_column,
    format_error,
    is_id,
    optional_table,
    polygon,
    track_id_column,
)
from .joints import JOINTS, POSETRACK17_JOINTS, joint_index
from .table import PoseTable
from .video import PoseFrame

_JOINT_OF_ID = np.array([joint_index(name) for name in POSETRACK17_JOINTS])
_HEAD = ('x1', 'y1', 'x2', 'y2')


def parse_posetrack17(document: dict[str, Any], path: Path, *, track_ids: bool = True) -> list[PoseFrame]:
    """The frames of a PoseTrack17 document.

    A frame is labelled if its `is_labeled` says so; without that entry, if it has people.

    Args:
        document: the parsed JSON.
        path: its file, named in errors.
        track_ids: whether to take the track ids; if not, they may be anything.

    Raises:
        PoseTrackFormatError: where the document is not as the format says.
    """
    entries = document.get('annolist')
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise format_error(path, 'annolist', 'a list of objects', entries)
    frames, people, frame_index = [], [], []
    for index, entry in enumerate(entries):
        persons = entry.get('annorect') or []
        frames.append(_frame(index, entry, bool(persons), path))
        if not isinstance(persons, list) or not all(isinstance(person, dict) for person in persons):
            raise format_error(path, 'annorect', 'a list of objects', persons, f'{index} ({frames[-1].file_name})')
        people += persons
        frame_index += [index] * len(persons)

    def errors(field: str, expected: str) -> RowError:
        def make(row: int, got: str) -> Exception:
            place = f'{frame_index[row]} ({frames[frame_index[row]].file_name})'
            return format_error(path, field, expected, got, place)

        return make

    table = _table(people, np.array(frame_index, np.int64), errors)
    if track_ids:
        ids = [_unwrap(person.get('track_id')) for person in people]
        table.track_ids = track_id_column(
            ids, errors('track_id', 'a non-negative integer (none or -1 where there is no track)')
        )
    table.fill(frames, errors('track_id', 'each track id at most once in a frame'))
    return frames


def _unwrap(value: Any) -> Any:
    """The value inside a list of one element, None for an empty list, other values as they are."""
    if isinstance(value, list) and len(value) <= 1:
        return value[0] if value else None
    return value


def _unwrap_all(values: list[Any]) -> list[Any]:
    """`_unwrap` for each value; where all are of one kind, at a fraction of the time."""
    types = set(map(type, values))
    if list not in types:
        return values
    if len(types) == 1 and set(map(len, values)) == {1}:
        return list(chain.from_iterable(values))
    return [_unwrap(value) for value in values]


def _frame(index: int, entry: dict[str, Any], has_people: bool, path: Path) -> PoseFrame:
    image = _unwrap(entry.get('image'))
    name = _unwrap(image.get('name')) if isinstance(image, dict) else None
    if not isinstance(name, str):
        raise format_error(path, 'image', "an object with the image's name", image, str(index))
    place = f'{index} ({name})'
    number = _unwrap(entry.get('imgnum'))
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if number is not None and not is_id(number):
        raise format_error(path, 'imgnum', AN_ID, number, place)
    labeled = _unwrap(entry.get('is_labeled'))
    return PoseFrame(
        file_name=name,
        frame_id=index if number is None else number,
        is_labeled=has_people if labeled is None else bool(labeled),
        ignore_regions=_regions(entry.get('ignore_regions') or [], place, path),
    )


def _regions(regions: Any, place: str, path: Path) -> list[np.ndarray]:
    def error(got: str) -> Exception:
        expected = "a list of {'point': [{'x': number, 'y': number}, ...]} with at least 3 points each"
        return format_error(path, 'ignore_regions', expected, got, place)

    polygons = []
    for region in regions if isinstance(regions, list) else [regions]:
        points = region.get('point') if isinstance(region, dict) else None
        if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
            raise error(described(region))
        x, y = ([_unwrap(point.get(axis)) for point in points] for axis in 'xy')
        polygons.append(polygon(x, y, error))
    return [corners for corners in polygons if corners is not None]


def _table(people: list[dict[str, Any]], frame_index: np.ndarray, errors: FieldErrors) -> PoseTable:
    """All poses without track ids."""

    points, owner = _points(people, errors('annopoints', "a list holding {'point': [...]}"))

    def point_errors(field: str, expected: str) -> RowError:
        make = errors(f'annopoints.point.{field}', expected)
        return lambda row, got: make(int(owner[row]), got)

    def column(field: str, default: float | None = None) -> np.ndarray:
        values = _unwrap_all([point.get(field) for point in points])
        if default is not None:
            values = [default if value is None else value for value in values]
        return float_column(values, point_errors(field, 'a finite number'))

    ids = column('id')
    wrong = np.flatnonzero(~np.isin(ids, np.arange(len(POSETRACK17_JOINTS))))
    if len(wrong):
        raise point_errors('id', f'a whole number 0 to {len(POSETRACK17_JOINTS) - 1}')(
            wrong[0], repr(float(ids[wrong[0]]))
        )
    joints = _JOINT_OF_ID[ids.astype(np.int64)]
    count = np.zeros((len(people), len(JOINTS)), np.int64)
    np.add.at(count, (owner, joints), 1)
    if (count > 1).any():
        raise errors('annopoints.point.id', 'each joint at most once')(int(np.argwhere(count > 1)[0, 0]), 'one twice')
    keypoints = np.zeros((*count.shape, 2))
    keypoints[owner, joints] = np.stack([column('x'), column('y')], -1)
    visible = np.zeros(count.shape, bool)
    visible[owner, joints] = column('is_visible', 1.0) > 0
    return PoseTable(
        frame_index=frame_index,
        keypoints=keypoints,
        annotated=count > 0,
        visible=visible,
        keypoint_scores=_scores(points, owner, joints, len(people), errors),
        track_ids=np.full(len(people), -1, np.int64),
        bboxes=np.full((len(people), 4), np.nan),
        head_bboxes=_head_boxes(people, errors),
    )


def _points(people: list[dict[str, Any]], error: RowError) -> tuple[list[dict[str, Any]], np.ndarray]:
    """All joints of all people in a row, and (P,) whose they are."""
    points, counts = [], []
    for row, person in enumerate(people):
        holder = _unwrap(person.get('annopoints')) or {}
        own = holder.get('point') if isinstance(holder, dict) else None
        own = [] if own is None and holder == {} else own
        if not isinstance(own, list) or not set(map(type, own)) <= {dict}:
            raise error(row, described(person.get('annopoints')))
        points += own
        counts.append(len(own))
    return points, np.repeat(np.arange(len(people)), counts)


def _scores(
    points: list[dict[str, Any]], owner: np.ndarray, joints: np.ndarray, people: int, errors: Any
) -> np.ndarray:
    """(N, K) scores: NaN for poses without any, zero for the joints that a scored pose lacks."""
    if not any('score' in point for point in points):
        return np.full((people, len(JOINTS)), np.nan)
    values = _unwrap_all([point.get('score') for point in points])
    given = np.array([value is not None for value in values], bool)
    scored = np.zeros(people, bool)
    scored[owner[given]] = True
    lacking = np.flatnonzero(scored[owner] & ~given)
    if len(lacking):
        raise errors('annopoints.point.score', 'a score on all joints of a pose or on none')(
            int(owner[lacking[0]]), 'a score on some'
        )
    make = errors('annopoints.point.score', 'a finite number')
    owners = owner[given]
    scores = np.where(scored[:, None], np.zeros((people, len(JOINTS))), np.nan)
    scores[owners, joints[given]] = float_column(
        [value for value in values if value is not None], lambda row, got: make(int(owners[row]), got)
    )
    return scores


def _head_boxes(people: list[dict[str, Any]], errors: FieldErrors) -> np.ndarray:
    """(N, 4) xyxy, NaN where one of the four values is not given."""
    rows = [[_unwrap(person.get(side)) for side in _HEAD] for person in people]
    rows = [None if None in row else row for row in rows]
    return optional_table(rows, 4, errors('x1, y1, x2, y2', '4 finite numbers, the head box'))
