import numpy as np
from videos import a_video

from mmgnntrack.models.offline.tracklets import Tracklet, table_of, tracklets_of
from mmgnntrack.posetrack import PoseTable


def a_tracklet(frame_ids: list[int], joints: int = 2) -> Tracklet:
    """Somebody who moves 10 px a frame."""
    times = np.array(frame_ids)
    keypoints = np.stack([np.stack([10.0 * times + 5 * joint, 0.0 * times], -1) for joint in range(joints)], 1)
    return Tracklet(times, keypoints, np.ones((len(times), joints)))


def test_there_and_back() -> None:
    video = a_video({0: 100, 7: 500}, {7: 510}, {0: 120, 7: 520})
    video.frames[1].keypoint_scores[:] = np.nan
    table, frame_ids = PoseTable.gather(video.frames), np.array([0, 1, 2])
    found = tracklets_of(table, frame_ids)
    assert [*found] == [0, 7] and found[0].frame_ids.tolist() == [0, 2]
    assert found[7].keypoints[:, 0, 0].tolist() == [500, 510, 520] and (found[7].keypoint_scores == 1).all()
    back = table_of(found, frame_ids, 15)
    order = np.lexsort((back.track_ids, back.frame_index))
    assert np.array_equal(back.keypoints[order], table.keypoints)
    assert np.array_equal(back.track_ids[order], table.track_ids)


def test_frames_that_the_video_lacks_and_poses_without_joints_are_left_out() -> None:
    tracklet = a_tracklet([0, 1, 2])
    tracklet.keypoint_scores[2] = 0
    assert table_of({3: tracklet}, np.array([0, 2, 5]), 2).frame_index.tolist() == [0]
    assert len(table_of({}, np.array([0]), 2)) == 0


def test_histories() -> None:
    found = a_tracklet([0, 2, 3, 7]).histories(np.array([0, 1, 5]), length=3)
    assert found.valid.any(-1).tolist() == [[False, False, False], [False, False, True], [True, True, True]]
    assert found.ages[1].tolist() == [3, 2, 1]  # what is missing lies just before the first
    assert found.ages[2].tolist() == [5, 3, 2]
    assert found.keypoints[2, :, 0, 0].tolist() == [0, 20, 30]


def test_backwards() -> None:
    found = a_tracklet([0, 2, 3]).backwards()
    assert found.frame_ids.tolist() == [-3, -2, 0] and found.keypoints[0, 0, 0] == 30
    assert found.backwards().frame_ids.tolist() == [0, 2, 3]
