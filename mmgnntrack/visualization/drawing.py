"""Drawing the tracked people of a frame."""

from collections.abc import Sequence

import numpy as np
from mmengine.structures import InstanceData

from .canvas import draw_label, enlarged, to_canvas
from .colors import identity_color, lightened
from .poses import Links, checked_links, draw_pose, line_width, shown_joints
from .trails import Trails


def draw_tracks(
    image: np.ndarray,
    tracks: InstanceData,
    skeleton: Links | None = None,
    score_thr: float = 0.2,
    min_width: int = 640,
    head: Sequence[int] = (0, 1, 2),
    trails: Trails | None = None,
) -> np.ndarray:
    """Draws the people of a frame, each as a skeleton in the colour of the identity, with the identity at the head, and
    the age in frames where it is known, as in `7 45f`.

    People whom only the prediction shows are lighter, dashed, with hollow joints.

    Args:
        image: (H, W, 3) uint8 BGR; stays as it is.
        tracks: instances_id (n,), keypoints (n, K, 2) image px, keypoint_scores (n, K), bboxes (n, 4) xyxy image px,
            predicted (n,) bool; perhaps ages (n,) frames.
        skeleton: pairs of joint indices; None for PoseTrack's 15 or COCO's 17 joints.
        score_thr: joints below it are not drawn, nor are limbs that end there.
        min_width: narrower images are enlarged to it, so that lines and identities do not hide people.
        head: joints over which the identity is written; the first three are of the head in PoseTrack and in COCO.
        trails: of the people, up to this frame; drawn below the skeletons.

    Returns:
        (H', W', 3) uint8 BGR, of the image's size or enlarged.

    Raises:
        ValueError: for another kind of image, or a skeleton that does not fit the joints.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'expected a BGR image (H, W, 3) of uint8, got {image.shape} of {image.dtype}')
    canvas = enlarged(image, min_width)
    scale = np.divide(canvas.shape[1::-1], image.shape[1::-1])
    if trails is not None:
        trails.draw(canvas, scale)
    if len(tracks.keypoints) == 0:
        return canvas
    links = checked_links(skeleton, tracks.keypoints.shape[1])
    points, shown = to_canvas(tracks.keypoints, scale), shown_joints(tracks, score_thr)

    # Near people over far ones, and no skeleton over a label.
    people = [person for person in np.argsort(tracks.bboxes[:, 3], kind='stable') if shown[person].any()]
    colors = [identity_color(identity) for identity in tracks.instances_id]
    for person in people:
        draw_pose(canvas, points[person], shown[person], links, colors[person], tracks.predicted[person])
    for person in people:
        color = lightened(colors[person]) if tracks.predicted[person] else colors[person]
        bottom = _above_head(points[person], shown[person], head)
        age = f'{tracks.ages[person]}f' if 'ages' in tracks else ''
        draw_label(canvas, str(tracks.instances_id[person]), bottom, color, age)
    return canvas


def _above_head(points: np.ndarray, shown: np.ndarray, head: Sequence[int]) -> np.ndarray:
    """(2,) a place just above the shown joints of the head, or above the uppermost joint where none is shown."""
    above = points[[joint for joint in head if shown[joint]]]
    if not len(above):
        above = points[shown]
        above = above[above[:, 1].argmin()][None]
    return np.array([above[:, 0].mean(), above[:, 1].min() - 2 * line_width(points[shown]) - 4])
