"""Frames of a scene."""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera
from .canvas import NOBODY, Canvas, premultiplied, upright_transform
from .config import SynthTrackConfig
from .figure import Figure, draw_figure
from .scene import Actor, Prop, Scene

#: Owner number of furniture; actors have their index.
OCCLUDER = 1000


@dataclass(frozen=True)
class Rendering:
    """One frame.

    Attributes:
        image: (height, width, 3) uint8 BGR.
        owners: (H, W) int16 at the drawing size: index of the actor, `OCCLUDER` or `NOBODY`.
        depths: (H, W) float32 metres of what is drawn.
        drawn: (actors,) pixels each actor covered before nearer things were drawn over them.
    """

    image: np.ndarray
    owners: np.ndarray
    depths: np.ndarray
    drawn: np.ndarray


def figure_of(actor: Actor, camera: Camera, step: int, supersampling: int, owner: int = NOBODY) -> Figure:
    """An actor as the camera sees them, in pixels of the drawing."""
    world = actor.motion.points[step]
    points, depths = camera.project(world, step)
    bearing = np.arctan2(world[0, 0] - camera.x[step], world[0, 2])
    height = actor.body.height * camera.focal(step) / actor.depth(step)
    return Figure(
        actor.outfit,
        points * supersampling + 0.5 * (supersampling - 1),
        depths,
        actor.motion.headings[step] + bearing,
        height * supersampling,
        actor.body.shoulders,
        actor.body.girth,
        owner,
    )


def _shadow_texture() -> np.ndarray:
    y, x = np.mgrid[-1:1:24j, -1:1:48j]
    alpha = 0.45 * np.clip(1 - np.hypot(x, y), 0, 1)
    return premultiplied(np.zeros((24, 48, 3), np.float32), alpha)


_SHADOW = _shadow_texture()


def _draw_shadow(canvas: Canvas, x: float, z: float, width: float, camera: Camera, step: int, scale: int) -> None:
    ground = np.array([[x - width / 2, 0, z], [x + width / 2, 0, z], [x, 0, z + width / 3], [x, 0, z - width / 3]])
    points = camera.project(ground, step)[0] * scale + 0.5 * (scale - 1)
    (left, _), (right, _), (_, top), (_, bottom) = points
    canvas.paste(_SHADOW, upright_transform(left, top, right - left, bottom - top, _SHADOW.shape), 1, NOBODY, z)


def _draw_prop(canvas: Canvas, prop: Prop, camera: Camera, step: int, scale: int) -> None:
    width, height = prop.size
    corners = np.array([[prop.x - width / 2, height, prop.z], [prop.x + width / 2, 0, prop.z]])
    (left, top), (right, bottom) = camera.project(corners, step)[0] * scale + 0.5 * (scale - 1)
    transform = upright_transform(left, top, right - left, bottom - top, prop.texture.shape)
    canvas.paste(prop.texture, transform, 1, OCCLUDER, prop.z)


def _draw_instant(
    scene: Scene, background: np.ndarray, step: int, scale: int, tracked: bool
) -> tuple[Canvas, np.ndarray]:
    """The scene at one time step, and how many pixels each actor covered when drawn."""
    canvas = Canvas(background.copy(), tracked)
    drawn = np.zeros(len(scene.actors), int)
    for thing in scene.actors + scene.props:
        x = thing.x if isinstance(thing, Prop) else float(thing.motion.points[step, 0, 0])
        width = 1.2 * thing.size[0] if isinstance(thing, Prop) else 0.75
        _draw_shadow(canvas, x, thing.depth(step), width, scene.camera, step, scale)
    things = [*enumerate(scene.actors), *((None, prop) for prop in scene.props)]
    for index, thing in sorted(things, key=lambda pair: -pair[1].depth(step)):
        if index is None:
            _draw_prop(canvas, thing, scene.camera, step, scale)
            continue
        draw_figure(canvas, figure_of(thing, scene.camera, step, scale, index))
        if tracked:
            drawn[index] = np.count_nonzero(canvas.owners == index)
    return canvas, drawn


def render_frame(scene: Scene, frame: int, config: SynthTrackConfig, rng: np.random.Generator) -> Rendering:
    """Draw one frame, averaged over the time the shutter is open.

    Args:
        scene: The video.
        frame: Number of the frame.
        config: The settings the scene was made with.
        rng: Source of the sensor's noise.
    """
    scale, centre = config.supersampling, frame * config.steps_per_frame + config.shutter_centre
    background = scene.backdrop.draw(scene.camera, centre, scale)
    for actor in scene.crowd:
        draw_figure(Canvas(background), figure_of(actor, scene.camera, centre, scale))
    total = np.zeros_like(background)
    labels = None
    for i in range(config.subframes):
        step = frame * config.steps_per_frame + i
        canvas, drawn = _draw_instant(scene, background, step, scale, tracked=step == centre)
        total += canvas.picture
        if canvas.tracked:
            labels = canvas.owners, canvas.depths, drawn
    image = cv2.resize(total / config.subframes, config.size, interpolation=cv2.INTER_AREA) * scene.gain
    image += rng.normal(0, 3.0, size=image.shape)
    return Rendering(np.clip(image, 0, 255).astype(np.uint8), *labels)
