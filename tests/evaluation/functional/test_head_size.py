from pathlib import Path

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.evaluation.functional import evaluate, format_table
from mmgnntrack.evaluation.functional.head_size import HEAD_TO_NECK, fill_head_boxes, head_sizes
from mmgnntrack.posetrack import PoseTable, PoseVideo, joint_index, read_folder

TOP, NECK = joint_index('head_top'), joint_index('neck')


def test_head_size() -> None:
    np.testing.assert_allclose(head_sizes(np.array([[5.0, 5, 35, 45], [1, 1, 1, 1]])), [30, 0])


def without_boxes(*lengths: float | None) -> PoseVideo:
    """Person 0 in as many frames, without head boxes; its neck is so far below head_top, None: not annotated."""
    video = a_video(*[people_at(0, 300) for _ in lengths])
    for frame, length in zip(video.frames, lengths, strict=True):
        frame.head_bboxes[0] = np.nan
        frame.annotated[0, NECK] = length is not None
        frame.keypoints[0, NECK] = frame.keypoints[0, TOP] + (0, length or 0)
    return video


def sizes_of(video: PoseVideo) -> np.ndarray:
    """(T,) the head sizes of person 0."""
    poses, _ = fill_head_boxes(PoseTable.gather(video.frames))
    return head_sizes(poses.head_bboxes)[poses.track_ids == 0]


def test_a_person_without_box_has_the_size_of_its_head_joints() -> None:
    video = without_boxes(40, 20)
    np.testing.assert_allclose(sizes_of(video), HEAD_TO_NECK * np.array([40, 20]))
    boxes = fill_head_boxes(PoseTable.gather(video.frames))[0].head_bboxes
    np.testing.assert_array_equal(boxes[1], video.frames[0].head_bboxes[1])  # who has a box keeps it


def test_without_these_joints_it_is_the_median_of_the_track() -> None:
    found = sizes_of(without_boxes(None, 40, 20, 30, 0))
    np.testing.assert_allclose(found, HEAD_TO_NECK * np.array([30, 40, 20, 30, 30]))


def test_a_track_without_these_joints_stays_without() -> None:
    poses, filled = fill_head_boxes(PoseTable.gather(without_boxes(None, None).frames))
    assert filled == 0 and np.isnan(poses.head_bboxes[poses.track_ids == 0]).all()


def test_the_ratio_is_that_of_real_heads(real_data: Path) -> None:
    ratios = []
    for video in read_folder(real_data / 'posetrack17_bonn_train'):
        poses = PoseTable.gather(video.frames)
        lengths = np.linalg.norm(poses.keypoints[:, TOP] - poses.keypoints[:, NECK], axis=-1)
        known = poses.annotated[:, [TOP, NECK]].all(-1) & (lengths > 0)
        ratios.append(head_sizes(poses.head_bboxes) / np.where(known, lengths, np.nan))
    ratios = np.concatenate(ratios)
    ratios = ratios[np.isfinite(ratios)]
    assert len(ratios) == 1150 and np.median(ratios) == pytest.approx(HEAD_TO_NECK, abs=1e-3)


def test_figures_tell_that_heads_were_filled() -> None:
    video = without_boxes(40, None, 40)
    result = evaluate([video], [video])
    assert result.filled_heads == 3 and result.mota[-1] == pytest.approx(100)
    assert '3 people have no head box' in format_table(result)
    assert evaluate([a_video(people_at(0))], [a_video(people_at(0))]).filled_heads == 0
