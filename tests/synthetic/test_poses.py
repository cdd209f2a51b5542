from pathlib import Path

import numpy as np

from mmgnntrack.posetrack import JOINTS, NAMED_JOINTS, read_video
from mmgnntrack.synthetic.config import SynthTrackConfig
from mmgnntrack.synthetic.dataset import Video, write_video
from mmgnntrack.synthetic.poses import pose_video

CONFIG = SynthTrackConfig(frames=3, partly_labelled_share=0.0, subframes=1, supersampling=1)


def test_are_those_of_the_images(tmp_path: Path) -> None:
    """Where a person is labelled in an image, each joint is where the pose has it."""
    video = Video('train', 2)
    write_video(tmp_path, video, CONFIG)
    labelled = read_video(tmp_path / video.annotation)
    poses = pose_video(CONFIG, 'train', 2)
    columns = [NAMED_JOINTS.joints.index(joint) for joint in JOINTS]
    compared = 0
    for truth, frame in zip(labelled.frames, poses.frames, strict=True):
        for row, person in enumerate(truth.track_ids.tolist()):
            (own,) = np.flatnonzero(frame.track_ids == person)
            there = truth.annotated[row]
            np.testing.assert_array_equal(frame.annotated[own][columns], there)
            np.testing.assert_allclose(frame.keypoints[own][columns][there], truth.keypoints[row][there], atol=0.01)
            compared += there.sum()
    assert compared > 50


def test_joints_that_are_not_drawn_lie_where_they_belong() -> None:
    """Eyes above the nose and nearer to it than the ears; toes apart, farther from the ankle than the heel."""
    frames = pose_video(SynthTrackConfig(frames=20, speed=1.0), 'train', 0).frames
    joints = NAMED_JOINTS.joints
    poses = np.concatenate([frame.keypoints[frame.annotated.all(-1)] for frame in frames])
    place = {joint: poses[:, column] for column, joint in enumerate(joints)}
    assert len(poses) > 20

    def apart(one: str, other: str) -> np.ndarray:
        return np.linalg.norm(place[one] - place[other], axis=-1)

    assert (place['left_eye'][:, 1] < place['nose'][:, 1]).mean() > 0.9
    assert apart('left_eye', 'right_eye').mean() < apart('left_ear', 'right_ear').mean()
    assert apart('left_ear', 'right_ear').mean() < apart('left_shoulder', 'right_shoulder').mean()
    for side in ('left', 'right'):
        assert apart(f'{side}_eye', 'nose').mean() < apart(f'{side}_ear', 'nose').mean()
        assert apart(f'{side}_heel', f'{side}_ankle').mean() < apart(f'{side}_big_toe', f'{side}_ankle').mean()
        assert apart(f'{side}_small_toe', f'{side}_big_toe').mean() < apart(f'{side}_big_toe', f'{side}_heel').mean()


def test_the_same_again() -> None:
    one, other = (pose_video(CONFIG, 'train', 1) for _ in range(2))
    for frame, again in zip(one.frames, other.frames, strict=True):
        np.testing.assert_array_equal(frame.keypoints, again.keypoints)
    assert not np.array_equal(one.frames[0].keypoints, pose_video(CONFIG, 'val', 1).frames[0].keypoints)
