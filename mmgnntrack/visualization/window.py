"""A window on the screen."""

import os
import sys
from collections.abc import Sequence

import cv2
import numpy as np


def check_screen() -> None:
    """Raises OSError where there is no screen to open a window on: OpenCV would abort the whole program."""
    if sys.platform == 'linux' and not {'DISPLAY', 'WAYLAND_DISPLAY'} & os.environ.keys():
        raise OSError('--show needs a screen, and there is no DISPLAY; --save-video needs none')


def show(name: str, pictures: Sequence[np.ndarray]) -> bool:
    """Shows pictures (H, W, 3) BGR in a window, one after the other. Returns whether the user has asked to go on, and
    not pressed q."""
    try:
        for picture in pictures:
            cv2.imshow(name, picture)
        return cv2.waitKey(1) != ord('q')
    except cv2.error as error:
        raise OSError('--show needs an OpenCV with windows; --save-video does not') from error
