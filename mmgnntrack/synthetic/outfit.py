"""What people look like: clothes, skin and hair, and the textures made of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from .canvas import premultiplied

Colour = tuple[float, float, float]

PATTERNS = ('plain', 'hoops', 'stripes', 'checks', 'dots', 'logo', 'jacket', 'number')
HAIR_STYLES = ('short', 'short', 'long', 'long', 'bald', 'cap')
_SKIN = ((180, 205, 240), (150, 185, 225), (120, 160, 205), (85, 125, 175), (55, 85, 130), (40, 60, 95))
_HAIR = ((30, 30, 35), (40, 55, 75), (55, 85, 120), (100, 160, 205), (60, 80, 160), (175, 175, 180))
_VIEWS = 24


@dataclass(frozen=True)
class Outfit:
    """Colours (BGR, 0 to 255) and cut of one person's clothes; `flat` makes a one-coloured mannequin."""

    skin: Colour
    hair: Colour
    shirt: Colour
    accent: Colour
    trousers: Colour
    shoes: Colour
    pattern: str = 'plain'
    hair_style: str = 'short'
    long_sleeves: bool = False
    shorts: bool = False
    number: int = 7
    flat: bool = False
    _views: dict = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def limbs(self) -> dict[str, np.ndarray]:
        """Texture of each kind of limb, from its upper to its lower end."""
        sleeve = self.shirt if self.pattern != 'jacket' else tuple(0.8 * c for c in self.shirt)
        arm = [(0.0, sleeve), (1.0 if self.long_sleeves else 0.62, self.skin)]
        thigh = [(0.0, self.trousers), (0.8 if self.shorts else 1.0, self.skin)]
        forearm = [(0.0, sleeve if self.long_sleeves else self.skin), (0.92, self.skin)]
        shin = [(0.0, self.skin if self.shorts else self.trousers), (0.86, self.accent if self.shorts else self.shoes)]
        return {
            'arm': _limb_texture(arm, 1.0, 0.78),
            'forearm': _limb_texture(forearm, 1.0, 0.7),
            'hand': _limb_texture([(0.0, self.skin)], 0.9, 1.0),
            'thigh': _limb_texture(thigh, 1.0, 0.7),
            'shin': _limb_texture(shin, 1.0, 0.62),
            'foot': _limb_texture([(0.0, self.shoes)], 1.0, 0.8),
            'neck': _limb_texture([(0.0, tuple(0.85 * c for c in self.skin))], 1.0, 1.0),
            'hips': _limb_texture([(0.0, self.trousers)], 1.0, 1.0),
            'hair': _limb_texture([(0.0, self.hair)], 1.0, 0.9),
            'brim': _limb_texture([(0.0, tuple(0.8 * c for c in self.accent))], 1.0, 0.8),
            'nose': _limb_texture([(0.0, tuple(0.93 * c for c in self.skin))], 0.8, 1.0),
        }

    @cached_property
    def _shirt_around(self) -> np.ndarray:
        """(96, 256, 3) shirt unrolled around the body, starting at the back: right side, front, left side."""
        cloth = np.empty((96, 256, 3), np.float32)
        cloth[:] = self.shirt
        row, column = np.mgrid[:96, :256]
        accent = {
            'hoops': row // 11 % 2 == 1,
            'stripes': column // 10 % 2 == 1,
            'checks': (row // 12 + column // 16) % 2 == 1,
            'dots': (row % 16 - 8) ** 2 + (column % 21 - 10) ** 2 < 20,
            'logo': (row - 36) ** 2 + (column - 128) ** 2 < 15**2,
            'jacket': abs(column - 128) < 16 - row // 10,
        }.get(self.pattern)
        if accent is not None:
            cloth[accent] = self.accent
        if self.pattern == 'number':
            digits = np.zeros(cloth.shape[:2], np.uint8)
            for x, size in ((2, 1.7), (112, 1.1)):
                at = (x if self.number < 10 else max(0, x - 12), 62)
                cv2.putText(digits, str(self.number), at, cv2.FONT_HERSHEY_SIMPLEX, size, 255, 7)
            cloth[digits > 127] = self.accent
            cloth[:6] = self.accent
        return cloth

    def torso(self, heading: float) -> np.ndarray:
        """Texture of the torso, from neck to waist, as seen when it turns by `heading` from the camera (radians)."""
        return self._view('torso', heading, self._draw_torso)

    def head(self, heading: float) -> np.ndarray:
        """Texture of the head as seen when it turns by `heading` from the camera (radians)."""
        return self._view('head', heading, self._draw_head)

    def _view(self, part: str, heading: float, draw: Callable[[float], np.ndarray]) -> np.ndarray:
        key = (part, round(heading / (2 * np.pi) * _VIEWS) % _VIEWS)
        if key not in self._views:
            self._views[key] = draw(key[1] * 2 * np.pi / _VIEWS)
        return self._views[key]

    def _draw_torso(self, heading: float) -> np.ndarray:
        rows, columns = 96, 64
        across, along = np.meshgrid(np.linspace(-1.06, 1.06, columns), np.linspace(0, 1, rows))
        # Sloping shoulders, a waist, hips.
        half = np.interp(along, [0, 0.05, 0.16, 0.3, 0.7, 1], [0.35, 0.62, 0.97, 1.0, 0.84, 0.9])
        turn = np.arcsin(np.clip(across / half, -1, 1)) - heading
        column = ((turn + np.pi) / (2 * np.pi) * 256 % 256).astype(int) % 256
        colour = self._shirt_around[(along * 95).astype(int), column] * _roundness(across / half)[..., None]
        return premultiplied(colour, _edge(half - abs(across), columns))

    def _draw_head(self, heading: float) -> np.ndarray:
        size = 56
        u, v = np.meshgrid(np.linspace(-1.06, 1.06, size), np.linspace(-1.06, 1.06, size))
        radius = np.hypot(u, v)
        forward = np.sqrt(np.clip(1 - radius**2, 0, 1))
        turn = (np.arctan2(u, forward) - heading + np.pi) % (2 * np.pi) - np.pi
        front = np.abs(turn)
        colour = np.empty((size, size, 3), np.float32)
        colour[:] = self.skin
        if not self.flat:
            self._draw_face(colour, front, v)
        colour *= (_roundness(np.clip(radius, 0, 1)) * (1.03 - 0.12 * v))[..., None]
        return premultiplied(colour, _edge(1 - radius, size))

    def _draw_face(self, colour: np.ndarray, front: np.ndarray, v: np.ndarray) -> None:
        """Hair, eyes, brows, ears and mouth by angle from the middle of the face and height (-1 top, 1 chin)."""
        skin = np.array(self.skin, np.float32)
        colour[(abs(front - 1.6) < 0.16) & (abs(v - 0.1) < 0.2)] = 0.78 * skin
        hairline = {'long': 1.2, 'bald': 9.0}.get(self.hair_style, 1.35)
        lowest = 0.9 if self.hair_style == 'long' else 0.35
        hair = (v < -0.42) | ((front > hairline) & (v < np.minimum(lowest, front - 1.2)))
        if self.hair_style == 'bald':
            hair = (front > 1.6) & (v > 0) & (v < 0.5)
        colour[hair] = self.hair
        if self.hair_style == 'cap':
            colour[v < -0.3] = self.accent
        colour[(abs(front - 0.42) < 0.2) & (abs(v + 0.08) < 0.09)] = (235, 238, 240)
        colour[(abs(front - 0.42) < 0.1) & (abs(v + 0.08) < 0.1)] = (35, 30, 30)
        colour[(abs(front - 0.42) < 0.24) & (abs(v + 0.24) < 0.05)] = 0.6 * np.array(self.hair)
        colour[(front < 0.38) & (abs(v - 0.52) < 0.07)] = (70, 70, 150)


def _roundness(across: np.ndarray) -> np.ndarray:
    """Brightness of a cylinder at -1 to 1 across it, lit from the upper left."""
    return 0.58 + 0.47 * np.sqrt(np.clip(1 - (across + 0.18) ** 2 / 1.45, 0, 1))


def _edge(inside: np.ndarray, columns: int) -> np.ndarray:
    """Antialiased alpha of a shape from how far inside it each pixel is."""
    return np.clip(inside * columns / 2 + 0.5, 0, 1)


def _limb_texture(colours: list[tuple[float, Colour]], upper: float, lower: float) -> np.ndarray:
    """(64, 32, 4) texture of a tapered limb; `colours` start at shares of its length."""
    across, along = np.meshgrid(np.linspace(-1.06, 1.06, 32), np.linspace(0, 1, 64))
    half = (upper + (lower - upper) * along) * np.sqrt(np.clip(1 - np.abs(2 * along - 1) ** 5, 1e-6, 1))
    colour = np.empty((64, 32, 3), np.float32)
    for start, value in colours:
        colour[along >= start] = value
    return premultiplied(colour * _roundness(across / half)[..., None], _edge(half - abs(across), 32))


def _bright(rng: np.random.Generator) -> Colour:
    hsv = np.array([[[rng.integers(0, 180), rng.integers(60, 230), rng.integers(70, 245)]]], np.uint8)
    return tuple(float(c) for c in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])


