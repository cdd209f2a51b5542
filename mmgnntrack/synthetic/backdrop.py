"""What is behind the people: a wall or a street, a floor, and pictures of people that are not people."""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera
from .canvas import Canvas
from .figure import Figure, draw_figure
from .motion import ACTIONS, Script, Style, simulate
from .outfit import make_outfit
from .skeleton import Body

WALL_DEPTH = 11.0
FLOOR_START = 1.9
_HALF_WIDTH = 13.0
_WALL_HEIGHT = 8.0
_WALL_SCALE = 50
_FLOOR_SCALE = 60


@dataclass(frozen=True)
class Backdrop:
    """Float32 BGR textures: the wall (rows from its top down) and the floor (rows from the wall to the camera)."""

    wall: np.ndarray
    floor: np.ndarray

    def draw(self, camera: Camera, step: int, supersampling: int) -> np.ndarray:
        """The empty scene, (H, W, 3) float32 at `supersampling` times the camera's size."""
        size = tuple(side * supersampling for side in camera.size)
        picture = np.zeros((size[1], size[0], 3), np.float32)
        wall = [(x, y, WALL_DEPTH) for y in (_WALL_HEIGHT, 0) for x in (-_HALF_WIDTH, _HALF_WIDTH)]
        floor = [(x, 0, z) for z in (WALL_DEPTH, FLOOR_START) for x in (-_HALF_WIDTH, _HALF_WIDTH)]
        for texture, corners in ((self.wall, wall), (self.floor, floor)):
            target = camera.project(np.array(corners, float), step)[0] * supersampling + 0.5 * (supersampling - 1)
            h, w = texture.shape[:2]
            source = np.array([(0, 0), (w - 1, 0), (0, h - 1), (w - 1, h - 1)], np.float32)
            warp = cv2.getPerspectiveTransform(source, target.astype(np.float32))
            cv2.warpPerspective(
                texture, warp, size, dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
            )
        return picture


