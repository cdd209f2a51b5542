"""Pictures of what the tracker saw and did in a frame. Images are (H, W, 3) uint8 BGR."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.models import Step

from .canvas import SHIFT, draw_label, fixed_point, resized, to_canvas
from .colors import Color, contrasting, identity_color, lightened
from .drawing import draw_tracks
from .poses import Links, checked_links, draw_pose, line_width, shown_joints

#: Of what the prediction moved, and of poses that belong to nobody.
RED, GREY = (0, 0, 255), (160, 160, 160)
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_STRIP, _GAP, _FRAME = 30, 6, 4
#: What a heatmap is that hides the image as far as it ever does, and how far that is.
_OPAQUE_AT, _OPACITY = 0.3, 0.8
#: The image behind several poses of each person, so that they stand out.
_DIMMED = 0.5


def fusion_panel(
    image: np.ndarray,
    step: Step,
    skeleton: Links | None = None,
    score_thr: float = 0.2,
    moved_thr: float = 0.05,
    width: int = 640,
) -> np.ndarray:
    """One frame before and after fusion, three pictures side by side:
        - history: the last poses of the tracked people, older ones lighter, and the predicted ones, dashed
        - estimator: what the pose estimator found, in the colour of whom it was found to be, grey if nobody
        - final: the tracked poses, joints that the prediction moved ringed in red

    Args:
        image: (H, W, 3) uint8 BGR, the frame.
        step: of the frame; poses in image px.
        skeleton: pairs of joint indices; None for PoseTrack's 15 or COCO's 17 joints.
        score_thr: joints below it are not drawn.
        moved_thr: how far a joint lies from where the estimator saw it to be ringed, relative to the root of the area
            of the box around the final pose.
        width: px of each picture.

    Returns:
        (H', W', 3) uint8 BGR.
    """
    frame = resized(image, width)
    scale = np.divide(frame.shape[1::-1], image.shape[1::-1])
    tracklets, reference, estimated, tracked = (
        _scaled(poses, scale) for poses in (step.tracklets, step.reference, step.estimated, step.tracked)
    )
    links = checked_links(skeleton, tracked.keypoints.shape[-2])

    known = tracked[tracked.sources >= 0]
    seen = known.clone()
    for field in ('keypoints', 'keypoint_scores'):
        seen.set_field(estimated[field][known.sources], field)
    found = frame.copy()
    unknown = np.setdiff1d(np.arange(len(estimated.keypoints)), known.sources)
    for pose, joints in zip(estimated.keypoints[unknown], shown_joints(estimated, score_thr)[unknown]):
        _draw(found, pose, joints, links, GREY)

    final = draw_tracks(frame, tracked, links, score_thr, min_width=1)
    extent = np.sqrt((known.bboxes[:, 2:] - known.bboxes[:, :2]).prod(-1, keepdims=True))
    moved = np.linalg.norm(known.keypoints - seen.keypoints, axis=-1) > moved_thr * extent
    for pose, far, joints in zip(known.keypoints, moved, shown_joints(known, score_thr)):
        if joints.any():
            _ring(final, pose[far & joints], line_width(pose[joints]) + 6)
    return _beside(
        _titled(_history(frame, tracklets, reference, links, score_thr), 'history (dashed: predicted)'),
        _titled(draw_tracks(found, seen, links, score_thr, min_width=1), 'estimator (grey: not tracked)'),
        _titled(final, 'final (red: moved by the prediction)'),
    )


def heatmap_panel(image: np.ndarray, step: Step, max_people: int = 3, height: int = 288) -> np.ndarray:
    """Predicted, estimated and fused heatmaps of the people with a match, over the image; a row for each. All three
    show where the person was looked for; the white line is the border of the estimator's heatmaps.

    Args:
        image: (H, W, 3) uint8 BGR, the frame.
        step: of the frame; reference and estimated poses with heatmaps on regions, and the fused ones.
        max_people: no more rows than these, those who were first seen first.
        height: px of each row.

    Returns:
        (H', W', 3) uint8 BGR.
    """
    reference, estimated, matches = step.reference, step.estimated, step.matches
    ids = reference.instances_id[matches.rows]
    rows = []
    for match in np.argsort(ids)[:max_people]:
        predicted, seen = reference[[matches.rows[match]]], estimated[[matches.cols[match]]]
        border = _extent(seen)
        window = _around(_extent(predicted), border)
        pictures = []
        for name, maps, regions in (
            ('predicted', predicted.heatmaps, predicted.regions),
            ('estimated', seen.heatmaps, seen.regions),
            ('fused', step.fused[[match]], seen.regions),
        ):
            picture = _overlaid(image, maps[0].amax(0).float().cpu().numpy(), regions[0], window, height)
            if name != 'predicted':
                corners = (border - window[0]) * height / (window[1] - window[0])[1]
                cv2.rectangle(picture, *corners.round().astype(int).tolist(), _WHITE, 1)
            color = identity_color(ids[match])
            draw_label(picture, str(ids[match]), np.zeros(2), color)
            picture = cv2.copyMakeBorder(picture, *[_FRAME] * 4, cv2.BORDER_CONSTANT, value=color)
            pictures.append(picture if rows else _titled(picture, name))
        rows.append(_beside(*pictures))
    if not rows:
        return _titled(np.full((height, 3 * height, 3), 255, np.uint8), 'nobody was matched')
    _draw_scale(rows[0])
    return np.vstack([part for row in rows for part in (row, np.full_like(row[:_GAP], 255))][:-1])


def attention_panel(weights: Tensor, joints: Sequence[str], ids: Sequence[int], max_people: int = 3) -> np.ndarray:
    """Which joints of the last pose the predicted ones attend to, a matrix for each person.

    Args:
        weights: (M, K, K), predicted joints by those of the last pose, see `DynamicsHead.attention`; joints with NaN
            are left blank.
        joints: their K names.
        ids: M identities.
        max_people: no more matrices than these, of those who were first seen first.

    Returns:
        (H', W', 3) uint8 BGR.
    """
    people = np.argsort(np.asarray(ids), kind='stable')[:max_people]
    side = 0.2 * len(joints) + 0.4
    figure = Figure((max(len(people), 1) * side + 2.6, side + 1.6), dpi=120, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    if not len(people):
        figure.suptitle('nobody was matched')
    else:
        axes = figure.subplots(1, len(people), sharey=True, squeeze=False)[0]
        names = [name.replace('_', ' ') for name in joints]
        matrices = weights[people].float().cpu().numpy()
        top = np.nan_to_num(matrices).max()
        for axis, person, matrix in zip(axes, people, matrices):
            drawn = axis.imshow(matrix, cmap='viridis', vmin=0, vmax=top or 1)
            axis.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
            axis.set_yticks(range(len(names)), names, fontsize=8)
            color = identity_color(ids[person])
            title_color = _rgb(contrasting(color))
            axis.set_title(f'person {ids[person]}', color=title_color, backgroundcolor=_rgb(color), fontsize=10)
        figure.supxlabel('joint of the last pose', fontsize=9)
        figure.supylabel('predicted joint', fontsize=9)
        figure.colorbar(drawn, ax=axes, label='attention', shrink=0.8)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., 2::-1])


def _history(
    frame: np.ndarray, tracklets: InstanceData, reference: InstanceData, links: np.ndarray, score_thr: float
) -> np.ndarray:
    """A darker frame with the last poses, older ones lighter, and the predicted ones."""
    image = cv2.convertScaleAbs(frame, alpha=_DIMMED)
    shown, expected = shown_joints(tracklets, score_thr) & tracklets.valid, shown_joints(reference, score_thr)
    length = shown.shape[1]
    for person, identity in enumerate(tracklets.instances_id):
        color = identity_color(identity)
        for number, (pose, joints) in enumerate(zip(tracklets.keypoints[person], shown[person]), 1):
            limbs = fixed_point(pose[links[joints[links].all(-1)]])
            faded = lightened(color, 0.8 * (1 - number / length))
            cv2.polylines(image, limbs, False, faded, 2, cv2.LINE_AA, SHIFT)
        if 'regions' in reference:  # and not just the last pose
            _draw(image, reference.keypoints[person], expected[person], links, color, True)
    return image


def _ring(image: np.ndarray, points: np.ndarray, radius: int) -> None:
    """Draws red rings around points (n, 2)."""
    for x, y in fixed_point(points).tolist():
        for color, thickness in ((_WHITE, 4), (RED, 2)):
            cv2.circle(image, (x, y), radius << SHIFT, color, thickness, cv2.LINE_AA, SHIFT)


def _draw(
    image: np.ndarray,
    pose: np.ndarray,
    shown: np.ndarray,
    links: np.ndarray,
    color: Color,
    predicted: bool = False,
) -> None:
    """Draws a pose (K, 2), if any of its joints is shown (K,)."""
    if shown.any():
        draw_pose(image, pose, shown, links, color, predicted)


def _scaled(poses: InstanceData, scale: np.ndarray) -> InstanceData:
    """Poses in px of an image that is `scale` (x, y) times as large."""
    scaled = poses.clone()
    scaled.set_field(to_canvas(poses.keypoints, scale), 'keypoints')
    if 'bboxes' in poses:
        scaled.set_field(to_canvas(poses.bboxes.reshape(-1, 2, 2), scale).reshape(-1, 4), 'bboxes')
    return scaled


def _extent(pose: InstanceData) -> np.ndarray:
    """(2, 2) the corners x, y of the outer border of a pose's heatmaps (1, K, H, W) on regions (1, 4); image px."""
    corners = np.array([[-0.5, -0.5], np.subtract(pose.heatmaps.shape[:1:-1], 0.5)])
    return pose.regions[0, :2] + corners * pose.regions[0, 2:]