def make_outfit(rng: np.random.Generator) -> Outfit:
    """A random outfit."""
    shirt, accent = _bright(rng), _bright(rng)
    if sum(abs(a - b) for a, b in zip(shirt, accent, strict=True)) < 200:
        accent = tuple(255 - c for c in shirt)
    dark = rng.uniform(0.25, 0.75)
    return Outfit(
        skin=tuple(map(float, _SKIN[rng.integers(len(_SKIN))])),
        hair=tuple(map(float, _HAIR[rng.integers(len(_HAIR))])),
        shirt=shirt,
        accent=accent,
        trousers=tuple(dark * c for c in _bright(rng)),
        shoes=tuple(rng.uniform(0.2, 0.95) * c for c in _bright(rng)),
        pattern=PATTERNS[rng.integers(len(PATTERNS))],
        hair_style=HAIR_STYLES[rng.integers(len(HAIR_STYLES))],
        long_sleeves=bool(rng.random() < 0.45),
        shorts=bool(rng.random() < 0.35),
        number=int(rng.integers(1, 30)),
    )


def make_mannequin(rng: np.random.Generator) -> Outfit:
    """One colour from head to foot: plaster, bronze or black plastic."""
    colour = tuple(map(float, ((205, 215, 222), (60, 105, 140), (45, 42, 42))[rng.integers(3)]))
    return Outfit(colour, colour, colour, colour, colour, colour, hair_style='bald', long_sleeves=True, flat=True)
