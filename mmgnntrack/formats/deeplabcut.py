"""DeepLabCut's poses: a table with a row a frame, as CSV or as pandas' HDF, whose columns have the levels scorer,
individuals (where there are several), bodyparts and coords (x, y, likelihood).

Source of the layout: DeepLabCut's documentation, "Standard DeepLabCut 2.0 Project: The Output", and
"maDLC: analyze videos" for individuals.
"""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from mmgnntrack.files import whole_file
from mmgnntrack.posetrack import PoseVideo, format_error
from mmgnntrack.posetrack.errors import said

from .common import Given, ImageSize, RawFrame, last_number, make_video, triples_of

_LEVELS = ('scorer', 'individuals', 'bodyparts', 'coords')
_COORDS = ('x', 'y', 'likelihood')
#: A row's name and its numbers.
Row = tuple[str, np.ndarray]
#: The individual that has the body parts of nobody, in projects with several individuals.
_NOBODY = 'single'
_SCORER = 'mmgnntrack'


def read_deeplabcut(path: Path, given: Given) -> PoseVideo:
    """Read DeepLabCut's table of a video. A joint whose x or y is NaN or empty is missing; each individual of a row
    that has a joint is a pose, its identity is ignored; without likelihood joints have no scores.

    Args:
        path: the `.csv`, or the `.h5`, which needs `tables` (PyTables). The latter has to be trusted: pandas keeps
            pickles in it, and HDF5 crashes on some damaged ones.
        given: what else is known.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
        ValueError: if PyTables is missing; says how to get it.
    """
    header, rows = _read_csv(path) if path.suffix == '.csv' else _read_hdf(path)
    names, columns = _poses(path, header)
    return make_video(path, path.stem, names, given, _frames(path, rows, columns))


def _frames(path: Path, rows: Iterable[Row], columns: np.ndarray) -> Iterator[RawFrame]:
    numbers = set()
    for label, values in rows:
        number = _number(path, label)
        if number in numbers:
            raise format_error(path, 'row', 'a number of its own for each frame', f'{label} twice')
        numbers.add(number)
        poses = np.full(columns.shape, np.nan)
        poses[columns >= 0] = values[columns[columns >= 0]]
        yield RawFrame(label, number, poses)


def _read_csv(path: Path) -> tuple[dict[str, list[str]], Iterator[Row]]:
    """The header's levels, and the rows."""
    lines = _lines(path)
    header, first = {}, next(lines, None)
    while first and first[0] in _LEVELS:
        header[first[0]] = first
        first = next(lines, None)
    if 'coords' not in header or 'bodyparts' not in header:
        got = first[0] if first and not header else [*header]
        raise format_error(path, 'header', "rows 'scorer', 'bodyparts' and 'coords'", got)
    # Newer versions split an image's path over several columns.
    skipped = next((place for place, coord in enumerate(header['coords']) if coord in _COORDS), 1)
    width = len(header['coords'])

    def check(row: list[str], label: str) -> None:
        if len(row) != width:
            raise format_error(path, 'row', f'{width} values', f'{len(row)}', label)

    def rows() -> Iterator[Row]:
        for row in chain([first] if first else [], lines):
            label = '/'.join(row[:skipped]).strip('/')
            check(row, label)
            yield label, np.array([_value(path, cell, label) for cell in row[skipped:]])

    for level, cells in header.items():
        check(cells, level)
    return {level: cells[skipped:] for level, cells in header.items()}, rows()


