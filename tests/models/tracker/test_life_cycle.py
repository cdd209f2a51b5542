import numpy as np
import pytest

from mmgnntrack.models.tracker import MODES, LifeCycle

SCORES = np.array([[0.2, 0.4], [0.6, 0.8]])


def test_who_is_born() -> None:
    assert LifeCycle(MODES['oks'], init_score_thr=0.3).born(SCORES, 7).tolist() == [0, 1]
    assert LifeCycle(MODES['oks'], init_score_thr=0.5).born(SCORES, 7).tolist() == [1]


@pytest.mark.parametrize(
    ('matching', 'coasting', 'kept', 'shown'),
    [
        ('oks', True, [False, False], [False, False]),
        ('gnn', False, [False, False], [False, False]),
        ('gnn', True, [True, True], [False, False]),
        ('full', False, [False, True], [False, True]),
        ('full', True, [True, True], [False, True]),
    ],
)
def test_people_without_a_match(matching: str, coasting: bool, kept: list[bool], shown: list[bool]) -> None:
    rules = LifeCycle(MODES[matching], predicted_score_thr=0.5, coasting=coasting)
    assert rules.kept(SCORES).tolist() == kept and rules.shown(SCORES).tolist() == shown


def test_no_more_people_than_there_are() -> None:
    scores = np.array([[0.5], [0.9], [0.1], [0.7]])
    for living, born in ((0, [0, 1, 3]), (1, [1, 3]), (2, [1]), (3, []), (4, [])):
        assert LifeCycle(MODES['oks'], init_score_thr=0.3, max_tracks=3).born(scores, living).tolist() == born
