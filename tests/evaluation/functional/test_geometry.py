import numpy as np

from mmgnntrack.evaluation.functional.geometry import drop_ignored, inside_polygon
from mmgnntrack.posetrack import PoseFrame, PoseTable


def a_circle(corners: int, x: float, radius: float = 50.0) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([x + radius * np.cos(angles), 100 + radius * np.sin(angles)], -1)


def test_polygons_of_very_different_lengths() -> None:
    """One of 100,000 corners beside many small ones: each joint is where it is in each of them alone."""
    rng = np.random.default_rng(0)
    regions = [
        [a_circle(int(corners), x) for x, corners in zip(range(100, 2000, 200), rng.integers(3, 9, 10))]
        for _ in range(20)
    ]
    regions[3].append(a_circle(100_000, 600.0, 90.0))
    frames = []
    for _ in regions:
        keypoints = rng.uniform((0, 0), (2000, 200), (10, 15, 2))
        there = np.ones((10, 15), bool)
        frames.append(
            PoseFrame(
                'a', 0, keypoints=keypoints, annotated=there, visible=there, keypoint_scores=np.ones((10, 15)),
                track_ids=np.arange(10), bboxes=np.full((10, 4), np.nan), head_bboxes=np.full((10, 4), np.nan),
            )
        )  # fmt: skip
    poses = PoseTable.gather(frames)
    found = drop_ignored(poses, regions)
    inside = np.stack([
        np.any([inside_polygon(pose, polygon) for polygon in regions[frame]], axis=0)
        for pose, frame in zip(poses.keypoints, poses.frame_index)
    ])  # fmt: skip
    assert 0.1 < inside.mean() < 0.6
    kept = ~inside.all(-1)
    np.testing.assert_array_equal(found.annotated, ~inside[kept])
