import json
from pathlib import Path

import numpy as np
import pytest
from videos import a_frame, a_video, people_at

from mmgnntrack.datasets import PoseTrackVideoDataset
from mmgnntrack.datasets.boxes import annotated_boxes, read_bbox_file

ENTRY = dict(bbox=[1, 2, 30, 40], score=0.5, image_id=1, category_id=1)
VIDEO = a_video(people_at(0), people_at(0), {})


def a_file(tmp_path: Path, *entries: object) -> Path:
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(entries))
    return path


def test_boxes_of_annotated_people() -> None:
    frame = a_frame(people_at(0, 50, 90))
    frame.bboxes[0] = 1, 2, 3, 4
    frame.annotated[1] = False
    boxes = annotated_boxes(frame)
    assert boxes[0].tolist() == [1, 2, 3, 4] and len(boxes) == 2
    x1, y1, x2, y2 = boxes[1]  # around the joints
    assert x1 <= 90 <= x2 and y1 <= 100 and y2 >= 1500


def test_boxes_by_frame(tmp_path: Path) -> None:
    entries = (ENTRY, {**ENTRY, 'score': 0.9}, {**ENTRY, 'image_id': 0}, {**ENTRY, 'image_id': 77})
    found = read_bbox_file(a_file(tmp_path, *entries, {**ENTRY, 'category_id': 2}), [VIDEO])
    bboxes, scores = found[1]
    assert bboxes.tolist() == [[1, 2, 31, 42]] * 2
    np.testing.assert_allclose(scores, [0.5, 0.9])
    assert len(found[0][0]) == 1 and 2 not in found


def test_boxes_by_name(tmp_path: Path) -> None:
    """Frames of different PoseTrack17 videos have the same numbers."""
    videos = [VIDEO, a_video({}, name='w')]
    videos[1].frames[0].file_name = 'w/0.jpg'
    named = {**ENTRY, 'image_id': 'w/0.jpg'}
    assert list(read_bbox_file(a_file(tmp_path, named), videos)) == ['w/0.jpg']
    with pytest.raises(ValueError, match='2 frames have the id 0, their file names are needed'):
        read_bbox_file(a_file(tmp_path, {**ENTRY, 'image_id': 0}), videos)


@pytest.mark.parametrize(
    ('entry', 'complaint'),
    [
        ({**ENTRY, 'bbox': [1, 2, 3]}, 'entry 1: expected .bbox. as x, y, w, h'),
        ({**ENTRY, 'score': float('nan')}, 'entry 1: expected'),
        ({'bbox': [1, 2, 3, 4]}, 'entry 1: expected bbox, score, image_id and category_id'),
        (7, 'entry 1: expected bbox'),
        ({**ENTRY, 'bbox': [1, 2, 3, 1e308]}, 'entry 1: expected .* got 1e.308 at position 3, beyond 1e'),
        ({**ENTRY, 'score': 10**400}, 'entry 1: expected .* at position 4, beyond'),
        ({**ENTRY, 'score': '0.5'}, "entry 1: expected .* got '0.5' at position 4"),
        ({**ENTRY, 'bbox': None}, 'entry 1: expected .* got None'),
        ({**ENTRY, 'image_id': [1]}, r'entry 1: expected .* got image_id \[1\]'),
    ],
)
def test_bad_entries(tmp_path: Path, entry: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=f'boxes.json, {complaint}'):
        read_bbox_file(a_file(tmp_path, ENTRY, entry), [VIDEO])


def test_boxes_of_other_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="boxes.json: .* such as 0 or 'v/0.jpg', got none of them"):
        read_bbox_file(a_file(tmp_path, {**ENTRY, 'image_id': 9}), [VIDEO])
    with pytest.raises(ValueError, match='boxes.json: expected .* as image_id, got none of them'):
        read_bbox_file(a_file(tmp_path, ENTRY), [])
    (tmp_path / 'cut.json').write_text('[{"bbox": [1')
    with pytest.raises(ValueError, match="cut.json, field 'file': expected JSON, got Expecting"):
        read_bbox_file(tmp_path / 'cut.json', [VIDEO])
    path = tmp_path / 'dict.json'
    path.write_text('{}')
    with pytest.raises(ValueError, match='expected a list of boxes, got dict'):
        read_bbox_file(path, [VIDEO])


def test_real_detections(real_data: Path) -> None:
    """MMPose's file of detections for PoseTrack18."""
    root = real_data / 'posetrack18'
    path = root / 'annotations/posetrack18_val_human_detections.json'
    frames = PoseTrackVideoDataset(
        'annotations/val', data_root=str(root), bbox_file=str(path), bbox_score_thr=0.3, data_prefix=dict(img='')
    )
    expected = [entry for entry in json.loads(path.read_text()) if entry['score'] >= 0.3]
    assert sum(len(frames.get_data_info(index)['bboxes']) for index in range(len(frames))) == len(expected)
    assert frames.metainfo['boxes_from'] == str(path)
