"""Drawing one person."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .canvas import NOBODY, Canvas, limb_transform
from .outfit import Outfit
from .skeleton import POINT_INDEX

#: Limbs as (texture, from, to, half width at average girth as a share of the height, drawn this many metres farther).
#: The last keeps shirts over trousers and arms over shirts where the true depths are equal.
_LIMBS = (
    ('hips', 'left_hip', 'right_hip', 0.062, 0.11),
    *(
        limb
        for side in ('left', 'right')
        for limb in (
            ('thigh', f'{side}_hip', f'{side}_knee', 0.05, 0.1),
            ('shin', f'{side}_knee', f'{side}_ankle', 0.036, 0.11),
            ('foot', f'{side}_heel', f'{side}_toe', 0.024, 0.105),
            ('arm', f'{side}_shoulder', f'{side}_elbow', 0.032, -0.03),
            ('forearm', f'{side}_elbow', f'{side}_wrist', 0.025, -0.04),
            ('hand', f'{side}_wrist', f'{side}_hand', 0.022, -0.05),
        )
    ),
    ('neck', 'chest', 'head_bottom', 0.03, 0.03),
    ('nose', 'head', 'nose', 0.011, 0.0),
)
_EXTRA_LIMBS = MappingProxyType(
    {
        'long': ('hair', 'back_of_head', 'nape', 0.052, 0.0),
        'cap': ('brim', 'head_top', 'brim', 0.03, -0.03),
    }
)


@dataclass(frozen=True)
class Figure:
    """A person as the camera sees them.

    Attributes:
        outfit: What they look like.
        points: (len(POINTS), 2) canvas pixels.
        depths: (len(POINTS),) metres.
        headings: (3,) of pelvis, chest and head relative to the direction to the camera, radians.
        height: Standing height in canvas pixels.
        shoulders: Width factor of the body.
        girth: Width factor of the limbs.
        owner: Number to note on the canvas.
    """

    outfit: Outfit
    points: np.ndarray
    depths: np.ndarray
    headings: np.ndarray
    height: float
    shoulders: float = 1.0
    girth: float = 1.0
    owner: int = NOBODY

    def point(self, name: str) -> np.ndarray:
        """(2,) canvas pixels."""
        return self.points[POINT_INDEX[name]]

    def depth(self, *names: str) -> float:
        """Mean depth of points in metres."""
        return float(np.mean([self.depths[POINT_INDEX[name]] for name in names]))


def head_axis(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chin and crown (..., 2) of drawn heads with points (..., len(POINTS), 2)."""
    head, top = points[..., POINT_INDEX['head'], :], points[..., POINT_INDEX['head_top'], :]
    return head - 0.95 * (top - head), top


def draw_figure(canvas: Canvas, figure: Figure) -> None:
    """Draw a person, the farther parts first and darker."""
    outfit = figure.outfit
    limbs = [*_LIMBS, *([_EXTRA_LIMBS[outfit.hair_style]] if outfit.hair_style in _EXTRA_LIMBS else [])]
    centre = figure.depth('pelvis', 'chest')
    parts = []
    for kind, start, end, width, farther in limbs:
        radius = width * figure.girth * figure.height
        texture = outfit.limbs[kind]
        transform = limb_transform(figure.point(start), figure.point(end), radius, texture.shape)
        depth = figure.depth(start, end) + (0.0 if kind != 'nose' else 0.5 * (figure.depth(end) - figure.depth(start)))
        parts.append((depth + farther, depth, texture, transform))
    for depth, texture, transform in (_torso(figure), _head(figure)):
        parts.append((depth, depth, texture, transform))
    for _, depth, texture, transform in sorted(parts, key=lambda part: -part[0]):
        shade = float(np.clip(1 - 0.9 * (depth - centre), 0.68, 1.06))
        canvas.paste(texture, transform, shade, figure.owner, depth)


def _torso(figure: Figure) -> tuple[float, np.ndarray, np.ndarray]:
    heading = figure.headings[1]
    half_width, half_depth = 0.118 * figure.shoulders, 0.074 * figure.girth
    radius = np.hypot(half_width * np.cos(heading), half_depth * np.sin(heading)) * figure.height
    texture = figure.outfit.torso(heading)
    chest, pelvis = figure.point('chest'), figure.point('pelvis')
    transform = limb_transform(chest, pelvis, radius, texture.shape, overshoot=0.03 * figure.height)
    return figure.depth('chest', 'pelvis'), texture, transform


def _head(figure: Figure) -> tuple[float, np.ndarray, np.ndarray]:
    texture = figure.outfit.head(figure.headings[2])
    chin, crown = head_axis(figure.points)
    radius = 0.058 * figure.height
    transform = limb_transform(crown, chin, radius, texture.shape, overshoot=0.0)
    return figure.depth('head'), texture, transform
