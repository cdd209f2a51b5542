"""Each rule of the matching, on sequences small enough to count by hand."""

import numpy as np
import pytest
from videos import HEAD_SIZE, a_video, people_at, same_everywhere

from mmgnntrack.evaluation.functional.clear_mot import MotCounts, count_sequence, match_joints, mot_percentages
from mmgnntrack.evaluation.functional.matching import match_video

INF = np.inf


def count(gt: list[dict[int, float]], pred: list[dict[int, float]], **options: bool) -> MotCounts:
    options = {'official_quirks': False, **options}
    return count_sequence(match_video(a_video(*gt), a_video(*pred)), **options)


def errors(gt: list[dict[int, float]], pred: list[dict[int, float]]) -> tuple[float, float, float]:
    counts = count(gt, pred)
    return tuple(same_everywhere(row) for row in (counts.misses, counts.switches, counts.false_positives))


@pytest.mark.parametrize(
    ('gt', 'pred', 'expected'),
    [
        pytest.param([{0: 0}] * 3, [{5: 0}] * 3, (0, 0, 0), id='perfect, ids need not be the same numbers'),
        pytest.param([{0: 0}], [{5: 15}], (0, 0, 0), id='half a head size away matches'),
        pytest.param([{0: 0}], [{5: 15.1}], (1, 0, 1), id='farther does not'),
        pytest.param([{0: 0}] * 2, [{5: 0}, {}], (1, 0, 0), id='a frame without predictions'),
        pytest.param([{0: 0}] * 2, [{5: 0}, {5: 0, 6: 300}], (0, 0, 1), id='one prediction too many'),
        pytest.param([{0: 0}] * 2, [{5: 0}, {6: 0}], (0, 1, 0), id='another track takes over'),
        pytest.param([{0: 0}] * 4, [{5: 0}, {}, {}, {6: 0}], (2, 1, 0), id='another track takes over after a gap'),
        pytest.param([{0: 0}] * 3, [{5: 0}, {}, {5: 0}], (1, 0, 0), id='the same track after a gap'),
        pytest.param([{0: 0}, {1: 300}, {0: 0}], [{5: 0}, {}, {6: 0}], (1, 1, 0), id='the person was away'),
        pytest.param([{0: 0}] * 3, [{5: 0}, {6: 0}, {5: 0}], (0, 2, 0), id='there and back'),
        pytest.param([{0: 0}] * 2, [{5: 10}, {5: 14, 6: 0}], (0, 0, 1), id='kept although another is nearer'),
        pytest.param([{0: 0}] * 2, [{5: 10}, {5: 16, 6: 0}], (0, 1, 1), id='let go beyond the threshold'),
        pytest.param([{0: 0, 1: 300}] * 2, [{5: 0, 6: 300}, {6: 0, 5: 300}], (0, 2, 0), id='two people swap'),
        pytest.param([{0: 0}, {1: 0}], [{5: 0}, {5: 0}], (0, 0, 0), id='a track on a new person is no switch'),
        pytest.param(
            [{0: 0}, {1: 0}, {0: 0, 1: 10}],
            [{5: 0}, {5: 0}, {5: 5}],
            (1, 0, 0),
            id='two people with one last partner: the first has it',
        ),
        pytest.param(
            [{0: 0}, {1: 0}, {0: 0, 1: 10}, {1: 10}],
            [{5: 0}, {5: 0}, {5: 5, 6: 12}, {5: 10}],
            (0, 2, 0),
            id='and the second switches to another, and back',
        ),
        pytest.param(
            [{0: 0, 1: 20}], [{5: 10, 6: 32}], (0, 0, 0), id='as many matches as possible, not the nearest pair'
        ),
    ],
)
def test_rule(gt: list, pred: list, expected: tuple[int, int, int]) -> None:
    assert errors(gt, pred) == expected


def test_the_cheapest_of_equally_many_matches() -> None:
    counts = count([{0: 0, 1: 10}], [{5: 9, 6: 1}])
    assert same_everywhere(counts.distance) == pytest.approx(2 / HEAD_SIZE)


def test_a_track_that_has_left_keeps_no_place() -> None:
    # The last partner, track 5, was the first of its frame; the first of the next frame is another.
    counts = count([{0: 0}] * 2, [{5: 0}, {6: 14, 7: 0}])
    assert same_everywhere(counts.distance) == 0


def test_more_matches_are_worth_any_distance() -> None:
    # A chain of four pairs of cost 0.5, against three of cost zero.
    distances = np.full((4, 4), INF)
    distances[range(4), range(4)] = 0.5
    distances[range(3), range(1, 4)] = 0.0
    matches = match_joints(distances[..., None], np.zeros((4, 4, 1), bool))[..., 0]
    np.testing.assert_array_equal(matches, np.eye(4, dtype=bool))


