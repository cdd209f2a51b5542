"""What the tests of the formats share."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mmgnntrack.posetrack import COCO, PoseFrame, PoseVideo, Skeleton, large


def a_tracked_frame(number: int, tracks: Sequence[int], skeleton: Skeleton, missing: Sequence[int] = ()) -> PoseFrame:
    """People whose joint k lies at (100 track + number + k, 50 + 2 k), with score (k + 1) / 200; of the first one,
    joints are missing."""
    n, count = len(tracks), len(skeleton.joints)
    joints = np.arange(count, dtype=float)
    x = 100.0 * np.reshape(tracks, (n, 1)) + number + joints
    there = np.ones((n, count), bool)
    there[:1, list(missing)] = False
    keypoints = np.stack([x, np.broadcast_to(50 + 2 * joints, x.shape)], -1)
    return PoseFrame(
        file_name=f'images/{number:06d}.jpg',
        frame_id=number,
        keypoints=np.where(there[..., None], keypoints, 0),
        annotated=there,
        visible=there.copy(),
        keypoint_scores=np.where(there, (joints + 1) / 200, 0),
        track_ids=np.array(tracks, np.int64),
        bboxes=np.full((n, 4), np.nan),
        head_bboxes=np.full((n, 4), np.nan),
    )


@pytest.fixture(params=['whole', 'in pieces'])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read as large ones are, too."""
    if request.param == 'in pieces':
        monkeypatch.setattr(large, 'LARGE', 0)


@pytest.fixture
def tracked() -> Callable[..., PoseVideo]:
    """Makes `dance` of frames 0, 1 and 3 with people 5 and 2, nobody, and 2 without its joints 1 and 3."""

    def make(skeleton: Skeleton = COCO) -> PoseVideo:
        frames = [
            a_tracked_frame(0, [5, 2], skeleton),
            a_tracked_frame(1, [], skeleton),
            a_tracked_frame(3, [2], skeleton, missing=[1, 3]),
        ]
        return PoseVideo('dance', frames, skeleton=skeleton)

    return make


@pytest.fixture
def same_poses() -> Callable[[PoseVideo, PoseVideo], None]:
    """Checks that a video that was read has the poses of another, in any order within a frame, and no identities."""

    def check(found: PoseVideo, expected: PoseVideo, atol: float = 1e-4) -> None:
        assert found.skeleton.joints == expected.skeleton.joints
        assert [frame.frame_id for frame in found.frames] == [frame.frame_id for frame in expected.frames]
        for one, other in zip(found.frames, expected.frames):
            assert (one.track_ids == -1).all() and len(one) == len(other)
            ours, theirs = (np.argsort(frame.keypoints[:, 0, 0]) for frame in (one, other))
            np.testing.assert_allclose(one.keypoints[ours], other.keypoints[theirs], atol=atol)
            np.testing.assert_array_equal(one.annotated[ours], other.annotated[theirs])
            np.testing.assert_array_equal(one.visible[ours], other.visible[theirs])
            np.testing.assert_allclose(one.keypoint_scores[ours], other.keypoint_scores[theirs], atol=atol)
            assert one.bboxes.shape == one.head_bboxes.shape == (len(one), 4)

    return check
