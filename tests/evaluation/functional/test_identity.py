"""IDF1 on sequences small enough to count by hand."""

import numpy as np
import pytest
from videos import a_video, same_everywhere

from mmgnntrack.evaluation.functional.identity import count_identities, identity_f1
from mmgnntrack.evaluation.functional.matching import match_video


def idf1(gt: list[dict[int, float]], pred: list[dict[int, float]]) -> float:
    return same_everywhere(identity_f1(count_identities(match_video(a_video(*gt), a_video(*pred)))))


@pytest.mark.parametrize(
    ('gt', 'pred', 'expected'),
    [
        pytest.param([{0: 0, 1: 300}] * 4, [{7: 300, 8: 0}] * 4, 1, id='perfect'),
        pytest.param([{0: 0}] * 4, [{5: 15}] * 4, 1, id='half a head size away'),
        pytest.param([{0: 0}] * 4, [{5: 15.1}] * 4, 0, id='farther'),
        # IDTP 2, objects 4, predicted 4.
        pytest.param([{0: 0}] * 4, [{5: 0}] * 2 + [{6: 0}] * 2, 4 / 8, id='a switch in the middle'),
        pytest.param([{0: 0}] * 4, [{5: 0}] * 3 + [{6: 0}], 6 / 8, id='the longer part counts'),
        pytest.param([{0: 0}] * 4, [{5: 0}] * 3 + [{}], 6 / 7, id='a missed frame'),
        pytest.param([{0: 0}] * 4, [{5: 0, 6: 900}] * 4, 8 / 12, id='a false track'),
        # Track 5 is with person 0 for 3 frames and with person 1 for 2; both people are better off with 5 -> 1, 6 -> 0.
        pytest.param(
            [{0: 0, 1: 300}] * 5,
            [{5: 0, 6: 900}] * 1 + [{5: 0, 6: 0}] * 2 + [{5: 300, 6: 0}] * 2,
            2 * (4 + 2) / 20,
            id='the pairing with most frames in all',
        ),
        pytest.param([{0: 0}] * 4, [{}] * 4, 0, id='no predictions'),
        pytest.param([{0: 0}, {}], [{5: 0}, {5: 0}], 1, id='frames without people do not count'),
    ],
)
def test_idf1(gt: list, pred: list, expected: float) -> None:
    assert idf1(gt, pred) == pytest.approx(100 * expected)


def test_a_joint_without_objects_has_no_figure() -> None:
    gt, pred = a_video(*[{0: 0}] * 4), a_video(*[{5: 0}] * 4)
    for frame in gt.frames:
        frame.annotated[0, 13] = False  # left_ankle, the sixth of the official order
    assert np.flatnonzero(np.isnan(identity_f1(count_identities(match_video(gt, pred))))).tolist() == [5]
    assert np.isnan(identity_f1(count_identities(match_video(a_video({}), a_video({5: 0}))))).all()


def test_sequences_add_up() -> None:
    perfect = count_identities(match_video(a_video(*[{0: 0}] * 6), a_video(*[{5: 0}] * 6)))
    missed = count_identities(match_video(a_video(*[{0: 0}] * 4), a_video(*[{}] * 4)))
    assert same_everywhere(identity_f1(perfect + missed)) == pytest.approx(100 * 12 / 16)


def test_joints_have_identities_of_their_own() -> None:
    gt, pred = a_video(*[{0: 0}] * 4), a_video(*[{5: 0}] * 4)
    gt.frames[0].annotated[0, 13] = False  # left_ankle, the sixth of the official order
    figures = identity_f1(count_identities(match_video(gt, pred)))
    assert figures[5] == pytest.approx(100 * 6 / 7)
    assert (np.delete(figures, 5) == 100).all()