def _lines(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV that have something in them."""
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:  # spreadsheets begin it with a mark
            yield from filter(None, csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise format_error(path, 'file', 'a table in UTF-8', said(error)) from error


def _value(path: Path, cell: str, label: str) -> float:
    try:
        return float(cell) if cell else np.nan
    except ValueError:
        raise format_error(path, 'coords', 'a number', repr(cell), label) from None


def _read_hdf(path: Path) -> tuple[dict[str, list[str]], Iterable[Row]]:
    """What `_read_csv` gives, of the first table in a file of pandas."""
    try:
        import pandas
        import tables  # noqa: F401 (pandas needs it, and says so in many lines)
    except ImportError as error:
        raise ValueError(f'{path}: reading HDF needs {error.name}: pip install tables') from error
    try:
        with pandas.HDFStore(path, 'r') as store:
            key = next(iter(store.keys()), None)
            table = None if key is None else store[key]
    except Exception as error:  # PyTables, pandas and the pickles in the file fail in many ways
        raise format_error(path, 'file', 'HDF that pandas wrote', said(error)) from error
    levels = [*table.columns.names] if table is not None else []
    if 'coords' not in levels or 'bodyparts' not in levels:
        raise format_error(path, 'columns', "levels 'scorer', 'bodyparts' and 'coords'", levels)
    header = {level: [str(name) for name in table.columns.get_level_values(level)] for level in levels}
    labels = ['/'.join(map(str, row)) if isinstance(row, tuple) else str(row) for row in table.index]
    return header, zip(labels, table.to_numpy(np.float64), strict=True)


def _poses(path: Path, header: dict[str, list[str]]) -> tuple[list[str], np.ndarray]:
    """The body parts of an individual, and (individuals, body parts, 3) their columns, -1 for what is not there."""
    parts, coords = header['bodyparts'], header['coords']
    individuals = header.get('individuals', [''] * len(parts))
    where: dict[tuple[str, ...], int] = {}
    for column, key in enumerate(zip(individuals, parts, coords, strict=True)):
        if where.setdefault(key, column) != column:
            raise format_error(path, 'header', 'each column once', f'{" ".join(filter(None, key))} twice')
    bodies = {individual: [] for individual in individuals}
    for individual, part, coord in where:
        if coord == 'x':
            bodies[individual].append(part)
    if len(bodies) > 1:
        bodies.pop(_NOBODY, None)
    names = next(iter(bodies.values()), [])
    if not names:
        raise format_error(path, 'bodyparts', 'at least one with x and y', 'none')
    for individual, body in bodies.items():
        if {*body} != {*names}:
            expected = f'the same of each individual, {", ".join(names)}'
            raise format_error(path, 'bodyparts', expected, f'{", ".join(body)} of {individual}')
    columns = [
        [[where.get((individual, part, coord), -1) for coord in _COORDS] for part in names] for individual in bodies
    ]
    if (np.array(columns)[..., :2] < 0).any():
        raise format_error(path, 'coords', 'x and y of each body part', sorted({*coords}))
    return names, np.array(columns)


def _number(path: Path, label: str) -> int:
    """A row is called by its frame's number, or by the path of its image."""
    found = last_number(Path(label).stem)
    if found is None:
        raise format_error(path, 'row', "a frame's number", label)
    return found[1]


def write_deeplabcut(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write DeepLabCut's CSV with an individual, `trackN`, for each identity N; empty where it or a joint is missing.

    Args:
        path: the file.
        video: the poses, all with identities.
        image_size: of no use.

    Raises:
        ValueError: for poses without identities.
    """
    tracks = sorted({*chain.from_iterable(frame.track_ids.tolist() for frame in video.frames)})
    if tracks and tracks[0] < 0:
        raise ValueError(f'video {video.name}: expected identities of all poses, as DeepLabCut has columns for each')
    joints = video.skeleton.joints
    places = {track: 3 * len(joints) * place for place, track in enumerate(tracks)}
    keys = [(_SCORER, f'track{track}', joint, coord) for track in tracks for joint in joints for coord in _COORDS]
    with whole_file(path) as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerows([level, *(key[place] for key in keys)] for place, level in enumerate(_LEVELS))
        for frame in video.frames:
            row: list[object] = [''] * len(keys)
            for track, there, pose in zip(frame.track_ids.tolist(), frame.annotated, triples_of(frame).tolist()):
                cells = [value if known else '' for known, joint in zip(there, pose) for value in joint]
                row[places[track] : places[track] + len(cells)] = cells
            table.writerow([frame.frame_id, *row])
