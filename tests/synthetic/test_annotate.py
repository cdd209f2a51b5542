"""Labels against what is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from mmgnntrack.posetrack.joints import POSETRACK18_KEYPOINTS
from mmgnntrack.synthetic.annotate import MIN_JOINTS, annotate_frame, ignore_regions
from mmgnntrack.synthetic.config import SynthTrackConfig
from mmgnntrack.synthetic.motion import Script, simulate
from mmgnntrack.synthetic.render import Rendering, render_frame
from mmgnntrack.synthetic.scene import Actor, Prop, Scene, make_scene
from mmgnntrack.synthetic.skeleton import Body

CONFIG = SynthTrackConfig(frames=2, people=(1, 1), occluders=(0, 0), crowd_share=0, camera_motion=0, subframes=1)
IX = {name: i for i, name in enumerate(POSETRACK18_KEYPOINTS)}


def _scene(*people: tuple[float, float, float], props: tuple[Prop, ...] = ()) -> Scene:
    """People who stand at (x, z) and look along a heading."""
    scene = make_scene(np.random.default_rng(0), CONFIG, 'train')
    steps = CONFIG.frames * CONFIG.steps_per_frame
    actors = []
    for x, z, heading in people:
        motion = simulate(Script(((0.0, 'stand'),), ((0.0, heading),), (0.0, x, z)), Body(), steps, 48.0)
        actors.append(Actor(Body(), scene.actors[0].outfit, motion))
    return replace(scene, actors=tuple(actors), props=props)


def _labels(scene: Scene) -> tuple[Rendering, list[dict]]:
    rendering = render_frame(scene, 0, CONFIG, np.random.default_rng(0))
    return rendering, annotate_frame(scene, rendering, 0, 7, CONFIG)


def _keypoints(annotation: dict) -> np.ndarray:
    return np.array(annotation['keypoints']).reshape(17, 3)


def test_somebody_in_front_is_all_visible() -> None:
    rendering, (annotation,) = _labels(_scene((0, 4.5, 0)))
    keypoints = _keypoints(annotation)
    assert not keypoints[[IX['left_ear'], IX['right_ear']]].any()
    assert np.delete(keypoints[:, 2], [IX['left_ear'], IX['right_ear']]).all()
    assert keypoints[IX['left_shoulder'], 0] > keypoints[IX['right_shoulder'], 0]
    # The joints lie on the drawn person.
    for name in ('nose', 'left_knee', 'right_elbow', 'left_hip', 'right_wrist'):
        x, y = np.round(2 * keypoints[IX[name], :2] + 0.5).astype(int)
        assert rendering.owners[y, x] == 0, name


def test_nose_is_hidden_from_behind_and_the_far_side_from_the_side() -> None:
    _, (behind,) = _labels(_scene((0, 4.5, np.pi)))
    assert _keypoints(behind)[IX['nose'], 2] == 0
    assert _keypoints(behind)[IX['left_shoulder'], 0] < _keypoints(behind)[IX['right_shoulder'], 0]
    _, (side,) = _labels(_scene((0, 4.5, np.pi / 2)))
    assert _keypoints(side)[IX['right_shoulder'], 2] == 1
    assert _keypoints(side)[IX['left_shoulder'], 2] == 0


def test_somebody_nearer_hides_joints_that_stay_labelled() -> None:
    _, annotations = _labels(_scene((0, 4.0, 0), (0.25, 5.2, 0)))
    near, far = map(_keypoints, annotations)
    hidden = (far[:, 2] == 0) & far[:, :2].any(axis=1)
    assert hidden.any()
    assert near[:, 2].sum() == 15


def test_furniture_hides_and_whoever_it_hides_wholly_is_not_labelled() -> None:
    wall = np.ones((8, 8, 4), np.float32)
    _, (table,) = _labels(_scene((0, 4.5, 0), props=(Prop(wall, 0, 3.5, (2.0, 0.6)),)))
    keypoints = _keypoints(table)
    assert keypoints[IX['left_ankle'], 2] == 0 and keypoints[IX['left_ankle'], 1] > 0
    assert keypoints[IX['nose'], 2] == 1
    assert _labels(_scene((0, 4.5, 0), props=(Prop(wall, 0, 3.5, (2.0, 3.0)),)))[1] == []


@pytest.mark.parametrize('x', np.linspace(-3.2, 3.2, 9))
def test_only_joints_inside_the_image_are_labelled(x: float) -> None:
    _, annotations = _labels(_scene((x, 4.5, 0)))
    for annotation in annotations:
        keypoints = _keypoints(annotation)
        labelled = keypoints[:, :2].any(axis=1)
        assert labelled.sum() >= MIN_JOINTS
        assert (keypoints[labelled, :2] > 0).all()
        assert (keypoints[labelled, :2] <= np.array(CONFIG.size) - 1).all()
    assert bool(annotations) == (abs(x) < 2.8)


def test_boxes_contain_their_joints() -> None:
    config = SynthTrackConfig(seed=1, frames=2, people=(6, 6), camera_motion=0)
    scene = make_scene(np.random.default_rng(1), config, 'train')
    rendering = render_frame(scene, 1, config, np.random.default_rng(1))
    for annotation in annotate_frame(scene, rendering, 1, 7, config):
        keypoints = _keypoints(annotation)
        labelled = keypoints[:, :2].any(axis=1)
        head = labelled & np.isin(np.arange(17), [IX['nose'], IX['head_bottom'], IX['head_top']])
        for key, joints in (('bbox', labelled), ('bbox_head', head)):
            x, y, w, h = annotation[key]
            inside = (keypoints[joints, :2] >= (x, y)) & (keypoints[joints, :2] <= (x + w, y + h))
            assert inside.all(), key


def test_the_crowd_is_inside_its_region() -> None:
    config = replace(CONFIG, crowd_share=1.0)
    scene = make_scene(np.random.default_rng(2), config, 'train')
    (region,) = ignore_regions(scene, 0, config)
    points = np.concatenate([scene.camera.project(actor.motion.points[0], 0)[0] for actor in scene.crowd])
    points = points[((points >= 0) & (points <= np.array(config.size) - 1)).all(axis=1)]
    low, high = region.min(axis=0), region.max(axis=0)
    assert len(points) and (points >= low).all() and (points <= high).all()
    assert low.min() >= 0 and (high <= np.array(config.size) - 1).all()
    assert ignore_regions(_scene((0, 4.5, 0)), 0, CONFIG) == []
