"""The script of one video: who does what, what stands around, how the camera moves, which frames are labelled."""

from dataclasses import dataclass

import numpy as np

from .backdrop import Backdrop, make_backdrop
from .camera import Camera, make_camera
from .config import SynthTrackConfig
from .motion import Motion, Script, Style, simulate
from .outfit import Outfit, make_mannequin, make_outfit
from .props import OCCLUDERS, PROPS, paint_prop
from .skeleton import POINT_INDEX, Body

_PELVIS = POINT_INDEX['pelvis']


@dataclass(frozen=True)
class Actor:
    """Somebody in the scene; `labelled` is false for the crowd and for mannequins."""

    body: Body
    outfit: Outfit
    motion: Motion
    labelled: bool = True

    def depth(self, step: int) -> float:
        """Distance to the camera's plane in metres."""
        return float(self.motion.points[step, _PELVIS, 2])


@dataclass(frozen=True)
class Prop:
    """A thing that stands at (x, z) metres: its texture and its (width, height) in metres."""

    texture: np.ndarray
    x: float
    z: float
    size: tuple[float, float]

    def depth(self, step: int) -> float:
        """Distance to the camera's plane in metres."""
        return self.z


@dataclass(frozen=True)
class Scene:
    """All of one video. The crowd stands behind everybody; `is_labelled` is (frames,) bool; `gain` is BGR exposure."""

    backdrop: Backdrop
    camera: Camera
    actors: tuple[Actor, ...]
    props: tuple[Prop, ...]
    crowd: tuple[Actor, ...]
    is_labelled: np.ndarray
    gain: np.ndarray


def _facing(rng: np.random.Generator) -> float:
    """Heading of somebody who walks to the left or to the right, a bit towards or away from the camera."""
    return float(rng.choice([-1, 1]) * (np.pi / 2 + rng.normal(0, 0.25)))


def _walker(rng: np.random.Generator, heading: float, gait: str) -> tuple[tuple, tuple]:
    """Actions and headings of somebody on the way: straight on, turning back, or stopping."""
    start, kind = rng.uniform(0.3, 0.65), rng.random()
    if kind < 0.2:
        return ((0.0, gait),), ((0.0, heading), (start, heading + np.pi * rng.choice([-1, 1])))
    if kind < 0.35:
        rest = str(rng.choice(['stand', 'wave', 'bend']))
        return ((0.0, gait), (start, rest)), ((0.0, heading), (start, heading * rng.uniform(0, 0.6)))
    if kind < 0.5:
        return ((0.0, 'stand'), (0.5 * start, gait)), ((0.0, heading * rng.uniform(0, 0.6)), (0.5 * start, heading))
    return ((0.0, gait),), ((0.0, heading), (start, heading + rng.normal(0, 0.3)))


def _performer(rng: np.random.Generator) -> tuple[tuple, tuple]:
    """Actions and headings of somebody who stays in place."""
    first, second = rng.choice(['stand', 'wave', 'bend', 'jack', 'wave'], size=2, replace=False)
    heading = float(rng.uniform(-1.4, 1.4) if rng.random() < 0.8 else rng.uniform(1.8, 4.4))
    turned = heading + (0.0 if rng.random() < 0.5 else float(rng.choice([-1, 1]) * rng.uniform(1, 3)))
    change = rng.uniform(0.3, 0.7)
    return ((0.0, str(first)), (change, str(second))), ((0.0, heading), (change, turned))


def _sitter(rng: np.random.Generator) -> tuple[tuple, tuple]:
    heading = float(rng.uniform(-1.6, 1.6))
    if rng.random() < 0.5:
        return ((0.0, 'sit'),), ((0.0, heading),)
    up = rng.uniform(0.35, 0.65)
    away = _facing(rng)
    return ((0.0, 'sit'), (up, 'stand'), (up + 0.12, 'walk')), ((0.0, heading), (up + 0.1, away))


def _style(rng: np.random.Generator) -> Style:
    tempo, swing = rng.uniform(0.85, 1.2), rng.uniform(0.7, 1.3)
    side = 'left' if rng.random() < 0.5 else 'right'
    return Style(float(tempo), float(swing), float(rng.uniform(0, 2 * np.pi)), float(max(0, rng.normal(0, 0.06))), side)


def _body(rng: np.random.Generator) -> Body:
    return Body(float(rng.uniform(1.5, 1.9)), float(rng.uniform(0.9, 1.1)), float(rng.uniform(0.88, 1.18)))


def _spread(low: float, high: float, count: int) -> np.ndarray:
    """Evenly from low to high; the middle for one."""
    return np.linspace(low, high, count) if count != 1 else np.array([(low + high) / 2])


