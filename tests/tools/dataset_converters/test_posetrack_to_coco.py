import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.posetrack import JOINTS, PoseFrame, PoseVideo, write_video

TOOL = Path(__file__).parents[3] / 'tools/dataset_converters/posetrack_to_coco.py'


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A data set of one labelled and one unlabelled frame; one person has four joints, the other none."""
    keypoints = np.zeros((2, len(JOINTS), 2))
    keypoints[0, :4] = [[10, 10], [30, 10], [10, 50], [30, 50]]
    annotated = keypoints.any(-1)
    labelled = PoseFrame(
        file_name='images/0.jpg',
        frame_id=0,
        keypoints=keypoints,
        annotated=annotated,
        visible=annotated,
        keypoint_scores=np.ones((2, len(JOINTS))),
        track_ids=np.array([7, 8]),
        bboxes=np.full((2, 4), np.nan),
        head_bboxes=np.full((2, 4), np.nan),
    )
    unlabelled = PoseFrame(file_name='images/1.jpg', frame_id=1, is_labeled=False)
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'images/0.jpg'), np.zeros((60, 80, 3), np.uint8))
    write_video(tmp_path / 'video.json', PoseVideo('video', [labelled, unlabelled]))
    return tmp_path


def convert(dataset: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        TOOL,
        dataset / 'video.json',
        '--images',
        dataset,
        '--out',
        dataset / 'out' / 'coco.json',
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_boxes_surround_the_joints(dataset: Path) -> None:
    assert convert(dataset).returncode == 0
    document = json.loads((dataset / 'out/coco.json').read_text())
    (image,), (person,) = document['images'], document['annotations']
    assert (image['width'], image['height']) == (80, 60)
    assert person['bbox'] == [7, 4, 26, 52]  # 15 % on each side
    assert (person['track_id'], person['num_keypoints'], person['area']) == (7, 4, 26 * 52)
    assert person['keypoints'][:6] == [10, 10, 2, 30, 10, 2] and not any(person['keypoints'][12:])


def test_names_a_missing_image(dataset: Path) -> None:
    (dataset / 'images/0.jpg').unlink()
    result = convert(dataset)
    assert result.returncode and str(dataset / 'images/0.jpg') in result.stderr
    assert not (dataset / 'out').exists()
