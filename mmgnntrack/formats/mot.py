"""MOTChallenge's boxes, which TrackEval and CVAT read: `frame,id,x,y,w,h,conf,-1,-1,-1`, frames from 1.

Source of the layout: https://motchallenge.net/instructions and TrackEval's docs/MOTChallenge-Official/Readme.md.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmgnntrack.files import whole_file
from mmgnntrack.posetrack import PoseVideo

from .common import ImageSize, boxes_of, counted_from_one, mean_scores


def write_mot(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write the boxes of poses that have identities, in px, `conf` being the mean score of the pose's joints. A pose
    without a box has that of its joints.

    Args:
        path: the text file.
        video: the poses; its frame ids are the frames' numbers, or from the first one if they begin at 0 or name a
            video besides, as PoseTrack18's.
        image_size: of no use.
    """
    with whole_file(path) as file:
        file.writelines(_lines(video))


def _lines(video: PoseVideo) -> Iterator[str]:
    for number, frame in zip(counted_from_one(video.frames), video.frames):
        boxes = boxes_of(frame)
        boxes[:, 2:] -= boxes[:, :2]
        for track, box, score in zip(frame.track_ids.tolist(), boxes, mean_scores(frame)):
            values = ','.join(_number(value) for value in np.round([*box, score], 4))
            yield f'{number},{track},{values},-1,-1,-1\n'


def _number(value: float) -> str:
    """As short as can be with four decimals."""
    return f'{value:.4f}'.rstrip('0').rstrip('.')