def _scripts(rng: np.random.Generator, config: SynthTrackConfig) -> list[Script]:
    """What the labelled people do; each in a lane of depth of their own, so that nobody walks through another."""
    # The smaller of two draws: small groups are more common.
    count = int(rng.integers(config.people[0], config.people[1] + 1, size=2).min())
    crossing = rng.random() < config.crossing_share
    runs = rng.random() < 0.3
    depths = rng.permutation(_spread(3.3, 5.6, count))
    sideways = rng.permutation(_spread(-0.36, 0.36, count)) + rng.normal(0, 0.04, count)
    meeting = int(rng.integers(2, 4))
    meeting_x, meeting_time = rng.uniform(-0.5, 0.5), rng.uniform(0.35, 0.65)
    scripts = []
    for i, z in enumerate(depths):
        gait = 'run' if runs and rng.random() < 0.6 else 'walk'
        anchor = (float(rng.uniform(0.2, 0.8)), float(sideways[i] * z), float(z))
        if crossing and i < meeting:
            # A few who meet in the image at one time, coming from both sides.
            heading = (-1) ** i * np.pi / 2 + rng.normal(0, 0.15)
            x = (meeting_x + rng.normal(0, 0.15)) * z / 4.5
            anchor = (float(np.clip(meeting_time + rng.normal(0, 0.08), 0, 1)), float(x), float(z))
            plan = ((0.0, gait),), ((0.0, float(heading)),)
        elif (role := rng.random()) < 0.55:
            plan = _walker(rng, _facing(rng), gait)
        elif role < 0.85:
            plan = _performer(rng)
        else:
            plan = _sitter(rng)
            anchor = (0.0, *anchor[1:])
        scripts.append(Script(*plan, anchor, _style(rng)))
    return scripts


def _crowd(rng: np.random.Generator, steps: int, step_rate: float) -> tuple[Actor, ...]:
    """Small people far behind, close together."""
    centre = rng.uniform(-2.5, 2.5)
    crowd = []
    for z in np.sort(rng.uniform(8.2, 10.2, size=rng.integers(5, 11)))[::-1]:
        action = str(rng.choice(['stand', 'wave', 'jack', 'stand']))
        anchor = (0.0, float(centre + rng.uniform(-1.3, 1.3)), float(z))
        script = Script(((0.0, action),), ((0.0, float(rng.uniform(-0.8, 0.8))),), anchor, _style(rng))
        body = _body(rng)
        crowd.append(Actor(body, make_outfit(rng), simulate(script, body, steps, step_rate), labelled=False))
    return tuple(crowd)


def _labelled_frames(rng: np.random.Generator, config: SynthTrackConfig, split: str) -> np.ndarray:
    """Which frames are labelled: in PoseTrack, a run in the middle, and in validation every fourth frame besides."""
    labelled = np.ones(config.frames, bool)
    if rng.random() < config.partly_labelled_share:
        first, last = rng.integers(1, max(2, config.frames // 5 + 1), size=2)
        labelled[:first] = labelled[config.frames - last :] = False
        if split == 'val':
            labelled[::4] = True
        if not labelled.any():
            labelled[config.frames // 2] = True
    return labelled


def _props(rng: np.random.Generator, config: SynthTrackConfig, scripts: list[Script]) -> tuple[Prop, ...]:
    """Furniture in front of people, hat stands, and a stool below everybody who sits."""
    places = []
    for _ in range(rng.integers(config.occluders[0], config.occluders[1] + 1)):
        z = float(rng.uniform(2.9, 4.6))
        places.append((str(rng.choice(OCCLUDERS)), float(rng.uniform(-0.5, 0.5) * z), z))
    if rng.random() < 0.4:
        places.append(('hat stand', float(rng.uniform(-2.5, 2.5)), float(rng.uniform(5, 7.5))))
    for script in scripts:
        if script.actions[0][1] == 'sit':
            places.append(('stool', script.anchor[1], script.anchor[2] + 0.08))
    return tuple(Prop(paint_prop(kind, rng), x, z, PROPS[kind][1]) for kind, x, z in places)


def make_scene(rng: np.random.Generator, config: SynthTrackConfig, split: str) -> Scene:
    """Invent one video.

    Args:
        rng: The video's own source of randomness.
        config: The settings.
        split: 'train' or 'val', which differ in the pattern of unlabelled frames.
    """
    steps, step_rate = config.frames * config.steps_per_frame, config.frame_rate * config.steps_per_frame
    scripts = _scripts(rng, config)
    kit = make_outfit(rng) if rng.random() < config.uniform_share else None
    actors = []
    for script in scripts:
        body, outfit = _body(rng), make_outfit(rng)
        actors.append(Actor(body, kit or outfit, simulate(script, body, steps, step_rate, config.speed)))
    follow = None
    if actors and any(name == 'run' for name, _ in scripts[0].actions):
        follow = actors[0].motion.points[:, _PELVIS, 0]
    camera = make_camera(rng, config.size, steps, config.camera_motion, follow)
    if rng.random() < 0.35:
        anchor = (0.0, float(rng.uniform(-2, 2)), float(rng.uniform(5.5, 7.5)))
        pose = str(rng.choice(['stand', 'wave', 'walk']))
        script = Script(((0.0, pose),), ((0.0, float(rng.uniform(-1, 1))),), anchor, _style(rng))
        still = simulate(script, Body(), 1, step_rate)
        frozen = Motion(np.repeat(still.points, steps, axis=0), np.repeat(still.headings, steps, axis=0))
        actors.append(Actor(Body(), make_mannequin(rng), frozen, labelled=False))
    crowd = _crowd(rng, steps, step_rate) if rng.random() < config.crowd_share else ()
    labelled = _labelled_frames(rng, config, split)
    gain = rng.uniform(0.8, 1.12) * rng.uniform(0.94, 1.06, size=3)
    return Scene(make_backdrop(rng), camera, tuple(actors), _props(rng, config, scripts), crowd, labelled, gain)