def test_joints_are_matched_each_by_itself() -> None:
    distances = np.full((2, 2, 2), INF)
    distances[..., 0] = [[0.1, INF], [INF, 0.1]]
    distances[..., 1] = [[INF, 0.1], [0.1, INF]]
    matches = match_joints(distances, np.zeros((2, 2, 2), bool))
    np.testing.assert_array_equal(matches[..., 0], np.eye(2, dtype=bool))
    np.testing.assert_array_equal(matches[..., 1], ~np.eye(2, dtype=bool))


@pytest.mark.parametrize('shape', [(0, 3, 2), (3, 0, 2), (0, 0, 2)])
def test_nobody_to_match(shape: tuple[int, int, int]) -> None:
    assert match_joints(np.full(shape, INF), np.zeros(shape, bool)).shape == shape


def test_a_joint_that_is_not_annotated_is_not_counted() -> None:
    gt, pred = a_video(people_at(0)), a_video(people_at(0))
    gt.frames[0].annotated[0, 13] = False  # left_ankle, the sixth of the official order
    counts = count_sequence(match_video(gt, pred), official_quirks=False)
    np.testing.assert_array_equal(np.flatnonzero(counts.objects == 0), [5])
    np.testing.assert_array_equal(np.flatnonzero(counts.false_positives), [5])


def test_quirk_the_last_frame_is_left_out() -> None:
    counts = count([{0: 0}] * 3, [{5: 0}, {5: 0}, {}], official_quirks=True)
    assert same_everywhere(counts.objects) == 2
    assert same_everywhere(counts.misses) == 0


def test_quirk_an_empty_frame_counts_one_of_each() -> None:
    counts = count([{0: 0, 1: 300, 2: 600}] * 2, [{}, {}], official_quirks=True)
    assert [same_everywhere(row) for row in (counts.objects, counts.misses, counts.false_positives)] == [1, 1, 1]


def test_quirk_motp_sums_each_distance_twice() -> None:
    gt, pred = [{0: 0}] * 3, [{5: 3}] * 3
    assert same_everywhere(count(gt, pred).distance) == pytest.approx(3 * 0.1)
    assert same_everywhere(count(gt, pred, official_quirks=True).distance) == pytest.approx(2 * 2 * 0.1)


@pytest.mark.parametrize(
    ('gt', 'pred', 'events'),
    [
        # Two frames of two events each, and one more for the new track that person 0 switches to.
        ([{0: 0}, {0: 0}, {}], [{5: 3}, {6: 3}, {}], 5),
        # Track 5 comes to another person, who is new: two more.
        ([{0: 0}, {1: 0}, {}], [{5: 3}, {5: 3}, {}], 6),
        # Person 1 switches from a known track to one that was another's: one more.
        ([{0: 0}, {1: 300}, {1: 300}, {}], [{5: 3}, {6: 303}, {5: 303}, {}], 7),
    ],
)
def test_quirk_motp_sums_changes_of_partners(gt: list, pred: list, events: int) -> None:
    gt[-1] = gt[-2]  # the last frame is left out
    assert same_everywhere(count(gt, pred, official_quirks=True).distance) == pytest.approx(events * 0.1)


def test_percentages() -> None:
    counts = MotCounts(*(np.full(15, value, float) for value in (2, 1, 3, 10, 8, 2.0, 0, 0, 0)))
    figures = {name: same_everywhere(values) for name, values in mot_percentages(counts).items()}
    assert figures == pytest.approx(
        {
            'mota': 40,
            'motp': 75,
            'precision': 100 * 8 / 11,
            'recall': 80,
            'miss_rate': 20,
            'switch_rate': 10,
            'false_positive_rate': 30,
        }
    )


def test_percentages_of_nothing() -> None:
    figures = mot_percentages(MotCounts.zeros())
    assert same_everywhere(figures['motp']) == 0
    assert all(np.isnan(values).all() for name, values in figures.items() if name != 'motp')


@pytest.mark.parametrize('quirks', [True, False])
@pytest.mark.parametrize('frames', [[], [{}]])
def test_no_frames(frames: list, quirks: bool) -> None:
    assert count(frames, frames, official_quirks=quirks).objects.sum() == 0


def test_a_single_frame_is_the_last_one() -> None:
    assert same_everywhere(count([{0: 0}], [{5: 0}], official_quirks=True).objects) == 0
    assert same_everywhere(count([{0: 0}], [{5: 0}]).objects) == 1


@pytest.mark.parametrize(
    ('found', 'expected'),
    [
        ('111111111.', (1, 0, 0)),
        ('11111111..', (1, 0, 0)),
        ('1111111...', (0, 0, 0)),
        ('.11.1111.1', (0, 0, 2)),
        ('...11.....', (0, 0, 0)),
        ('...1......', (0, 1, 0)),
        ('..........', (0, 1, 0)),
    ],
)
def test_coverage(found: str, expected: tuple[int, int, int]) -> None:
    """Whatever the track."""
    pred = [{5 + frame % 2: 0} if there == '1' else {} for frame, there in enumerate(found)]
    counts = count([{0: 0}] * 10, pred)
    rows = counts.mostly_tracked, counts.mostly_lost, counts.fragments
    assert tuple(same_everywhere(row) for row in rows) == expected
