"""Reading the poses that any estimator found in a video, whose identities are not known yet."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from mmgnntrack.disk_list import DiskList

from .errors import AN_ID, format_error, is_id
from .large import is_large, read_annotations, read_frames, read_top
from .posetrack17 import parse_posetrack17
from .posetrack18 import keypoint_names, parse_posetrack18
from .reader import load_document, no_garbage_collection, unknown_format
from .skeletons import COCO, POSETRACK, Skeleton, is_posetrack, known_skeleton, skeleton_of
from .video import PoseFrame, PoseVideo

#: What reading in pieces fails with.
_UNFIT = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError)


def read_poses(path: str | Path, skeleton: Skeleton | None = None, images: str | Path | None = None) -> PoseVideo:
    """Read the poses of one video: a PoseTrack17, 18 or 21 file, one in PoseTrack18's layout with other joints, or COCO
    keypoint results, which are a list of objects with `image_id` and `keypoints` (x, y and score of each).

    Track ids are ignored, whatever they are. Poses without scores have NaN.

    Args:
        path: the JSON file.
        skeleton: of the poses, its joints in the file's order. None for the one that the file names, PoseTrack's or
            COCO's; in COCO results, which name none, PoseTrack's if they have 15 keypoints, COCO's if 17.
        images: a JSON file whose `images` (`id`, `file_name`) are the frames of COCO results in order, as in COCO and
            PoseTrack18 annotations. Without it they are the image ids that occur, ascending, named by their ids.
            Other files name their frames themselves.

    Returns:
        The video, named after the file, in image pixels. Its skeleton is PoseTrack's 15 joints if the file has them,
        with or without ears, and otherwise the file's.

    Raises:
        PoseTrackFormatError: naming file, frame and field, what was expected and what came.
    """
    path = Path(path)
    if is_large(path):
        with suppress(*_UNFIT):  # what is wrong is told below
            return _read_large(path, skeleton, images)
    with no_garbage_collection():
        document = load_document(path)
        if isinstance(document, list):
            kept, frames = _read_results(document, path, skeleton, None if images is None else Path(images))
        elif 'annolist' in document:
            kept, frames = _read_posetrack17(document, path, skeleton or POSETRACK)
        else:
            names, kept = _joints(document, path, skeleton)
            frames = parse_posetrack18(document, path, names=names, joints=kept.joints, track_ids=False)
    return PoseVideo(path.stem, frames, path, kept)


def _read_large(path: Path, skeleton: Skeleton | None, images: str | Path | None) -> PoseVideo:
    """The same without having the file in memory. Raises all kinds of errors where that cannot be."""
    top = read_top(path)
    if isinstance(top, list):
        skeleton = skeleton or _by_number(top[0], path)
        kept = skeleton.in_posetrack()
        listed = _listed(read_annotations(path), path) if images is None else _images(Path(images))
        parse = partial(_parse_results, path=path, skeleton=skeleton, kept=kept)
    else:
        names, kept = _joints(top, path, skeleton)
        listed = top['images']

        def parse(images: list[Any], annotations: list[Any]) -> list[PoseFrame]:
            document = {'images': images, 'annotations': annotations}
            return parse_posetrack18(document, path, names=names, joints=kept.joints, track_ids=False)

    return PoseVideo(path.stem, read_frames(path, listed, parse), path, kept)


def _joints(document: dict[str, Any], path: Path, skeleton: Skeleton | None) -> tuple[Sequence[str], Skeleton]:
    """The keypoints of a document, and the joints that are kept of them."""
    names = skeleton.joints if skeleton else keypoint_names(document, path)
    known = skeleton or known_skeleton(names)
    if known is None:
        raise format_error(path, 'categories', "PoseTrack's or COCO's keypoint names, or a metainfo", [*names])
    return names, known.in_posetrack()


def _read_posetrack17(document: dict[str, Any], path: Path, skeleton: Skeleton) -> tuple[Skeleton, list[PoseFrame]]:
    if not is_posetrack(skeleton.joints):
        raise format_error(path, 'annolist', f'poses of {len(skeleton.joints)} other joints', "PoseTrack17's 15")
    return skeleton.in_posetrack(), parse_posetrack17(document, path, track_ids=False)


def _read_results(
    entries: list[Any], path: Path, skeleton: Skeleton | None, images: Path | None
) -> tuple[Skeleton, list[PoseFrame]]:
    listed = _listed(entries, path)
    if images is not None:
        listed = _images(images)
    skeleton = skeleton or (_by_number(entries[0], path) if entries else COCO)
    kept = skeleton.in_posetrack()
    return kept, _parse_results(listed, entries, path, skeleton, kept)


def _listed(entries: Iterable[Any], path: Path) -> DiskList[dict[str, Any]]:
    """An image for each image id of COCO results, ascending."""
    ids = set()
    for row, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise format_error(path, 'file', 'COCO keypoint results, a list of objects', entry, f'of entry {row}')
        image = entry.get('image_id')
        if not is_id(image):
            raise format_error(path, 'image_id', AN_ID, image, f'of entry {row}')
        ids.add(image)
    return DiskList({'id': number, 'file_name': str(number)} for number in sorted(ids))


def _parse_results(
    images: Sequence[Any], entries: list[Any], path: Path, skeleton: Skeleton, kept: Skeleton
) -> list[PoseFrame]:
    # The entries' other fields, such as boxes, are of no use here and differ from tool to tool.
    annotations = [{'image_id': entry['image_id'], 'keypoints': entry.get('keypoints')} for entry in entries]
    document = {'images': [*images], 'annotations': annotations}
    return parse_posetrack18(document, path, names=skeleton.joints, joints=kept.joints, third_is_score=True)


def _by_number(entry: dict[str, Any], path: Path) -> Skeleton:
    keypoints = entry.get('keypoints')
    count = len(keypoints) if isinstance(keypoints, list) else None
    skeleton = skeleton_of(count // 3) if count is not None and count % 3 == 0 else None
    if skeleton is None:
        expected = 'x, y, score of 15 (PoseTrack) or 17 (COCO) keypoints, or a metainfo that describes others'
        got = f'{count} values' if count is not None else keypoints
        raise format_error(path, 'keypoints', expected, got, str(entry['image_id']))
    return skeleton


def _images(path: Path) -> list[Any]:
    document = load_document(path)
    if not isinstance(document, dict) or not isinstance(document.get('images'), list):
        raise unknown_format(document, path)
    # Whatever is wrong with them is wrong in this file.
    parse_posetrack18({'images': document['images'], 'annotations': []}, path, names=POSETRACK.joints)
    return document['images']