def _noise(rng: np.random.Generator, shape: tuple[int, int], cell: int, strength: float) -> np.ndarray:
    """(h, w, 1) smooth factor around 1."""
    coarse = rng.normal(1, strength, (shape[0] // cell + 2, shape[1] // cell + 2)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)[..., None]


def _tint(rng: np.random.Generator, low: float, high: float) -> tuple[float, ...]:
    return tuple(float(c) for c in rng.uniform(low, high) * rng.uniform(0.92, 1.08, size=3))


def _rectangle(picture: np.ndarray, x: float, y: float, width: float, height: float, colour: tuple) -> None:
    """Fill a rectangle of the wall, given in metres from its left end and from the ground to its lower side."""
    bottom = picture.shape[0] - y * _WALL_SCALE
    corners = (int(x * _WALL_SCALE), int(bottom - height * _WALL_SCALE)), (int((x + width) * _WALL_SCALE), int(bottom))
    cv2.rectangle(picture, *corners, colour, -1)


def _poster(wall: np.ndarray, rng: np.random.Generator, x: float) -> None:
    """A framed picture of a person."""
    height = rng.uniform(1.4, 2.4)
    y = rng.uniform(0.5, 1.5)
    _rectangle(wall, x - 0.06, y - 0.06, 0.62 * height + 0.12, height + 0.12, _tint(rng, 20, 60))
    _rectangle(wall, x, y, 0.62 * height, height, _tint(rng, 110, 240))
    name = sorted(set(ACTIONS) - {'bend'})[rng.integers(len(ACTIONS) - 1)]
    heading = rng.uniform(-1.5, 1.5)
    script = Script(((0.0, name),), ((0.0, heading),), (0.0, 0.0, 0.0), Style(phase=rng.uniform(0, 6)))
    motion = simulate(script, Body(), 1, 12.0)
    scale = 0.46 * height * _WALL_SCALE
    foot = np.array([(x + 0.31 * height) * _WALL_SCALE, wall.shape[0] - (y + 0.06 * height) * _WALL_SCALE])
    points = foot + motion.points[0, :, :2] * (scale, -scale)
    figure = Figure(make_outfit(rng), points, motion.points[0, :, 2], motion.headings[0], 1.72 * scale)
    draw_figure(Canvas(wall), figure)


def _room(wall: np.ndarray, rng: np.random.Generator) -> None:
    wall[:] = _tint(rng, 120, 225)
    _rectangle(wall, 0, 0, 2 * _HALF_WIDTH, 0.2, _tint(rng, 50, 120))
    _rectangle(wall, 0, 4.2, 2 * _HALF_WIDTH, 4, _tint(rng, 170, 240))
    for x in np.arange(0.5, 2 * _HALF_WIDTH - 2, 2.6):
        kind = rng.integers(4)
        if kind == 0:
            _poster(wall, rng, x)
        elif kind == 1:
            _rectangle(wall, x, 1.0, 1.6, 1.9, _tint(rng, 60, 110))
            _rectangle(wall, x + 0.08, 1.08, 1.44, 1.74, (235, 215, 190))
            _rectangle(wall, x + 0.76, 1.08, 0.08, 1.74, _tint(rng, 60, 110))
        elif kind == 2:
            _rectangle(wall, x, 0, 1.1, 2.3, _tint(rng, 40, 130))
            _rectangle(wall, x + 0.9, 1.05, 0.1, 0.1, (60, 200, 220))
        else:
            _rectangle(wall, x, 0, 1.7, 2.4, _tint(rng, 40, 100))
            for shelf in np.arange(0.15, 2.2, 0.55):
                for book in np.arange(0.08, 1.55, 0.14):
                    _rectangle(wall, x + book, shelf, 0.12, rng.uniform(0.25, 0.45), _tint(rng, 40, 220))


def _street(wall: np.ndarray, rng: np.random.Generator) -> None:
    sky = np.linspace(1.0, 0.8, wall.shape[0])[::-1, None, None] * np.array(_tint(rng, 200, 250)) * (1.1, 1.0, 0.9)
    wall[:] = np.clip(sky, 0, 255)
    x = 0.0
    while x < 2 * _HALF_WIDTH:
        width, height = rng.uniform(2.0, 4.5), rng.uniform(3, 7.5)
        _rectangle(wall, x, 0, width, height, _tint(rng, 70, 190))
        glass, gap = _tint(rng, 40, 110), rng.uniform(0.8, 1.2)
        for row in np.arange(1.2, height - 0.7, gap + 0.2):
            for column in np.arange(0.3, width - 0.6, gap):
                _rectangle(wall, x + column, row, 0.5, 0.75, glass)
        if rng.random() < 0.4:
            _poster(wall, rng, x + 0.3)
        x += width + max(0.0, rng.normal(0, 0.8))
    for _ in range(rng.integers(0, 6)):
        x, crown = rng.uniform(0, 2 * _HALF_WIDTH), rng.uniform(2.4, 3.6)
        _rectangle(wall, x - 0.1, 0, 0.22, crown, (45, 65, 85))
        for _ in range(70):
            at = np.array([x, _WALL_HEIGHT - crown]) + rng.normal(0, (0.55, 0.5))
            green = tuple(np.array([45.0, 110, 65]) * rng.uniform(0.5, 1.35))
            cv2.circle(wall, (at * _WALL_SCALE).astype(int).tolist(), int(rng.integers(6, 14)), green, -1)


def make_backdrop(rng: np.random.Generator) -> Backdrop:
    """A random room or street with clutter and posters of people."""
    wall = np.zeros((int(_WALL_HEIGHT * _WALL_SCALE), int(2 * _HALF_WIDTH * _WALL_SCALE), 3), np.float32)
    (_room, _street)[rng.integers(2)](wall, rng)
    wall *= _noise(rng, wall.shape[:2], 3, 0.03) * _noise(rng, wall.shape[:2], 90, 0.07)
    shape = int((WALL_DEPTH - FLOOR_START) * _FLOOR_SCALE), int(2 * _HALF_WIDTH * _FLOOR_SCALE)
    floor = np.empty((*shape, 3), np.float32)
    floor[:] = _tint(rng, 80, 180)
    if rng.random() < 0.7:
        tile = rng.integers(30, 110)
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        floor[(rows // tile + columns // tile) % 2 == 0] *= rng.uniform(0.75, 0.97)
    floor *= _noise(rng, shape, 4, 0.05) * _noise(rng, shape, 70, 0.09)
    return Backdrop(np.clip(wall, 0, 255), np.clip(floor, 0, 255))
