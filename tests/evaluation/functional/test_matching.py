import numpy as np
import pytest
from videos import HEAD_SIZE, a_video, people_at, same_everywhere

from mmgnntrack.evaluation.functional import evaluate, matching
from mmgnntrack.evaluation.functional.matching import assign_poses, joint_distances, match_video
from mmgnntrack.posetrack import PoseTrackFormatError, joint_index


def test_distances_are_in_heads_of_the_annotated_person() -> None:
    pred, gt = np.array([[[3.0, 4.0]]] * 2), np.zeros((2, 1, 2))
    np.testing.assert_allclose(joint_distances(pred, gt, np.array([5.0, 10.0])), [[1.0], [0.5]])


@pytest.mark.parametrize(
    ('found', 'annotated', 'expected'),
    [
        pytest.param([[4, 0], [0, 4]], [4, 4], [0, 1], id='apart'),
        pytest.param([[3, 0], [4, 0]], [4, 4], [-1, 0], id='the better of two on one person'),
        pytest.param([[4, 0], [4, 0]], [4, 4], [0, -1], id='the first of equals'),
        pytest.param([[2, 2]], [4, 4], [0], id='a prediction stands for the first of its equals'),
        pytest.param([[2, 2]], [4, 2], [1], id='by the share of the annotated joints'),
        pytest.param([[4, 0], [3, 2]], [4, 4], [0, -1], id='a loser does not fall back on its second best'),
        pytest.param([[0, 0]], [4, 4], [-1], id='nothing found'),
        pytest.param([[0, 1]], [0, 4], [1], id='a person without joints'),
    ],
)
def test_assignment(found: list, annotated: list[int], expected: list[int]) -> None:
    pair_gt, pair_pred = (pairs.ravel() for pairs in np.indices(np.transpose(found).shape))
    pck = np.transpose(found).ravel() / np.maximum(annotated, 1)[pair_gt]
    pairs = assign_poses(pck, pair_gt, pair_pred)
    assigned = np.full(len(found), -1)
    assigned[pair_pred[pairs]] = pair_gt[pairs]
    np.testing.assert_array_equal(assigned, expected)


def test_only_joints_of_both_have_a_distance() -> None:
    gt, pred = a_video(people_at(0)), a_video(people_at(15))
    gt.frames[0].annotated[0, 0] = pred.frames[0].annotated[0, 1] = False
    distances = match_video(gt, pred).distances
    assert np.isfinite(distances).sum() == 13
    assert distances.min() == pytest.approx(15 / HEAD_SIZE)


def test_pairs_are_those_of_a_frame() -> None:
    video = match_video(a_video({0: 0, 1: 300}, {}, {2: 600}), a_video({5: 300}, {5: 0}, {7: 600, 5: 0}))
    assert video.num_frames == 2  # without people the second does not count
    assert list(zip(video.pair_gt.tolist(), video.pair_pred.tolist())) == [(0, 0), (1, 0), (2, 1), (2, 2)]
    assert (video.distances[:, 0] == 0).tolist() == [False, True, True, False]
    assert video.gt_tracks.tolist() == [0, 1, 2] and video.pred_tracks.tolist() == [0, 1, 0]


def test_an_annotated_person_needs_a_head_box_or_its_joints() -> None:
    gt = a_video({}, people_at(0, 300))
    gt.frames[1].head_bboxes[1] = np.nan
    gt.frames[1].annotated[1, joint_index('neck')] = False
    with pytest.raises(PoseTrackFormatError, match=r"frame 1 \(v/1.jpg\), field 'bbox_head': .*track 1"):
        match_video(gt, a_video({}, people_at(0)))


def test_a_head_without_extent_matches_nothing() -> None:
    gt, pred = a_video(people_at(0, 300)), a_video(people_at(0, 300))
    gt.frames[0].head_bboxes[0, 2:] = gt.frames[0].head_bboxes[0, :2]
    assert match_video(gt, pred).labels().all(-1).tolist() == [False, True]
    result = evaluate([gt], [pred], official_quirks=False)
    assert same_everywhere(result.misses[:15]) == same_everywhere(result.false_positives[:15]) == 1
    assert same_everywhere(result.idf1) == 50
    assert same_everywhere(result.deta) == pytest.approx(100 / 3)


def test_a_person_without_joints_needs_none() -> None:
    gt = a_video(people_at(0, 300))
    gt.frames[0].head_bboxes[1] = np.nan
    gt.frames[0].annotated[1] = False
    assert match_video(gt, a_video(people_at(0))).has_gt.any(-1).tolist() == [True, False]


@pytest.mark.parametrize('poses', [(0,), ()])
@pytest.mark.parametrize('people', [(0,), ()])
def test_nobody(people: tuple, poses: tuple) -> None:
    video = match_video(a_video(people_at(*people)), a_video(people_at(*poses)))
    assert video.labels().shape == (len(poses) if people else 0, 15)
    assert video.labels().all()


def test_many_pairs_are_compared_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gt, pred = a_video(people_at(0, 30, 300), people_at(5)), a_video(people_at(15, 290), people_at(0, 9))
    gt.frames[0].annotated[0, 0] = pred.frames[0].annotated[0, 1] = False
    expected = match_video(gt, pred).distances
    monkeypatch.setattr(matching, '_AT_ONCE', 3)
    assert len(expected) == 8
    np.testing.assert_array_equal(match_video(gt, pred).distances, expected)