def _around(box: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The smallest box (2, 2) of the shape of one that has both in it."""
    low, high = np.minimum(box[0], other[0]), np.maximum(box[1], other[1])
    half = (box[1] - box[0]) * ((high - low) / (box[1] - box[0])).max() / 2
    return (low + high) / 2 + [-half, half]


def _overlaid(
    image: np.ndarray, heatmap: np.ndarray, region: np.ndarray, window: np.ndarray, height: int
) -> np.ndarray:
    """What an image shows in a window (2, 2), so many px high, and over it a heatmap (H, W) on a region (4,)."""
    extent = window[1] - window[0]
    scale = height / extent[1]
    size = (round(scale * extent[0]), height)

    def cut(source: np.ndarray, origin: np.ndarray, step: np.ndarray, outside: Color = _BLACK) -> np.ndarray:
        matrix = np.column_stack([np.diag(step * scale), (origin - window[0]) * scale - 0.5])
        return cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderValue=outside)

    picture = cut(image, np.zeros(2), np.ones(2), GREY)
    heat = cut(np.clip(heatmap, 0, 1), region[:2], region[2:])
    share = _OPACITY * np.clip(heat / _OPAQUE_AT, 0, 1)[..., None]
    return np.round(picture * (1 - share) + _heat_colors(heat) * share).astype(np.uint8)


def _heat_colors(heat: np.ndarray) -> np.ndarray:
    """(h, w, 3) BGR of values (h, w) from 0 to 1."""
    return cv2.applyColorMap(np.round(255 * heat).astype(np.uint8), cv2.COLORMAP_VIRIDIS)


def _draw_scale(titled: np.ndarray) -> None:
    """Draws what the colours of heatmaps mean into the right end of the titles' strip."""
    titled[_STRIP - 20 : _STRIP - 8, -124:-24] = _heat_colors(np.linspace(np.zeros(12), np.ones(12), 100, axis=1))
    for text, left in (('0', -138), ('1', -18)):
        cv2.putText(titled, text, (titled.shape[1] + left, _STRIP - 9), _FONT, 0.45, _BLACK, 1, cv2.LINE_AA)


def _titled(picture: np.ndarray, title: str) -> np.ndarray:
    """A picture under a white strip with a title."""
    strip = np.full((_STRIP, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, title, (8, _STRIP - 9), _FONT, 0.55, _BLACK, 1, cv2.LINE_AA)
    return np.vstack([strip, picture])


def _beside(*pictures: np.ndarray) -> np.ndarray:
    """Pictures of one height side by side, white between them."""
    gap = np.full((len(pictures[0]), _GAP, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (picture, gap)][:-1])


def _rgb(color: Color) -> tuple[float, ...]:
    """A BGR colour as matplotlib takes it."""
    return tuple(channel / 255 for channel in color[::-1])
