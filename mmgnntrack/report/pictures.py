"""Which frames a report shows, and their pictures."""

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.structures import InstanceData

from mmgnntrack.posetrack import POSETRACK, PoseFrame, PoseVideo
from mmgnntrack.visualization import draw_tracks
from mmgnntrack.visualization.canvas import resized, to_canvas

#: px; draw_tracks draws for pictures of this width.
_WIDTH = 640
_BLANK, _GREY, _DARK = (232, 232, 232), (190, 190, 190), (60, 60, 60)
#: Of WebP, which every browser of today shows and which is smaller than JPEG by a third.
_QUALITY = 70


def choose_moments(events: Sequence[tuple[int, int, str]], num_frames: int, limit: int) -> list[int]:
    """Columns of a timeline to show: switches and the frames before them, recoveries, misses, then evenly spaced ones.

    Args:
        events: of all runs, see `Timeline.events`.
        num_frames: columns of the timeline.
        limit: how many to choose at most.

    >>> choose_moments([(0, 5, 'switch'), (1, 2, 'miss')], 10, 4)
    [2, 4, 5, 6]
    """
    wanted = {kind: {column for _, column, own in events if own == kind} for kind in ('switch', 'recovery', 'miss')}
    before = {column - 1 for column in wanted['switch']}
    chosen: set[int] = set()
    for columns in (*wanted.values(), set(range(num_frames))):
        columns = sorted((columns | before if columns is wanted['switch'] else columns) - chosen)
        count = min(limit - len(chosen), len(columns))
        # The middle of equal parts.
        chosen |= {columns[int((part + 0.5) * len(columns) / count)] for part in range(count)}
    return sorted(chosen)


class Background:
    """The images of a sequence; where they are not at hand, an empty one that the poses fit into.

    Args:
        video: annotations, whose frames name the images.
        root: the folder that the names are relative to; None for no images.
        others: predictions of the same frames, which have to fit, too.
    """

    def __init__(self, video: PoseVideo, root: Path | None, others: Sequence[PoseVideo]) -> None:
        self.video = video
        self.root = root
        self.missing: list[Path] = []
        frames = [frame for source in (video, *others) for frame in source.frames]
        points = np.concatenate([frame.keypoints[frame.annotated] for frame in frames] or [np.zeros((0, 2))])
        # A few poses far outside must not make the others tiny.
        self._extent = 1.1 * np.percentile(points, 99, axis=0).clip(64, 4096) if len(points) else np.array([64, 64])

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 BGR, the image of a frame by its position in the file."""
        if self.root is not None:
            path = self.root / self.video.frames[index].file_name
            image = cv2.imread(str(path)) if path.is_file() else None
            if image is not None:
                return image
            self.missing.append(path)
        width, height = self._extent.astype(int)
        return np.full((height, width, 3), _BLANK, np.uint8)


def draw_frame(image: np.ndarray, people: PoseFrame, poses: PoseFrame) -> np.ndarray:
    """Draw annotated people, thin and grey with their track ids, and predicted poses in the colours of identities.

    Args:
        image: (H, W, 3) uint8 BGR.
        people: the annotations of the frame, in its pixels.
        poses: the predictions.

    Returns:
        (H', 640, 3) uint8 BGR.
    """
    canvas = resized(image, _WIDTH)
    scale = np.divide(canvas.shape[1::-1], image.shape[1::-1])
    draw_people(canvas, to_canvas(people.keypoints, scale), people.annotated, people.track_ids)
    tracks = InstanceData(
        instances_id=poses.track_ids,
        keypoints=to_canvas(poses.keypoints, scale),
        keypoint_scores=poses.annotated.astype(float),
        bboxes=poses.bboxes * np.tile(scale, 2),
        predicted=np.zeros(len(poses), bool),
    )
    return draw_tracks(canvas, tracks, score_thr=0.5, min_width=_WIDTH)


def draw_people(image: np.ndarray, points: np.ndarray, shown: np.ndarray, track_ids: np.ndarray) -> None:
    """Draw thin grey skeletons into the image, each with its track id below.

    Args:
        image: (H, W, 3) uint8 BGR.
        points: (n, K, 2) px.
        shown: (n, K) bool.
        track_ids: (n,).
    """
    for xy, own, track in zip(points.round().astype(int), shown, track_ids.tolist(), strict=True):
        if not own.any():
            continue
        lines = [xy[[start, end]] for start, end in POSETRACK.link_indices if own[start] and own[end]]
        x, y = xy[own][xy[own][:, 1].argmax()].tolist()
        place = (max(2, min(x, image.shape[1] - 30)), max(12, min(y + 16, image.shape[0] - 4)))
        for color, width in ((_DARK, 3), (_GREY, 1)):
            cv2.polylines(image, lines, False, color, width, cv2.LINE_AA)
            cv2.putText(image, f'#{track}', place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, width, cv2.LINE_AA)


def as_data_uri(image: np.ndarray) -> str:
    """An image (H, W, 3) uint8 BGR as text that a page can hold."""
    _, encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return 'data:image/webp;base64,' + base64.b64encode(encoded.tobytes()).decode()
