"""HOTA and its parts on sequences small enough to count by hand."""

from math import sqrt

import numpy as np
import pytest
from videos import a_video, same_everywhere

from mmgnntrack.evaluation.functional.hota import HotaCounts, count_hota, hota_percentages
from mmgnntrack.evaluation.functional.matching import match_video


def count(gt: list[dict[int, float]], pred: list[dict[int, float]]) -> HotaCounts:
    return count_hota(match_video(a_video(*gt), a_video(*pred)))


def figures(counts: HotaCounts) -> tuple[float, ...]:
    """HOTA, DetA, AssA and LocA."""
    found = hota_percentages(counts)
    return tuple(same_everywhere(found[name]) / 100 for name in ('hota', 'deta', 'assa', 'loca'))


@pytest.mark.parametrize(
    ('gt', 'pred', 'expected'),
    [
        pytest.param([{0: 0, 1: 300}] * 4, [{7: 300, 8: 0}] * 4, (1, 1, 1, 1), id='perfect'),
        # Each of the two tracks is right in 2 of the 4 frames that either it or the person has.
        pytest.param([{0: 0}] * 4, [{5: 0}] * 2 + [{6: 0}] * 2, (sqrt(0.5), 1, 0.5, 1), id='a switch in the middle'),
        # Three frames with 3 / 4, one with 1 / 4.
        pytest.param([{0: 0}] * 4, [{5: 0}] * 3 + [{6: 0}], (sqrt(10 / 16), 1, 10 / 16, 1), id='a late switch'),
        pytest.param([{0: 0}] * 4, [{5: 0}] * 3 + [{}], (3 / 4, 3 / 4, 3 / 4, 1), id='a missed frame'),
        pytest.param([{0: 0}] * 4, [{5: 0, 6: 900}] * 4, (sqrt(0.5), 0.5, 1, 1), id='a false track'),
        # 9 px are 0.3 head sizes, so S = 0.7: true positives at 14 of 19 alphas, 0.05 to 0.7.
        pytest.param([{0: 0}] * 4, [{5: 9}] * 4, (14 / 19, 14 / 19, 14 / 19, (14 * 0.7 + 5) / 19), id='some alphas'),
        pytest.param([{0: 0}] * 4, [{5: 15}] * 4, (10 / 19, 10 / 19, 10 / 19, (10 * 0.5 + 9) / 19), id='PCKh 0.5'),
        pytest.param([{0: 0}] * 4, [{5: 30}] * 4, (0, 0, 0, 1), id='a head size away'),
        # Track 5 keeps person 0 although track 6 is nearer: alignments 0.76 and 0.12, S = 5 / 6 and 1.
        pytest.param(
            [{0: 0}] * 4,
            [{5: 5}] * 3 + [{5: 5, 6: 0}],
            (16 / 19 * sqrt(4 / 5), 16 / 19 * 4 / 5, 16 / 19, (16 * 5 / 6 + 3) / 19),
            id='alignment over the whole sequence',
        ),
        pytest.param([{0: 0}] * 4, [{}] * 4, (0, 0, 0, 1), id='no predictions'),
        pytest.param([{0: 0}, {}], [{5: 0}, {5: 0}], (1, 1, 1, 1), id='frames without people do not count'),
    ],
)
def test_hota(gt: list, pred: list, expected: tuple[float, ...]) -> None:
    assert figures(count(gt, pred)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('pred', 'expected'),
    [
        pytest.param([{5: 0}] * 4, 1, id='one fragment'),
        pytest.param([{5: 0}] * 2 + [{6: 0}] * 2, 0.5, id='two tracks'),
        # Four fragments of one frame; each link has 4 frames in which either side has the joint.
        pytest.param([{5: 0}, {6: 0}, {5: 0}, {6: 0}], 0.25, id='there and back'),
        pytest.param([{5: 0}, {}, {5: 0}, {5: 0}], 0.75, id='a miss does not end a fragment'),
    ],
)
def test_fragmentation(pred: list, expected: float) -> None:
    found = hota_percentages(count([{0: 0}] * 4, pred))
    assert same_everywhere(found['fraga']) / 100 == pytest.approx(expected)


def test_sequences_add_up_and_association_is_weighted_by_true_positives() -> None:
    perfect = count([{0: 0}] * 6, [{5: 0}] * 6)
    switched = count([{0: 0}] * 4, [{5: 0}] * 2 + [{6: 0}] * 2)
    missed = count([{0: 0}] * 4, [{}] * 4)
    assert figures(perfect + switched) == pytest.approx((sqrt(0.8), 1, 0.8, 1))
    assert figures(perfect + missed) == pytest.approx((sqrt(0.6), 0.6, 1, 1))


def test_a_joint_without_objects_has_no_figure() -> None:
    gt, pred = a_video(*[{0: 0}] * 4), a_video(*[{5: 0}] * 4)
    for frame in gt.frames:
        frame.annotated[0, 13] = False  # left_ankle, the sixth of the official order
    for values in hota_percentages(count_hota(match_video(gt, pred))).values():
        assert np.flatnonzero(np.isnan(values)).tolist() == [5]
    for values in hota_percentages(count([{}], [{5: 0}])).values():
        assert np.isnan(values).all()
