from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.analysis.occlusion import occluded_pckh
from mmgnntrack.posetrack import read_folder, write_video


def test_pckh_of_occluded_joints(synthtrack: Path, tmp_path: Path) -> None:
    annotations = synthtrack / 'annotations/val'
    (video,) = read_folder(annotations)
    hidden = sum((frame.annotated & ~frame.visible).sum() for frame in video.frames)
    moved = sum((frame.annotated & ~frame.visible)[:, :8].sum() for frame in video.frames)
    assert 0 < moved < hidden

    def write(name: str, off: float, joints: slice) -> Path:
        frames = []
        for frame in video.frames:
            keypoints = frame.keypoints.copy()
            keypoints[:, joints][(~frame.visible)[:, joints]] += off
            scores = np.ones(frame.annotated.shape)
            frames.append(replace(frame, keypoints=keypoints, visible=frame.annotated, keypoint_scores=scores))
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / f'{video.name}.json', replace(video, frames=frames))
        return tmp_path / name

    assert occluded_pckh(annotations, write('true', 0.0, slice(None))) == 100
    found = occluded_pckh(annotations, write('some off', 500.0, slice(8)))
    assert found == pytest.approx(100 * (1 - moved / hidden))
    nobody = replace(video, frames=[replace(frame, **nothing(frame)) for frame in video.frames])
    (tmp_path / 'nobody').mkdir()
    write_video(tmp_path / 'nobody' / f'{video.name}.json', nobody)
    assert occluded_pckh(annotations, tmp_path / 'nobody') == 0


def nothing(frame: object) -> dict:
    fields = ('keypoints', 'annotated', 'visible', 'keypoint_scores', 'track_ids', 'bboxes', 'head_bboxes')
    return {field: getattr(frame, field)[:0] for field in fields}
