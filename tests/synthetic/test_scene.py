"""What is in a video."""

import numpy as np
import pytest

from mmgnntrack.synthetic import SynthTrackConfig
from mmgnntrack.synthetic.scene import make_scene


@pytest.mark.parametrize('split', ['train', 'val'])
def test_some_frames_are_unlabelled(split: str) -> None:
    config = SynthTrackConfig(frames=40, partly_labelled_share=1.0)
    labelled = make_scene(np.random.default_rng(0), config, split).is_labelled
    assert 0 < (~labelled).sum() < 20
    assert labelled[0] == (split == 'val')


def test_people_and_furniture_are_as_many_as_asked() -> None:
    config = SynthTrackConfig(frames=2, people=(5, 5), occluders=(2, 2), uniform_share=1.0)
    scene = make_scene(np.random.default_rng(1), config, 'train')
    people = [actor for actor in scene.actors if actor.labelled]
    assert len(people) == 5 and len({id(actor.outfit) for actor in people}) == 1
    assert len(scene.props) >= 2


def test_an_empty_scene_is_possible() -> None:
    config = SynthTrackConfig(frames=2, people=(0, 0), occluders=(0, 0))
    assert not [a for a in make_scene(np.random.default_rng(2), config, 'val').actors if a.labelled]
