"""The official evaluator's figures on ten synthetic cases."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.evaluation.functional import PoseTrackResult, evaluate
from mmgnntrack.evaluation.functional.average_precision import Detections, average_precision
from mmgnntrack.evaluation.functional.matching import match_video
from mmgnntrack.posetrack import POSETRACK17_JOINTS, read_folder

GOLDEN = Path(__file__).parents[2] / 'data/poseval'
CASES = sorted(path.name for path in GOLDEN.iterdir())
NAMES = (*POSETRACK17_JOINTS, 'total')
ATTRIBUTES = {'pre': 'precision', 'rec': 'recall'}


def run(case: str, **options: bool) -> tuple[PoseTrackResult, dict]:
    gt, pred = (read_folder(GOLDEN / case / name) for name in ('gt', 'pred'))
    expected = json.loads((GOLDEN / case / 'expected.json').read_text())
    return evaluate(gt, pred, **options), expected


def detections(case: str) -> Detections:
    gt, pred = (read_folder(GOLDEN / case / name) for name in ('gt', 'pred'))
    named = {video.name: video for video in pred}
    return Detections.total([Detections.of(match_video(video, named[video.name])) for video in gt])


def ap_with_ties(found: Detections, true_positives: str) -> np.ndarray:
    """AP with all true positives of a score before or after all false positives of that score."""
    ranks = np.unique(found.scores, return_inverse=True)[1].reshape(found.scores.shape).astype(float)
    ranks += {'first': 0.5, 'last': -0.5}[true_positives] * found.labels
    return average_precision([replace(found, scores=ranks)])[0]


def figures(expected: dict, key: str) -> np.ndarray:
    return np.array([expected[key][name] for name in NAMES], np.float64)  # null becomes NaN


def test_all_cases_are_here() -> None:
    assert len(CASES) == 10


@pytest.mark.parametrize('key', ['ap_precision', 'ap_recall', 'mota', 'motp', 'pre', 'rec'])
@pytest.mark.parametrize('case', CASES)
def test_figure(case: str, key: str) -> None:
    result, expected = run(case)
    np.testing.assert_allclose(getattr(result, ATTRIBUTES.get(key, key)), figures(expected, key), rtol=0, atol=1e-6)


@pytest.mark.parametrize('official_order', [False, True])
@pytest.mark.parametrize('case', CASES)
def test_average_precision(case: str, official_order: bool) -> None:
    # Where scores are equal AP is an interval: the official evaluator's machine gave one value in it.
    result, expected = run(case, official_order=official_order)
    lowest, highest = (ap_with_ties(detections(case), place) for place in ('last', 'first'))
    for ap in (result.ap, figures(expected, 'ap')):
        np.testing.assert_array_equal(np.isnan(ap), np.isnan(lowest))
        assert (np.isnan(ap) | ((ap > lowest - 1e-6) & (ap < highest + 1e-6))).all()


def test_average_precision_is_exact_where_no_scores_are_equal() -> None:
    num_exact = 0
    for case in CASES:
        result, expected = run(case)
        lowest, highest = (ap_with_ties(detections(case), place) for place in ('last', 'first'))
        same = lowest == highest
        np.testing.assert_allclose(result.ap[same], figures(expected, 'ap')[same], rtol=0, atol=1e-6)
        num_exact += same.sum()
    assert num_exact == 26


@pytest.mark.parametrize('case', CASES)
def test_the_errors_add_up_to_what_mota_lacks(case: str) -> None:
    result, _ = run(case)
    sums = result.mota + result.miss_rate + result.switch_rate + result.false_positive_rate
    np.testing.assert_allclose(sums[~np.isnan(sums)], 100, rtol=0, atol=1e-9)


def test_the_quirks_can_be_switched_off() -> None:
    # Its frames without people or predictions are what the quirks are about.
    official, _ = run('empty_frames')
    plain, _ = run('empty_frames', official_quirks=False)
    annotated = sum(
        frame.annotated.sum() for video in read_folder(GOLDEN / 'empty_frames/gt') for frame in video.frames
    )
    assert plain.num_objects[-1] == annotated
    assert official.num_objects[-1] != annotated
    assert plain.motp[-1] > official.motp[-1]


#: Totals of PoseTrack21's kit.
KIT = dict(
    plain=56.22,
    crowd=47.91,
    switches_and_fragments=36.38,
    misses_and_false_positives=32.38,
    ignore_regions=55.52,
    sparse_labels=39.70,
    tracks_come_and_go=30.05,
    joint_never_annotated=38.49,
    empty_frames=25.54,
)


@pytest.mark.parametrize('case', KIT)
def test_hota_of_posetrack21(case: str) -> None:
    result, _ = run(case, hota='posetrack21')
    assert result.hota[-1] == pytest.approx(KIT[case], abs=0.0051)


def test_hota_of_posetrack21_without_its_quirk() -> None:
    assert run('empty_frames', hota='posetrack21', official_quirks=False)[0].hota[-1] == pytest.approx(45.29, abs=0.005)
