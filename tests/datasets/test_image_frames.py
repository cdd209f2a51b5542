import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmgnntrack.datasets.image_frames import image_frames
from mmgnntrack.posetrack import PoseTrackFormatError


@pytest.fixture
def frames_of(tmp_path: Path) -> Callable:
    def frames_of(*images: dict) -> dict:
        path = tmp_path / 'images.json'
        path.write_text(json.dumps(dict(images=[dict(image, id=index) for index, image in enumerate(images)])))
        return {index: tuple(frame) for index, frame in image_frames(SimpleNamespace(ann_file=str(path))).items()}

    return frames_of


def test_frame_ids_number_the_frames(frames_of: Callable) -> None:
    """Also those between that the file does not list."""
    found = frames_of(
        dict(file_name='images/val/b/2.jpg', frame_id=10020),
        dict(file_name='images/val/b/9.jpg', frame_id=10010),
        dict(file_name='images/val/b/5.jpg', frame_id=10050),
        dict(file_name='images/val/a/1.jpg', frame_id=7),
    )
    assert found == {0: ('b', 1, 5), 1: ('b', 0, 5), 2: ('b', 4, 5), 3: ('a', 0, 1)}


def test_else_file_names_do(frames_of: Callable) -> None:
    found = frames_of(dict(file_name='b/02.jpg'), dict(file_name='b/01.jpg', frame_id=3))
    assert found == {0: ('b', 1, 2), 1: ('b', 0, 2)}


@pytest.mark.parametrize(
    ('image', 'complaint'),
    [
        (dict(frame_id=3), "field 'images': expected objects with id and file_name, got {'frame_id': 3"),
        (dict(file_name=3), "field 'images': expected objects with id and file_name"),
        (dict(file_name='b/03.jpg', frame_id='3'), "field 'frame_id': expected an integer below .*, got 3"),
        (dict(file_name='b/03.jpg', frame_id=1.5), "field 'frame_id': expected an integer below .*, got 1.5"),
        (dict(file_name='b/03.jpg', frame_id=10**30), "field 'frame_id': expected an integer below"),
    ],
)
def test_what_is_no_image(frames_of: Callable, image: dict, complaint: str) -> None:
    with pytest.raises(PoseTrackFormatError, match=f'images.json, frame of entry 1, {complaint}'):
        frames_of(dict(file_name='b/02.jpg'), image)


def test_folders_of_one_name(frames_of: Callable) -> None:
    found = frames_of(dict(file_name='x/img/1.jpg'), dict(file_name='y/img/1.jpg'))
    assert [video for video, _, _ in found.values()] == ['x/img', 'y/img']
