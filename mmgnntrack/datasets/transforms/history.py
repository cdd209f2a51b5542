"""What estimators miss, or see where it is not, in the poses of the past: for training samples (see `tube`)."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmgnntrack.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ChooseJoints(BaseTransform):
    """Takes joints away that one of several estimators, drawn anew for each tube, does not know.

    Args:
        sets: of each estimator the indices of its joints.
    """

    def __init__(self, sets: Sequence[Sequence[int]]) -> None:
        self.sets = [list(joints) for joints in sets]

    def transform(self, results: dict) -> dict:
        annotated = results['annotated']
        kept = np.zeros(annotated.shape[1], bool)
        kept[self.sets[np.random.randint(len(self.sets))]] = True
        # Of some data the labelled joints are few.
        if (annotated[-2:] & kept).sum(-1).min() > 1:
            results['annotated'] = annotated & kept
        return results


@TRANSFORMS.register_module()
class DropHistory(BaseTransform):
    """Takes poses and joints of the history away, as if an estimator had missed them for some frames. The last pose
    stays, but for some of its joints.

    Args:
        poses: share of the tubes in which poses are missing, from one to another.
        joints: share of the joints that are missing in some poses, from one to another, in half of the tubes.
        found: share of the tubes of people who were found lately, and have no pose before some of the history.
    """

    def __init__(self, poses: float = 0.3, joints: float = 0.2, found: float = 0.5) -> None:
        self.poses = poses
        self.joints = joints
        self.found = found

    def transform(self, results: dict) -> dict:
        history = results['annotated'][:-1]
        length, joints = history.shape
        missing = self._runs(length, 1) & (np.random.rand() < self.poses)
        if np.random.rand() < self.found:
            missing[: np.random.randint(length)] = True
        missing[-1] = False
        dropped = self._runs(length, joints) & (np.random.rand(joints) < self.joints * np.random.randint(2))
        if (history[-1] & ~dropped[-1]).sum() < 2:
            dropped[-1] = False
        results['annotated'] = np.concatenate([history & ~missing & ~dropped, results['annotated'][-1:]])
        return results

    @staticmethod
    def _runs(length: int, count: int) -> np.ndarray:
        """(length, count) one run of True in each column."""
        first, last = np.sort(np.random.randint(0, length, (2, count)), axis=0)
        place = np.arange(length)[:, None]
        return (first <= place) & (place <= last)


@TRANSFORMS.register_module()
class JitterHistory(BaseTransform):
    """Makes the true poses of the history look like estimated ones: joints off by a little, some by a lot, with scores
    to match.

    Args:
        noise: standard deviation of all joints, relative to the size of the pose.
        outlier_rate: share of joints that are badly off.
        outlier_noise: their standard deviation.
        scores: range of scores of the joints; badly placed ones have the lower half.
    """

    def __init__(
        self,
        noise: float = 0.015,
        outlier_rate: float = 0.05,
        outlier_noise: float = 0.1,
        scores: tuple[float, float] = (0.3, 1.0),
    ) -> None:
        self.noise = noise
        self.outlier_rate = outlier_rate
        self.outlier_noise = outlier_noise
        self.scores = scores

    def transform(self, results: dict) -> dict:
        history, annotated = results['keypoints'][:-1], results['annotated'][:-1]
        last = history[-1][annotated[-1]]
        size = np.linalg.norm(np.ptp(last, axis=0))
        outlier = np.random.rand(*annotated.shape) < self.outlier_rate
        spread = np.where(outlier, self.outlier_noise, self.noise) * size
        results['history'] = history + np.random.randn(*history.shape) * spread[..., None]
        low, high = self.scores
        top = np.where(outlier, (low + high) / 2, high)
        results['history_scores'] = np.random.uniform(low, top)
        return results
