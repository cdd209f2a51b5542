"""SLEAP's poses, `.slp`, through sleap-io.

Source of the interface: sleap-io's documentation (https://io.sleap.ai), "Data model" and "Formats".
"""

from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mmgnntrack.posetrack import PoseFrame, PoseVideo, format_error
from mmgnntrack.posetrack.errors import said

from .common import Given, ImageSize, RawFrame, make_video, mean_scores, scores_of


def _sleap_io(path: Path) -> ModuleType:
    try:
        import sleap_io
    except ImportError as error:
        raise ValueError(f"{path}: SLEAP's files need {error.name}: pip install sleap-io") from error
    return sleap_io


def read_sleap(path: Path, given: Given) -> PoseVideo:
    """Read a `.slp` of one video. A node that is not visible is missing; tracks are ignored. Where people have
    corrected a prediction, the correction is read instead. Frame 0 is there even if nobody is labelled in it.

    Raises:
        PoseTrackFormatError: naming the file, what was expected and what came.
        ValueError: if sleap-io is missing; says how to get it.
    """
    sleap_io = _sleap_io(path)
    try:
        labels = sleap_io.load_slp(str(path), open_videos=False)
    except Exception as error:  # HDF and the JSON in it fail in many ways
        raise format_error(path, 'file', "SLEAP's labels", said(error)) from error
    if len(labels.videos) > 1:
        raise format_error(path, 'videos', 'one', f'{len(labels.videos)}')
    if len(labels.skeletons) != 1:
        raise format_error(path, 'skeletons', 'one', f'{len(labels.skeletons)}')
    (skeleton,) = labels.skeletons
    names = [str(name) for name in skeleton.node_names]
    frames = {int(labelled.frame_idx): _poses(labelled, len(names)) for labelled in labels.labeled_frames}
    frames.setdefault(0, np.zeros((0, len(names), 3)))
    raw = (RawFrame(str(number), number, poses) for number, poses in frames.items())
    video = make_video(path, path.stem, names, given, raw)
    links = tuple((str(start), str(end)) for start, end in skeleton.edge_names)
    if video.skeleton.joints == tuple(names) and not video.skeleton.links:
        video.skeleton = replace(video.skeleton, links=links)
    return video


def _poses(labelled: Any, count: int) -> np.ndarray:
    """(n, count, 3) of a LabeledFrame."""
    corrected = {id(instance.from_predicted) for instance in labelled.user_instances}
    predicted = [instance for instance in labelled.unused_predictions if id(instance) not in corrected]
    unknown = np.full((count, 1), np.nan)
    poses = [np.hstack([instance.numpy(), unknown]) for instance in labelled.user_instances]
    poses += [instance.numpy(scores=True) for instance in predicted]
    return np.array(poses, np.float64).reshape(-1, count, 3)


def write_sleap(path: Path, video: PoseVideo, image_size: ImageSize | None = None) -> None:
    """Write a `.slp` with a track, `trackN`, for each identity N, of predicted instances with their nodes' scores.
    The video it names is `NAME.mp4`; SLEAP asks where it is.

    Args:
        path: the file.
        video: the poses.
        image_size: of no use.

    Raises:
        ValueError: if sleap-io is missing; says how to get it.
    """
    sleap_io = _sleap_io(path)
    joints = video.skeleton.joints
    skeleton = sleap_io.Skeleton(
        nodes=[*joints], edges=[*video.skeleton.links], symmetries=[*video.skeleton.swaps], name='pose'
    )
    images = sleap_io.Video(filename=f'{video.name}.mp4', open_backend=False)
    numbers = sorted({*chain.from_iterable(frame.track_ids.tolist() for frame in video.frames)})
    tracks = {number: sleap_io.Track(f'track{number}') for number in numbers if number >= 0}

    def instances(frame: PoseFrame) -> list[Any]:
        xy = np.where(frame.annotated[..., None], frame.keypoints, np.nan)
        columns = (frame.track_ids.tolist(), xy, scores_of(frame), mean_scores(frame).tolist())
        return [
            sleap_io.PredictedInstance.from_numpy(
                pose, skeleton=skeleton, point_scores=scores, score=score, track=tracks.get(track), tracking_score=0.0
            )
            for track, pose, scores, score in zip(*columns)
        ]

    labelled = [
        sleap_io.LabeledFrame(video=images, frame_idx=frame.frame_id, instances=instances(frame))
        for frame in video.frames
    ]
    labels = sleap_io.Labels(labelled, videos=[images], skeletons=[skeleton], tracks=[*tracks.values()])
    labels.provenance['mmgnntrack'] = dict(video.info).get('description', 'tracked poses')
    labels.save(str(path))
