from pathlib import Path

import numpy as np
import pytest
from videos import a_video

from mmgnntrack.analysis.named_tracks import drawn, filmed, named
from mmgnntrack.posetrack import JOINTS, NAMED_JOINTS, POSETRACK17_JOINTS
from mmgnntrack.posetrack.skeletons import joint_columns


def test_joints_keep_their_places() -> None:
    video = a_video({0: 1.0, 1: 5.0}, {0: 2.0})
    wide = named(video)
    assert wide.skeleton is NAMED_JOINTS
    columns = joint_columns(NAMED_JOINTS.joints, JOINTS)
    for before, after in zip(video.frames, wide.frames):
        np.testing.assert_array_equal(after.keypoints[:, columns], before.keypoints)
        np.testing.assert_array_equal(after.track_ids, before.track_ids)
        assert after.annotated.sum() == before.annotated.sum()


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A person of 1.8 m who stands still, faces +z, and lifts the right wrist (at -x) from frame 5 on."""
    pose = np.zeros((15, 3))
    heights = dict(ankle=10, knee=50, hip=90, wrist=80, elbow=110, shoulder=140, neck=145, nose=160, top=178)
    for row, joint in enumerate(POSETRACK17_JOINTS):
        side, _, part = joint.rpartition('_')
        pose[row] = (dict(right=-20, left=20).get(side, 0), heights[part], 0)
    clip = np.tile(pose, (10, 1, 1))
    clip[5:, POSETRACK17_JOINTS.index('right_wrist'), 1] = 170
    np.savez(tmp_path / 'joints.npz', b=clip.astype(np.float16), a=clip[:3].astype(np.float16))
    return tmp_path / 'joints.npz'


def test_motion_capture(clips: Path) -> None:
    """In every view people are upright, and what moves in space moves in the image."""
    for seed in range(5):
        short, video = filmed(clips, seed)
        assert (short.name, len(short), len(video)) == ('mocap_a', 3, 10)
        poses = np.concatenate([frame.keypoints for frame in video.frames])
        assert poses.shape == (10, 15, 2) and np.isfinite(poses).all()
        place = {joint: poses[:, column] for column, joint in enumerate(JOINTS)}
        assert (place['head_top'][:, 1] < place['left_ankle'][:, 1]).all()
        moved = np.abs(np.diff(poses, axis=0)).max(-1) > 1e-9
        assert np.argwhere(moved).tolist() == [[4, JOINTS.index('right_wrist')]]


def test_cameras_are_drawn_and_do_not_mirror(clips: Path) -> None:
    """Seen from above, as most are, somebody's front is clockwise of the left side; in a mirror it would not be."""
    with np.load(clips) as archive:
        clip = archive['a'].astype(np.float64)
    clip[:, POSETRACK17_JOINTS.index('nose')] = (0, 145, 100)
    np.savez(clips, a=clip)
    clockwise, facing = [], []
    for seed in range(40):
        (video,) = filmed(clips, seed)
        place = dict(zip(JOINTS, video.frames[0].keypoints[0]))
        left = place['left_shoulder'] - place['right_shoulder']
        front = place['nose'] - place['head_bottom']
        clockwise.append(left[0] * front[1] - left[1] * front[0] > 0)
        facing.append(left[0] > 0)
    assert np.mean(clockwise) > 0.6
    assert 10 < sum(facing) < 30
    (again,) = filmed(clips, 39)
    np.testing.assert_array_equal(again.frames[0].keypoints, video.frames[0].keypoints)


def test_synthtrack() -> None:
    one, other = drawn(2, seed=3)
    assert one.name != other.name and len(one) == 60 and one.skeleton is NAMED_JOINTS
