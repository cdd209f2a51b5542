"""How well hidden joints are found."""

from pathlib import Path

import numpy as np

from mmgnntrack.evaluation.functional.head_size import head_sizes
from mmgnntrack.posetrack import read_folder


def occluded_pckh(annotations: Path, results: Path) -> float:
    """Percent of the joints labelled as occluded that a result has within half a head size. Each person is compared
    with the pose that has most of the person's joints; without any, all are missed."""
    found = total = 0
    predictions = {video.name: video for video in read_folder(results)}
    for video in read_folder(annotations):
        for truth, poses in zip(video.frames, predictions[video.name].frames, strict=True):
            if not truth.is_labeled or not len(truth.keypoints):
                continue
            occluded = truth.annotated & ~truth.visible
            total += occluded.sum()
            if not len(poses.keypoints):
                continue
            distances = np.linalg.norm(truth.keypoints[:, None] - poses.keypoints[None], axis=-1)
            hits = (distances <= 0.5 * head_sizes(truth.head_bboxes)[:, None, None]) & poses.annotated
            best = (hits & truth.annotated[:, None]).sum(-1).argmax(1)
            found += (hits[np.arange(len(best)), best] & occluded).sum()
    return 100.0 * found / total
