from dataclasses import dataclass

import pytest

from mmgnntrack.settings import one_of, share_out


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
