"""Furniture and other things: upright pictures that stand in the scene."""

from collections.abc import Callable
from types import MappingProxyType

import cv2
import numpy as np

from .canvas import premultiplied

Painter = Callable[[np.ndarray, np.ndarray, np.random.Generator], None]

_PIXELS_PER_METRE = 130


def _colour(rng: np.random.Generator, low: int = 40, high: int = 210) -> np.ndarray:
    return rng.uniform(low, high) * rng.uniform(0.7, 1.15, size=3)


def _box(
    colour: np.ndarray, alpha: np.ndarray, x: tuple[float, float], y: tuple[float, float], paint: np.ndarray
) -> None:
    """Fill a rectangle given in shares of the picture, shaded from left to right."""
    height, width = alpha.shape
    x0, x1 = int(x[0] * width), max(int(x[0] * width) + 1, int(x[1] * width))
    y0, y1 = int(y[0] * height), max(int(y[0] * height) + 1, int(y[1] * height))
    shade = np.linspace(1.1, 0.75, x1 - x0)[None, :, None]
    colour[y0:y1, x0:x1] = paint * shade
    alpha[y0:y1, x0:x1] = 1


def _pillar(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    paint = _colour(rng, 90, 200)
    _box(colour, alpha, (0.1, 0.9), (0, 1), paint)
    _box(colour, alpha, (0, 1), (0.94, 1), 0.8 * paint)
    for y in np.arange(0.03, 0.9, rng.uniform(0.08, 0.2)):
        _box(colour, alpha, (0.1, 0.9), (y, y + 0.006), 0.7 * paint)


def _table(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    paint = _colour(rng)
    for x in (0.04, 0.9):
        _box(colour, alpha, (x, x + 0.06), (0.1, 1), 0.7 * paint)
    if rng.random() < 0.6:
        _box(colour, alpha, (0.07, 0.93), (0.1, rng.uniform(0.5, 0.95)), 0.85 * paint)
    _box(colour, alpha, (0, 1), (0.04, 0.13), 1.15 * paint)


def _sofa(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    paint = _colour(rng)
    _box(colour, alpha, (0.05, 0.95), (0.02, 0.92), paint)
    for x in (0.05, 0.35, 0.65):
        _box(colour, alpha, (x + 0.01, x + 0.29), (0.08, 0.6), 1.12 * paint)
    for x in (0.0, 0.88):
        _box(colour, alpha, (x, x + 0.12), (0.3, 0.95), 0.85 * paint)
    for x in (0.06, 0.9):
        _box(colour, alpha, (x, x + 0.04), (0.92, 1), 0.3 * paint)


def _plant(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    height, width = alpha.shape
    _box(colour, alpha, (0.33, 0.67), (0.74, 1), np.array([60.0, 85, 150]) * rng.uniform(0.6, 1.2))
    for _ in range(60):
        angle, reach = rng.uniform(-1.25, 1.25), rng.uniform(0.3, 0.68)
        start = (width / 2, 0.76 * height)
        tip = (start[0] + 0.48 * width * np.sin(angle) * reach / 0.68, start[1] - reach * height * np.cos(angle / 1.6))
        middle = ((start[0] + tip[0]) / 2, (start[1] + tip[1]) / 2 - 0.05 * height)
        green = tuple(np.array([50.0, 140, 70]) * rng.uniform(0.45, 1.25))
        line = np.array([start, middle, tip], np.int32)[:, None]
        for picture, value in ((colour, green), (alpha, 1.0)):
            cv2.polylines(picture, [line], False, value, max(2, width // 22), cv2.LINE_AA)


def _sign(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    paint = _colour(rng, 120, 250)
    _box(colour, alpha, (0.46, 0.54), (0.3, 1), np.array([70.0, 70, 70]))
    _box(colour, alpha, (0, 1), (0, 0.55), paint)
    for y in (0.1, 0.22, 0.34):
        _box(colour, alpha, (0.12, rng.uniform(0.5, 0.9)), (y, y + 0.06), 0.35 * paint)


def _stool(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    paint = _colour(rng)
    for x in (0.05, 0.85):
        _box(colour, alpha, (x, x + 0.1), (0.1, 1), 0.6 * paint)
    _box(colour, alpha, (0, 1), (0, 0.22), paint)


def _hat_stand(colour: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> None:
    """A pole with a hat on top and a coat below: it looks a little like a person."""
    height, width = alpha.shape
    coat, wood = _colour(rng, 30, 160), np.array([45.0, 70, 110])
    _box(colour, alpha, (0.46, 0.54), (0.03, 1), wood)
    _box(colour, alpha, (0.25, 0.75), (0.97, 1), wood)
    outline = np.array([[0.3, 0.2], [0.7, 0.2], [0.92, 0.55], [0.8, 0.72], [0.2, 0.72], [0.08, 0.55]])
    hat = np.array([[0.33, 0.03], [0.67, 0.03], [0.7, 0.1], [0.85, 0.13], [0.15, 0.13], [0.3, 0.1]])
    for shape, paint in ((outline, coat), (hat, 0.5 * coat)):
        polygon = (shape * (width, height)).astype(np.int32)
        cv2.fillPoly(colour, [polygon], tuple(paint), cv2.LINE_AA)
        cv2.fillPoly(alpha, [polygon], 1.0, cv2.LINE_AA)


#: Kind of thing: its painter, and its (width, height) in metres.
PROPS: MappingProxyType[str, tuple[Painter, tuple[float, float]]] = MappingProxyType(
    {
        'pillar': (_pillar, (0.42, 3.6)),
        'table': (_table, (1.3, 0.78)),
        'sofa': (_sofa, (1.7, 0.85)),
        'plant': (_plant, (0.8, 1.3)),
        'sign': (_sign, (0.6, 1.5)),
        'stool': (_stool, (0.42, 0.42)),
        'hat stand': (_hat_stand, (0.7, 1.8)),
    }
)
OCCLUDERS = ('pillar', 'table', 'sofa', 'plant', 'sign')


def paint_prop(kind: str, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 4) float32 premultiplied texture of a thing of `PROPS`."""
    painter, (width, height) = PROPS[kind]
    shape = int(height * _PIXELS_PER_METRE), int(width * _PIXELS_PER_METRE)
    colour, alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    painter(colour, alpha, rng)
    grain = cv2.resize(rng.normal(1, 0.05, (shape[0] // 3, shape[1] // 3)).astype(np.float32), shape[::-1])
    return premultiplied(np.clip(colour * grain[..., None], 0, 255), alpha)
