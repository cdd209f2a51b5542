"""PoseTrack's and COCO's JSON, which `mmgnntrack.posetrack` reads and writes."""

from dataclasses import replace
from pathlib import Path

from mmgnntrack.posetrack import PoseStream, PoseVideo, read_poses, write_video

from .common import Given, ImageSize, scores_of


def read_posetrack(path: Path, given: Given) -> PoseVideo:
    """Read PoseTrack17, 18 or 21, such a file with other keypoints, or COCO keypoint results; see `read_poses`."""
    return read_poses(path, given.skeleton, given.images)


def write_posetrack(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write a PoseTrack18 file; see `write_video`."""
    write_video(path, video)


def write_coco(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write COCO keypoint results with `track_id`s, as `PoseStream` has them; scores that are missing are 1.

    Args:
        path: the file.
        video: the poses.
        image_size: of no use.
    """
    stream = PoseStream(path.with_name(f'.{path.name}.jsonl'), video)
    try:
        for frame in video.frames:
            stream.append(replace(frame, keypoint_scores=scores_of(frame)))
        stream.write_coco(path)
    finally:
        stream.close()
        stream.path.unlink()
