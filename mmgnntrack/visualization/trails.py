"""Where people have been."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmengine.structures import InstanceData

from .canvas import SHIFT, fixed_point, to_canvas
from .colors import identity_color
from .poses import shown_joints


class Trails:
    """The paths of people over the last frames of a video. Its memory is bounded by who was there in these frames.

    Args:
        length: frames that a trail reaches back.
        score_thr: joints below it do not count.
    """

    def __init__(self, length: int = 30, score_thr: float = 0.2) -> None:
        self.length = length
        self.score_thr = score_thr
        self._frame_id = 0
        self._paths: dict[int, list[tuple[int, np.ndarray]]] = {}

    def __len__(self) -> int:
        """How many people have a trail."""
        return len(self._paths)

    def update(self, tracks: InstanceData, frame_id: int) -> None:
        """Goes on to a frame.

        Args:
            tracks: instances_id (n,), keypoints (n, K, 2) image px, keypoint_scores (n, K).
            frame_id: number of the frame; larger than in the last call.
        """
        self._frame_id = frame_id
        shown = shown_joints(tracks, self.score_thr)
        for identity, keypoints, joints in zip(tracks.instances_id, tracks.keypoints, shown):
            if joints.any():
                self._paths.setdefault(int(identity), []).append((frame_id, keypoints[joints].mean(0)))
        recent = {
            identity: [place for place in path if frame_id - place[0] < self.length]
            for identity, path in self._paths.items()
        }
        self._paths = {identity: path for identity, path in recent.items() if path}

    def draw(self, canvas: np.ndarray, scale: Sequence[float] = (1.0, 1.0)) -> None:
        """Draws a line through each one's centres into an image, in the colour of the identity, the fainter the older.

        Args:
            canvas: (H, W, 3) uint8 BGR.
            scale: (x, y) px of the canvas to one of the image.
        """
        width = max(2, round(canvas.shape[1] / 240))
        colors, opacity = canvas.copy(), np.zeros(canvas.shape[:2], np.uint8)
        for identity, path in self._paths.items():
            points = fixed_point(to_canvas(np.array([centre for _, centre in path]), scale)).tolist()
            for (number, _), start, end in zip(path[1:], points, points[1:]):  # the oldest first, newer ones over them
                strength = round(255 * (1 - (self._frame_id - number) / self.length))
                cv2.line(colors, start, end, identity_color(identity), width, cv2.LINE_AA, SHIFT)
                cv2.line(opacity, start, end, strength, width, cv2.LINE_AA, SHIFT)
        there = opacity > 0
        share = opacity[there, None] / 255
        canvas[there] = np.round(colors[there] * share + canvas[there] * (1 - share))
