"""Actions: joint angles over time, and a person's way through the scene."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .skeleton import ANGLE_INDEX, ANGLES, Body, Motion, forward_kinematics

#: People's distance to the camera in metres; a way that leads beyond is moved, so that nobody walks into the camera.
NEAREST = 3.0
FARTHEST = 10.2


@dataclass(frozen=True)
class Style:
    """How one person moves: factors around 1, a phase in radians, a stoop in radians and the waving side."""

    tempo: float = 1.0
    swing: float = 1.0
    phase: float = 0.0
    stoop: float = 0.0
    side: str = 'right'


@dataclass(frozen=True)
class Script:
    """What one person does.

    Args:
        actions: (start, name of an action) in order; starts are shares of the video's duration, the first is 0.
        headings: (start, heading in radians) in order; starts are shares of the duration, the first is 0.
        anchor: (share of the duration, x, z): where the person is at that time, in metres.
        style: How the person moves.
    """

    actions: tuple[tuple[float, str], ...]
    headings: tuple[tuple[float, float], ...]
    anchor: tuple[float, float, float]
    style: Style = Style()


Angles = dict[str, np.ndarray]


def _gait(phase: np.ndarray, style: Style, hip: float, knee: float, swing: float, elbow: float) -> Angles:
    angles = {'twist': -0.12 * swing * style.swing * np.sin(phase)}
    for side, shift in (('left', 0.0), ('right', np.pi)):
        cycle = phase + shift
        leg = np.sin(cycle)
        angles |= {
            f'{side}_hip': 0.07 + 0.25 * knee * hip * np.maximum(leg, 0) + hip * leg,
            # The knee bends most while the leg swings forwards, just after it leaves the ground.
            f'{side}_knee': 0.12 + knee * (0.5 + 0.5 * np.cos(cycle + 0.5)) ** 2,
            f'{side}_shoulder': -swing * style.swing * leg,
            f'{side}_elbow': elbow - 0.3 * swing * leg,
            f'{side}_spread': np.full_like(phase, 0.12),
        }
    return angles


def _walk(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    return _gait(phase, style, 0.36, 0.95, 0.5, 0.3) | {'lean': np.full_like(phase, 0.04)}


def _run(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    return _gait(phase, style, 0.68, 1.75, 0.85, 1.45) | {'lean': np.full_like(phase, 0.2)}


def _stand(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    sway = np.sin(1.7 * time + style.phase)
    return {
        'head_turn': 0.5 * np.sin(1.1 * time + 2 * style.phase),
        'twist': 0.1 * sway,
        'left_spread': 0.13 + 0.03 * sway,
        'right_spread': 0.13 - 0.03 * sway,
        'left_elbow': 0.25 + 0.1 * sway,
        'right_elbow': 0.3 - 0.1 * sway,
        'left_hip_spread': np.full_like(time, 0.08),
        'right_hip_spread': np.full_like(time, 0.08),
    }


def _wave(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    swing = np.sin(2 * np.pi * 1.3 * time + style.phase)
    return _stand(phase, time, style) | {
        f'{style.side}_shoulder': np.full_like(time, 0.25),
        f'{style.side}_spread': 1.75 + 0.12 * swing,
        f'{style.side}_elbow': np.full_like(time, 0.1),
        f'{style.side}_elbow_out': 1.0 + 0.55 * swing,
    }


def _sit(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    sway = np.sin(2 * time + style.phase)
    angles = {'lean': 0.06 + 0.08 * sway, 'head_turn': 0.5 * np.sin(1.3 * time + style.phase)}
    for side in ('left', 'right'):
        other = 1.0 if side == style.side else -0.4
        angles |= {
            f'{side}_hip': np.full_like(time, 1.42),
            f'{side}_knee': np.full_like(time, 1.42),
            f'{side}_hip_spread': np.full_like(time, 0.16),
            f'{side}_shoulder': 0.45 + 0.2 * other * sway,
            f'{side}_elbow': 0.9 + 0.5 * other * sway,
            f'{side}_spread': np.full_like(time, 0.15),
        }
    return angles


def _bend(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    depth = 0.5 - 0.5 * np.cos(2 * np.pi * 0.45 * time + style.phase)
    angles = {'lean': 1.0 * depth, 'nod': 0.3 * depth}
    for side in ('left', 'right'):
        angles |= {
            f'{side}_hip': 0.85 * depth,
            f'{side}_knee': 1.3 * depth,
            f'{side}_shoulder': 1.2 * depth,
            f'{side}_elbow': 0.3 + 0 * depth,
            f'{side}_spread': 0.15 + 0 * depth,
            f'{side}_hip_spread': 0.12 + 0 * depth,
        }
    return angles


def _jumping_jack(phase: np.ndarray, time: np.ndarray, style: Style) -> Angles:
    spread = 0.5 - 0.5 * np.cos(2 * np.pi * 0.85 * time + style.phase)
    angles = {}
    for side in ('left', 'right'):
        angles |= {
            f'{side}_spread': 0.2 + 2.4 * spread,
            f'{side}_elbow_out': 0.25 * spread,
            f'{side}_hip_spread': 0.05 + 0.33 * spread,
            f'{side}_knee': 0.1 + 0 * spread,
        }
    return angles


@dataclass(frozen=True)
class Action:
    """Angles as a function of (gait phase, time in s, style); metres and gait cycles per second; height of a bounce."""

    angles: Callable[[np.ndarray, np.ndarray, Style], Angles]
    speed: float = 0.0
    cadence: float = 0.0
    bounce: float = 0.0


ACTIONS = MappingProxyType(
    {
        'stand': Action(_stand),
        'walk': Action(_walk, speed=1.3, cadence=0.95),
        'run': Action(_run, speed=2.7, cadence=1.4, bounce=0.06),
        'wave': Action(_wave),
        'sit': Action(_sit),
        'bend': Action(_bend),
        'jack': Action(_jumping_jack),
    }
)


def _steps(keys: tuple[tuple[float, object], ...], steps: int) -> list:
    """The value of the last key at or before each step."""
    starts = np.array([start for start, _ in keys]) * steps
    return [keys[max(0, i)][1] for i in np.searchsorted(starts, np.arange(steps), side='right') - 1]


def simulate(script: Script, body: Body, steps: int, step_rate: float, speed: float = 1.0) -> Motion:
    """Carry out a script.

    Args:
        script: What to do.
        body: Who does it.
        steps: Number of time steps S.
        step_rate: Steps per second.
        speed: Factor on how fast everything happens.

    Returns:
        Motion: S steps, smooth in time.
    """
    names = _steps(script.actions, steps)
    used = sorted(set(names))
    # Filters narrower than a turn or a change of gait takes would make joints jump.
    blur = {'sigma': 0.17 * step_rate / speed, 'axis': 0, 'mode': 'nearest'}
    weights = gaussian_filter1d(np.array([[name == u for u in used] for name in names], float), **blur)
    heading = gaussian_filter1d(np.array(_steps(script.headings, steps), float), **blur)

    def blended(attribute: str) -> np.ndarray:
        return weights @ np.array([getattr(ACTIONS[name], attribute) for name in used])

    pace = speed * script.style.tempo / step_rate
    phase = script.style.phase + 2 * np.pi * pace * np.cumsum(blended('cadence'))
    time = np.arange(steps) * pace
    angles = np.zeros((steps, len(ANGLES)))
    for name, weight in zip(used, weights.T, strict=True):
        for angle, value in ACTIONS[name].angles(phase, time, script.style).items():
            angles[:, ANGLE_INDEX[angle]] += weight * value
    angles[:, ANGLE_INDEX['lean']] += script.style.stoop
    advance = pace * (body.height / 1.72) * blended('speed')
    way = np.cumsum(advance[:, None] * np.stack([np.sin(heading), -np.cos(heading)], axis=1), axis=0)
    share, *anchor = script.anchor
    way += np.array(anchor) - way[min(steps - 1, round(share * steps))]
    way[:, 1] -= max(0.0, way[:, 1].max() - FARTHEST)
    way[:, 1] += max(0.0, NEAREST - way[:, 1].min())
    ground = np.stack([way[:, 0], blended('bounce') * np.abs(np.cos(phase)), way[:, 1]], axis=1)
    return forward_kinematics(body, angles, heading, ground)
