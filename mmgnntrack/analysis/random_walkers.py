"""People who walk at random, as poses."""

import numpy as np

from mmgnntrack.posetrack import PoseFrame

#: x and y of the joints of `JOINTS` in a standing person, in shares of the height, from the head's top.
BODY = np.array(
    [(0, 0.1), (0, 0.18), (0, 0)]
    + [(side * x, y) for x, y in ((0.12, 0.2), (0.16, 0.38), (0.17, 0.55), (0.08, 0.5), (0.09, 0.74), (0.09, 0.98))
       for side in (1, -1)]
)  # fmt: skip
WIDTH, HEIGHT = 1280, 720
#: A region that annotators did not label, as most sequences of PoseTrack have them.
IGNORED = np.array([[1000.0, 0], [1279, 0], [1279, 150], [1100, 120], [1040, 160]])


def walk(rng: np.random.Generator, frames: int, people: int, size: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Joints (T, N, K, 2) and heights (N,) in pixels of people who walk at random, of so many times the usual size."""
    heights = size * rng.uniform(120, 400, people)
    start = rng.uniform((0, 0), (WIDTH, HEIGHT / 2), (people, 2))
    steps = rng.normal(0, 0.02, (frames, people, 2)) + rng.normal(0, 0.01, (people, 2))
    sway = rng.normal(0, 0.01, (frames, people, len(BODY), 2)).cumsum(0) * np.linspace(0, 1, len(BODY))[:, None]
    joints = start + heights[:, None] * steps.cumsum(0)
    return joints[:, :, None] + heights[:, None, None] * (BODY + 0.2 * sway), heights


def a_frame(index: int, joints: np.ndarray, present: np.ndarray, scores: np.ndarray, tracks: np.ndarray) -> PoseFrame:
    """A frame of n poses, whose head boxes reach from the neck to the head's top."""
    heads = joints[:, [2, 1]].reshape(-1, 4) + 0.5 * np.ptp(joints[..., 1], axis=1)[:, None] * [-0.1, 0, 0.1, 0]
    return PoseFrame(
        file_name=f'images/{index:06d}.jpg',
        frame_id=index,
        keypoints=joints,
        annotated=present,
        visible=present,
        keypoint_scores=scores,
        track_ids=tracks,
        bboxes=np.full((len(joints), 4), np.nan),
        head_bboxes=heads,
        ignore_regions=[IGNORED],
    )
