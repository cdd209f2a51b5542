from dataclasses import dataclass

import pytest

from mmgnntrack.settings import in_range, one_of, share_out


@dataclass
class Walls:
    height: float = 3.0
    colour: str = 'white'


@dataclass
class Roof:
    slope: float = 0.5


def test_each_room_gets_its_settings() -> None:
    assert share_out('house', dict(slope=1, colour='red'), Walls, Roof) == [dict(colour='red'), dict(slope=1)]
    assert share_out('house', {}, Walls, Roof) == [{}, {}]


@pytest.mark.parametrize(('name', 'hint'), [('slop', 'did you mean slope?'), ('x', 'there are height, colour, slope')])
def test_a_setting_that_no_room_has(name: str, hint: str) -> None:
    with pytest.raises(TypeError, match=f'house has no setting {name}.*{hint}'.replace('?', r'\?')):
        share_out('house', {name: 1}, Walls, Roof)


def test_one_of() -> None:
    one_of('house', 'colour', 'red', ('red', 'white'))
    with pytest.raises(ValueError, match=r"house: colour must be one of \('red', 'white'\), got 'blue'"):
        one_of('house', 'colour', 'blue', ('red', 'white'))


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -0.1, 1.1, True, '0.5', None])
def test_numbers_in_a_range(value: object) -> None:
    in_range('tracker', 0, 1, share=0.5, other=1)
    with pytest.raises(ValueError, match='tracker: share must be a finite number from 0 to 1, got'):
        in_range('tracker', 0, 1, share=value)


@pytest.mark.parametrize(
    'settings',
    [
        dict(min_similarity=2.0),
        dict(min_similarity=float('nan')),
        dict(sigmas=(0.1, 0.0)),
        dict(sigmas=(0.1, -0.1)),
        dict(sigmas=(0.1, float('nan'))),
        dict(joint_score_thr=float('nan')),
        dict(bbox_margin=-1.0),
        dict(predicted_weight=1.5),
        dict(unseen_power=-1.0),
        dict(init_score_thr='high'),
        dict(max_tracks=0),
        dict(max_tracks=1.5),
        dict(max_tracks=True),
        dict(coasting='yes'),
        dict(unseen_power=10**400),
        dict(memory=dict(type='mmgnntrack.TrackMemory', max_lost=-1)),
    ],
    ids=str,
)
def test_settings_of_a_tracker_that_make_no_sense(settings: dict) -> None:
    from mmgnntrack.models import PoseTracker

    ((field, _),) = (settings.get('memory') or settings).items() if 'memory' not in settings else [('max_lost', 0)]
    with pytest.raises(ValueError, match=f'(PoseTracker|TrackMemory): {field} must be'):
        PoseTracker(matching='oks', **(dict(sigmas=(0.1, 0.1)) | settings))


def test_search_regions_that_make_no_sense() -> None:
    from mmgnntrack.functional import SearchGeometry

    for field, value in dict(padding=-1.0, scale=(0.0, 1.0), coarsen=float('nan'), input_size=(0, 10)).items():
        with pytest.raises(ValueError, match=f'SearchGeometry: {field} must be finite and above 0'):
            SearchGeometry(**(dict(input_size=(96, 128), heatmap_size=(24, 32)) | {field: value}))


def test_skeletons_that_make_no_sense() -> None:
    from mmgnntrack.posetrack import Skeleton

    with pytest.raises(ValueError, match='different names.*nose twice'):
        Skeleton(('nose', 'neck', 'nose'), (0.1,) * 3)
    with pytest.raises(ValueError, match='2 sigmas for 3 joints'):
        Skeleton(('nose', 'neck', 'hip'), (0.1,) * 2)
