"""Poses of a video that may be long, or without end."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mmgnntrack.files import unfinished, whole_file

from .posetrack18 import parse_posetrack18
from .video import PoseFrame, PoseVideo
from .writer import file_keypoints, frame_entry, write_document, write_list


class PoseStream:
    """Keeps the frames of a video in a file, one a line, so that memory does not grow with them, and writes them as
    result files when asked.

    Args:
        path: of that file; its folder must exist.
        video: its name, skeleton and info.
        keep: frames of an earlier run to go on from; what the file has beyond them is dropped.

    Raises:
        ValueError: if the file has fewer frames to keep.
    """

    def __init__(self, path: Path, video: PoseVideo, keep: int = 0) -> None:
        self.path = path
        self.video = replace(video, frames=[])
        self._digest, size = _first(path, keep) if keep else (sha256(), 0)
        fresh = unfinished(path)  # whoever still has the old file open writes into that
        if keep:
            shutil.copyfile(path, fresh)
            os.truncate(fresh, size)
        else:
            fresh.write_bytes(b'')
        fresh.replace(path)
        self._file = path.open('r+b')
        self._count = keep

    def __len__(self) -> int:
        return self._count

    def append(self, frame: PoseFrame, note: str | None = None) -> None:
        """Adds the next frame, and a note that no result file has. Raises ValueError for values that the formats cannot
        hold (see `write_video`)."""
        entry = (*frame_entry(self._count, frame, self.video), note)
        line = json.dumps(entry, separators=(',', ':'), allow_nan=False).encode() + b'\n'
        self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._digest.update(line)
        self._count += 1

    @property
    def digest(self) -> str:
        """Of the frames so far."""
        return self._digest.hexdigest()

    def flush(self) -> None:
        """Lets the file on disk have all frames so far."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def write_posetrack(self, path: Path) -> None:
        """Writes the frames so far as `write_video` does."""
        with whole_file(path) as file:
            write_document(file.write, self.video, self._count, self._entries)

    def write_coco(self, path: Path) -> None:
        """Writes the frames so far as COCO keypoint results with `track_id`s; `image_id` is the frame's number."""
        with whole_file(path) as file:
            file.write('[')
            joints = len(self.video.skeleton.joints)
            write_list(file.write, ([_coco_result(pose, joints) for pose in poses] for _, poses, _ in self._entries()))
            file.write(']')

    def frames(self) -> list[PoseFrame]:
        """The frames so far, as a written file would have them."""
        images, people, _ = zip(*self._entries(), strict=True) if self._count else ((), (), ())
        document = {'images': [*images], 'annotations': [*chain.from_iterable(people)]}
        skeleton = self.video.skeleton
        return parse_posetrack18(document, self.path, names=file_keypoints(skeleton), joints=skeleton.joints)

    def track_ids(self) -> set[int]:
        """Whoever is in the frames so far."""
        return {pose['track_id'] for _, poses, _ in self._entries() for pose in poses if 'track_id' in pose}

    def notes(self) -> Iterator[str | None]:
        """The notes of the frames so far."""
        return (note for _, _, note in self._entries())

    def _entries(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], str | None]]:
        place = 0  # the file of that name may be another run's by now
        for _ in range(self._count):
            self._file.seek(place)
            line = self._file.readline()
            place += len(line)
            yield json.loads(line)


def digest_of(path: Path, frames: int) -> str:
    """The `digest` of a stream with the first so many frames of a file.

    Raises:
        ValueError: if it has fewer.
    """
    return _first(path, frames)[0].hexdigest()


def _first(path: Path, frames: int) -> 'tuple[hashlib._Hash, int]':
    """What the first so many lines of a file hash to, and their bytes."""
    digest, count, size = sha256(), 0, 0
    with path.open('rb') as file:
        for line in islice(file, frames):
            digest.update(line)
            count, size = count + 1, size + len(line)
    if count < frames:
        raise ValueError(f'{path}: expected {frames} frames of an earlier run, got {count}')
    return digest, size


def _coco_result(pose: dict[str, Any], joints: int) -> dict[str, Any]:
    """COCO's results have scores where annotations have visibilities, and one score for the pose: the mean of its
    joints, without the ears that PoseTrack lacks."""
    keypoints, scores = list(pose['keypoints']), pose['scores']
    keypoints[2::3] = scores
    kept = {field: pose[field] for field in ('image_id', 'category_id', 'track_id', 'bbox') if field in pose}
    return {**kept, 'keypoints': keypoints, 'score': round(sum(scores) / joints, 4)}
