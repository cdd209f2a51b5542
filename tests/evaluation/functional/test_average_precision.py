import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.evaluation.functional import evaluate
from mmgnntrack.evaluation.functional.average_precision import (
    Detections,
    area_under_envelope,
    average_precision,
    precision_recall,
    with_total,
)
from mmgnntrack.evaluation.functional.matching import match_video
from mmgnntrack.posetrack import POSETRACK17_JOINTS, PoseVideo, joint_index


def precision_tables(gt: PoseVideo, pred: PoseVideo) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return average_precision([Detections.of(match_video(gt, pred))])


@pytest.mark.parametrize(
    ('labels', 'positives', 'expected'),
    [
        ([1, 1], 2, 1.0),
        ([1], 2, 0.5),
        ([0, 1], 1, 0.5),
        ([1, 0, 1], 2, 0.5 + 0.5 * 2 / 3),
        ([0, 1, 1], 2, 2 / 3),  # the envelope lifts the first half
        ([0, 0], 2, 0.0),
    ],
)
def test_area(labels: list[int], positives: int, expected: float) -> None:
    scores = np.linspace(1, 0, len(labels))
    precision, recall = precision_recall(scores, np.array(labels, bool), positives)
    assert area_under_envelope(precision, recall) == pytest.approx(expected)


def test_detections_are_taken_by_score() -> None:
    precision, recall = precision_recall(np.array([0.1, 0.9, 0.5]), np.array([True, False, True]), 4)
    np.testing.assert_allclose(precision, [0, 1 / 2, 2 / 3])
    np.testing.assert_allclose(recall, [0, 1 / 4, 2 / 4])


@pytest.mark.parametrize('size', [3, 17, 1000])  # numpy sorts short and long arrays in different ways
def test_equal_scores_count_in_their_own_order(size: int) -> None:
    labels = np.random.default_rng(size).random(2 * size) < 0.5
    precision, recall = precision_recall(np.repeat([0.3, 0.7], size), labels, 2 * size)
    hits = np.concatenate([labels[size:], labels[:size]]).cumsum()
    np.testing.assert_array_equal(recall, hits / (2 * size))
    np.testing.assert_array_equal(precision, hits / np.arange(1, 2 * size + 1))


def test_the_official_order_is_numpys() -> None:
    scores, labels = np.repeat([0.3, 0.7], 50), np.random.default_rng(0).random(100) < 0.5
    order = np.argsort(scores)[::-1]
    official = precision_recall(scores, labels, 100, official_order=True)
    np.testing.assert_array_equal(official, precision_recall(np.arange(100)[::-1], labels[order], 100))


def test_without_quirks_the_order_of_equal_scores_does_not_matter() -> None:
    labels = np.random.default_rng(0).random(50) < 0.5
    scores = np.repeat([0.3, 0.7], 25)
    first = precision_recall(scores, labels, 50, official_quirks=False)
    shuffled = np.random.default_rng(1).permutation(50)
    second = precision_recall(scores[shuffled], labels[shuffled], 50, official_quirks=False)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first[0], [labels[25:].sum() / 25, labels.sum() / 50])


def test_perfect_predictions() -> None:
    for row in precision_tables(a_video(*[people_at(0, 300)] * 3), a_video(*[people_at(300, 0)] * 3)):
        np.testing.assert_array_equal(row, np.full(16, 100.0))


def test_a_joint_near_the_wrong_person_is_a_false_positive() -> None:
    # Both poses lie on the first person in most joints; only the better one is assigned, all of the other is false.
    gt, pred = a_video(people_at(0, 300)), a_video(people_at(0, 5))
    pred.frames[0].keypoints[1, 7, 0] = 300
    _, precision, recall = precision_tables(gt, pred)
    np.testing.assert_array_equal(precision, np.full(16, 50.0))
    np.testing.assert_array_equal(recall, np.full(16, 50.0))


def test_never_annotated_and_never_predicted() -> None:
    gt, pred = a_video(people_at(0)), a_video(people_at(0))
    wrist, nose = joint_index('left_wrist'), joint_index('nose')
    gt.frames[0].annotated[0, [wrist, nose]] = False
    pred.frames[0].annotated[0, nose] = False
    ap, precision, recall = precision_tables(gt, pred)
    wrist, nose = POSETRACK17_JOINTS.index('left_wrist'), POSETRACK17_JOINTS.index('nose')
    assert np.isnan(ap[wrist]) and np.isnan(recall[wrist]) and precision[wrist] == 0
    assert ap[nose] == precision[nose] == recall[nose] == 0
    assert ap[15] == pytest.approx(100 * 13 / 14)  # NaN is skipped, zero is not


def test_missing_scores_count_as_the_lowest() -> None:
    gt = a_video(people_at(0), people_at(0))
    pred = a_video(people_at(0), people_at(200))
    pred.frames[0].keypoint_scores[:] = np.nan
    assert evaluate([gt], [pred]).ap[0] == pytest.approx(25)


def test_total_of_nothing() -> None:
    assert np.isnan(with_total(np.full(15, np.nan))).all()
    assert precision_tables(a_video({}), a_video({}))[0][15] == 0


def test_of_several_videos_as_of_all_of_them_at_once() -> None:
    rng = np.random.default_rng(0)
    parts = [
        Detections(rng.random((size, 15)) < 0.5, rng.random((size, 15)).round(1), rng.random((size, 15)) < 0.6, 9)
        for size in (20, 0, 7)
    ]
    for part in parts:
        part.predicted[:, 3] = False
        part.positives = rng.integers(5, 40, 15)
    for quirks in (True, False):
        several = average_precision(parts, official_quirks=quirks)
        np.testing.assert_array_equal(several, average_precision([Detections.total(parts)], official_quirks=quirks))
        assert several[0][3] == 0 and np.unique(several[0]).size > 10
