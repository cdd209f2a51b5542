"""What tests of training samples share."""

import numpy as np


def a_track(frames: list[int], current: int) -> dict:
    """A person who walks to the right, 3 px a frame; what `PoseTrackTubeDataset` gives."""
    body = np.random.default_rng(0).uniform((100, 60), (170, 190), (15, 2))
    return dict(
        frames=np.array(frames),
        track_img_paths=[f'{frame}.jpg' for frame in frames],
        track_keypoints=body + np.array(frames)[:, None, None] * (3, 0),
        track_annotated=np.ones((len(frames), 15), bool),
        current=current,
    )
