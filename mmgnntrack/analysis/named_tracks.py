"""What the package's own weights are trained with: tracks of the joints that have names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mmgnntrack.posetrack import JOINTS, NAMED_JOINTS, POSETRACK, POSETRACK17_JOINTS, PoseFrame, PoseVideo
from mmgnntrack.posetrack.skeletons import joint_columns
from mmgnntrack.synthetic.config import SynthTrackConfig
from mmgnntrack.synthetic.poses import pose_video

_FOCAL = 1000.0


def named(video: PoseVideo) -> PoseVideo:
    """The poses of a video with the joints of `NAMED_JOINTS`, of which those that it lacks are not annotated."""
    columns = [NAMED_JOINTS.joints.index(joint) for joint in video.skeleton.joints]
    frames = []
    for frame in video.frames:
        fields = {}
        for field in ('keypoints', 'annotated', 'visible', 'keypoint_scores'):
            values = getattr(frame, field)
            wide = np.zeros((len(frame), len(NAMED_JOINTS.joints), *values.shape[2:]), values.dtype)
            wide[:, columns] = values
            fields[field] = wide
        frames.append(replace(frame, **fields))
    return replace(video, frames=frames, skeleton=NAMED_JOINTS)


def filmed(clips: Path, seed: int) -> Iterator[PoseVideo]:
    """Motion capture as a camera somewhere around sees it.

    Args:
        clips: npz of clips (frames, 15, 3), centimetres, y up, joints as `POSETRACK17_JOINTS`.
        seed: of the cameras.
    """
    rng = np.random.default_rng(seed)
    with np.load(clips) as archive:
        for name, points in sorted(archive.items()):
            points = points.astype(np.float64) / 100
            turn = Rotation.from_euler('yx', (rng.uniform(-180, 180), rng.uniform(-10, 35)), degrees=True)
            around = points.mean((0, 1))
            seen = turn.apply((points - around).reshape(-1, 3)).reshape(points.shape)
            depth = np.abs(seen).max() + rng.uniform(2, 6) - seen[..., 2:]
            xy = _FOCAL * (1 + seen[..., :2] * (1, -1) / depth)
            xy = xy[:, joint_columns(POSETRACK17_JOINTS, JOINTS)]
            one = np.ones((1, len(JOINTS)))
            frames = [
                PoseFrame.of(
                    dict(keypoints=pose[None], keypoint_scores=one, instances_id=np.zeros(1)),
                    f'{number:06}.jpg',
                    number,
                )
                for number, pose in enumerate(xy)
            ]
            yield PoseVideo(f'mocap_{name}', frames, skeleton=POSETRACK)


def drawn(videos: int, seed: int) -> Iterator[PoseVideo]:
    """So many videos of SynthTrack without its images."""
    config = SynthTrackConfig(seed=seed, train_videos=videos, frames=60)
    yield from (pose_video(config, 'train', index) for index in range(videos))
