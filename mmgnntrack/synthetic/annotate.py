"""Labels of a frame, from what was drawn."""

from typing import Any

import cv2
import numpy as np

from ..posetrack.joints import JOINTS, POSETRACK18_KEYPOINTS
from .config import SynthTrackConfig
from .figure import head_axis
from .render import OCCLUDER, Rendering, figure_of
from .scene import Scene

#: People with fewer joints in the image, or of whom a smaller share of the drawn pixels can be seen, are not labelled.
MIN_JOINTS = 3
MIN_SEEN = 0.2

#: Something of the person's own must be this much nearer than a joint to hide it, in metres: about half a torso.
_OWN_TOLERANCE = 0.08


def _hidden(points: np.ndarray, depths: np.ndarray, index: int, roots: np.ndarray, drawn: Rendering) -> np.ndarray:
    """Which joints (K,) somebody else, furniture or the person's own body covers.

    Args:
        points: (K, 2) joints inside the image, in drawing pixels.
        depths: (K,) metres.
        index: The person.
        roots: (actors,) depths of everybody in metres, which is the order they were drawn in.
        drawn: The frame.
    """
    height, width = drawn.owners.shape
    columns, rows = np.clip(np.round(points).astype(int), 0, (width - 1, height - 1)).T
    owners, front = drawn.owners[rows, columns], drawn.depths[rows, columns]
    others = np.isin(owners, np.delete(np.arange(len(roots)), index))
    front = np.where(others, roots[np.where(others, owners, 0)], front)
    own = owners == index
    return np.where(own, front < depths - _OWN_TOLERANCE, (others | (owners == OCCLUDER)) & (front < roots[index]))


def _file_keypoints(xy: np.ndarray, inside: np.ndarray, hidden: np.ndarray) -> list[float]:
    """17 x (x, y, visibility): 1 visible, 0 hidden but labelled, all 0 not labelled."""
    rows = []
    for name in POSETRACK18_KEYPOINTS:
        joint = JOINTS.index(name) if name in JOINTS else None
        if joint is None or not inside[joint]:
            rows += [0.0, 0.0, 0.0]
        else:
            rows += [_rounded(xy[joint, 0]), _rounded(xy[joint, 1]), float(not hidden[joint])]
    return rows


def _rounded(value: float) -> float:
    return round(float(value), 2)


def _boxes(xy: np.ndarray, inside: np.ndarray, points: np.ndarray, height: float) -> tuple[list, list]:
    """Boxes (x, y, width, height) of the person and of the head.

    The first is PoseTrack's: around the labelled joints, larger by 15 % of its sides at each side. The second encloses
    the drawn head, nose, head top and the upper neck, in whole pixels. Neither is cut at the image's border.
    """
    low, high = xy[inside].min(axis=0), xy[inside].max(axis=0)
    margin = 0.15 * (high - low)
    bbox = [*(low - margin), *(high - low + 2 * margin)]
    chin, crown = head_axis(points)
    outline = (chin + crown) / 2 + 0.058 * height * np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
    head = np.concatenate([outline, [chin, crown], xy[[JOINTS.index(j) for j in ('nose', 'head_top', 'head_bottom')]]])
    low, high = np.floor(head.min(axis=0)), np.ceil(head.max(axis=0))
    return [_rounded(v) for v in bbox], [_rounded(v) for v in (*low, *(high - low))]


def annotate_frame(
    scene: Scene, rendering: Rendering, frame: int, image_id: int, config: SynthTrackConfig
) -> list[dict[str, Any]]:
    """PoseTrack18 annotations of the people in a frame.

    As in PoseTrack, hidden joints are labelled where they are, with visibility 0, and joints outside the image are not
    labelled. A person is labelled with `MIN_JOINTS` joints inside the image and `MIN_SEEN` of their pixels seen: who is
    hidden more than that cannot be found by looking at the frame.

    Args:
        scene: The video.
        rendering: The frame as drawn.
        frame: Its number.
        image_id: Its id in the file.
        config: The settings the scene was made with.

    Returns:
        list[dict]: One annotation per person; `track_id` is the person's index in the scene. Image pixels.
    """
    step = frame * config.steps_per_frame + config.shutter_centre
    roots = np.array([actor.depth(step) for actor in scene.actors])
    annotations = []
    for index, actor in enumerate(scene.actors):
        seen = np.count_nonzero(rendering.owners == index)
        figure = figure_of(actor, scene.camera, step, 1)
        xy = figure.points[: len(JOINTS)]
        inside = np.all((xy >= 0.01) & (xy <= np.array(config.size) - 1), axis=1)
        if not actor.labelled or inside.sum() < MIN_JOINTS or seen < max(1, MIN_SEEN * rendering.drawn[index]):
            continue
        at = xy * config.supersampling + 0.5 * (config.supersampling - 1)
        hidden = _hidden(at, figure.depths[: len(JOINTS)], index, roots, rendering)
        bbox, bbox_head = _boxes(xy, inside, figure.points, figure.height)
        annotations.append(
            {
                'image_id': image_id,
                'id': image_id * 100 + index,
                'track_id': index,
                'keypoints': _file_keypoints(xy, inside, hidden),
                'scores': [],
                'category_id': 1,
                'bbox': bbox,
                'bbox_head': bbox_head,
            }
        )
    return annotations


def ignore_regions(scene: Scene, frame: int, config: SynthTrackConfig) -> list[np.ndarray]:
    """Polygons (m, 2) in image pixels around the crowd, within the image; none where there is no crowd in view."""
    if not scene.crowd:
        return []
    step = frame * config.steps_per_frame + config.shutter_centre
    figures = [figure_of(actor, scene.camera, step, 1) for actor in scene.crowd]
    # A margin of a head around every point reaches beyond the drawn limbs.
    around = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)])
    points = np.concatenate([(f.points[:, None] + 0.06 * f.height * around).reshape(-1, 2) for f in figures])
    points = np.clip(points, 0, np.array(config.size) - 1)
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    return [hull] if cv2.contourArea(hull) > 4 else []
