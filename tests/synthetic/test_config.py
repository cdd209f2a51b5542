"""Settings."""

import pytest

from mmgnntrack.synthetic import HARD, SynthTrackConfig


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'frames': 0}, 'frames must be at least 1, got 0'),
        ({'size': (320, 8)}, 'size must be'),
        ({'people': (3, 2)}, 'people must be'),
        ({'crowd_share': 1.5}, 'crowd_share must lie between 0 and 1, got 1.5'),
        ({'speed': 0}, 'speed must be positive'),
        ({'supersampling': 0}, 'supersampling must be 1 to 4'),
        ({'frames': 20000}, 'at most 10000 frames'),
    ],
)
def test_values_out_of_range_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace('(', r'\(')):
        SynthTrackConfig(**values)


def test_the_number_of_videos_does_not_change_what_a_video_looks_like() -> None:
    assert SynthTrackConfig(train_videos=1).video_settings() == SynthTrackConfig().video_settings()


def test_the_harder_set() -> None:
    usual, hard = SynthTrackConfig(), SynthTrackConfig(**HARD)
    assert hard.people > usual.people and hard.occluders > usual.occluders
    assert hard.speed > usual.speed and hard.frame_rate < usual.frame_rate
