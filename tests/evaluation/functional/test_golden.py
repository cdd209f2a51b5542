"""The official evaluator's figures on ten synthetic cases."""

import json
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.evaluation.functional import PoseTrackResult, evaluate
from mmgnntrack.posetrack import POSETRACK17_JOINTS, read_folder

GOLDEN = Path(__file__).parents[2] / 'data/poseval'
CASES = sorted(path.name for path in GOLDEN.iterdir())
#: The cases whose videos the official tool took in this order, that in which its folder listed them.
REVERSED = {'crowd', 'empty_frames', 'plain'}
NAMES = (*POSETRACK17_JOINTS, 'total')
ATTRIBUTES = {'pre': 'precision', 'rec': 'recall'}

# The order of equal scores, and so the AP of these cases, is that of numpy 2's sort on the processor that made them.
_FEATURES = getattr(getattr(np, '_core', None), '_multiarray_umath', None)
SAME_SORT = np.__version__ >= '2' and bool(getattr(_FEATURES, '__cpu_features__', {}).get('AVX512_SKX'))


def run(case: str, **options: bool) -> tuple[PoseTrackResult, dict]:
    gt = read_folder(GOLDEN / case / 'gt')
    gt = gt[::-1] if case in REVERSED else gt
    expected = json.loads((GOLDEN / case / 'expected.json').read_text())
    return evaluate(gt, read_folder(GOLDEN / case / 'pred'), **options), expected


def figures(expected: dict, key: str) -> np.ndarray:
    return np.array([expected[key][name] for name in NAMES], np.float64)  # null becomes NaN


def test_all_cases_are_here() -> None:
    assert len(CASES) == 10


@pytest.mark.parametrize('key', ['ap_precision', 'ap_recall', 'mota', 'motp', 'pre', 'rec'])
@pytest.mark.parametrize('case', CASES)
def test_figure(case: str, key: str) -> None:
    result, expected = run(case)
    np.testing.assert_allclose(getattr(result, ATTRIBUTES.get(key, key)), figures(expected, key), rtol=0, atol=1e-6)


@pytest.mark.skipif(not SAME_SORT, reason='this numpy sorts equal scores in another order on this processor')
@pytest.mark.parametrize('case', CASES)
def test_average_precision(case: str) -> None:
    result, expected = run(case)
    np.testing.assert_allclose(result.ap, figures(expected, 'ap'), rtol=0, atol=1e-6)


@pytest.mark.parametrize('case', CASES)
def test_average_precision_on_any_processor(case: str) -> None:
    # However equal scores are ordered, AP changes by a few percent at most.
    result, expected = run(case)
    np.testing.assert_allclose(result.ap, figures(expected, 'ap'), rtol=0, atol=3)


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
