"""Which frame of the predictions belongs to which of the annotations."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import PurePosixPath

from mmgnntrack.posetrack import PoseFrame, PoseVideo, format_error

#: What files say of a frame, the surest first: folders and suffixes differ between tools.
_SAID: dict[str, Callable[[PoseFrame], Hashable]] = {
    'image names': lambda frame: PurePosixPath(frame.file_name.replace('\\', '/')).stem,
    'frame ids': lambda frame: frame.frame_id,
}


def aligned(gt: PoseVideo, pred: PoseVideo) -> tuple[PoseVideo, str | None]:
    """The predictions in the order of the annotated frames, and what is to be told about it, if anything.

    Frames belong together by the names of their images, or, where these have nothing in common, by their ids. Where
    neither has, they belong together by position, as the official evaluator takes all; that is told.

    Args:
        gt: the annotated video.
        pred: as many frames; others are left to `match_video` to refuse.

    Raises:
        PoseTrackFormatError: naming file and frame, where some frames are of the annotated video and others are not, or
            names and ids say different things.
    """
    if len(gt) != len(pred):
        return pred, None
    orders = {field: _order(gt, pred, field) for field in _SAID}
    known = {field: order for field, order in orders.items() if order is not None}
    if not known:
        return pred, 'names and ids of its frames are others than in the annotations: they were taken by position'
    order, *others = known.values()
    for other in others:
        if order != other:
            row = next(row for row, (one, two) in enumerate(zip(order, other)) if one != two)
            frame = pred.frames[other[row]]
            expected = f'its id to be that of {gt.frames[row].file_name}, as its name is'
            raise format_error(_place(pred), 'frame_id', expected, frame.frame_id, f'{other[row]} ({frame.file_name})')
    if order == list(range(len(gt))):
        return pred, None
    note = f'its frames are in another order than the annotations: they were taken by their {next(iter(known))}'
    return replace(pred, frames=[pred.frames[row] for row in order]), note


def _order(gt: PoseVideo, pred: PoseVideo, field: str) -> list[int] | None:
    """Where each annotated frame is among the predictions; None where the field has nothing in common, or does not
    tell frames apart."""
    wanted, found = ([_SAID[field](frame) for frame in video.frames] for video in (gt, pred))
    places, known = {value: row for row, value in enumerate(found)}, {*wanted}
    if len(places) < len(found) or len(known) < len(wanted) or not places.keys() & known:
        return None
    if field == 'frame ids' and places.keys() != known:
        return None  # one may count from 0, the other from 1
    for row, value in enumerate(found):
        if value not in known:
            frame = pred.frames[row]
            raise format_error(_place(pred), 'image', f'one of {_place(gt)}', frame.file_name, str(row))
    return [places[value] for value in wanted]


def _place(video: PoseVideo) -> str:
    return str(video.path or f'video {video.name}')
