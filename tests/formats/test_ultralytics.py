import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmgnntrack.formats import read
from mmgnntrack.formats.ultralytics import write_ultralytics
from mmgnntrack.posetrack import COCO, PoseTrackFormatError, PoseVideo, Skeleton

pytestmark = pytest.mark.usefixtures('pieces')

SIZE = (200, 100)
PAW = Skeleton(('nose', 'paw'), (0.1, 0.1))


def a_line(count: int, width: int, *rest: str, x: float = 0.25) -> str:
    """A person whose joint k lies at (x, k / 100) of the image, with score 0.5 if width is 3."""
    joints = [' '.join([str(x), str(k / 100), '0.5'][:width]) for k in range(1, count + 1)]
    return ' '.join(['0 0.5 0.5 0.2 0.2', *joints, *rest])


def a_frame(folder: Path, name: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f'{name}.txt').write_text(''.join(f'{line}\n' for line in lines))


@pytest.mark.parametrize('rest', [(), ('0.9',), ('7',), ('0.9', '7')])
@pytest.mark.parametrize('width', [2, 3])
def test_read_text(tmp_path: Path, width: int, rest: tuple[str, ...]) -> None:
    a_frame(tmp_path / 'labels', 'dance_10', a_line(17, width, *rest), a_line(17, width, *rest, x=0.5))
    a_frame(tmp_path / 'labels', 'dance_2', a_line(17, width, *rest, x=0.75))
    video = read(tmp_path / 'labels', image_size=SIZE)
    assert video.name == 'dance' and video.skeleton is COCO
    assert [(frame.frame_id, frame.file_name) for frame in video.frames] == [(2, 'dance_2'), (10, 'dance_10')]
    frame = video.frames[1]
    np.testing.assert_allclose(frame.keypoints[:, :, 0], np.repeat([[50.0], [100.0]], 17, 1))
    np.testing.assert_allclose(frame.keypoints[0, :, 1], np.arange(1, 18))
    assert (frame.keypoint_scores == 0.5).all() if width == 3 else np.isnan(frame.keypoint_scores).all()
    assert frame.annotated.all()


def test_joints_at_the_origin_are_missing(tmp_path: Path) -> None:
    a_frame(tmp_path / 'labels', '000001', '0 0.5 0.5 0.2 0.2 0 0 0.3 0.5 0.5 0.9')
    video = read(tmp_path / 'labels', skeleton=PAW, image_size=SIZE)
    (frame,) = video.frames
    assert video.name == 'labels' and video.skeleton is PAW and frame.annotated.tolist() == [[False, True]]
    assert frame.keypoints.tolist() == [[[0, 0], [100, 50]]] and frame.keypoint_scores.tolist() == [[0, 0.9]]


BAD = {
    'width': (a_line(16, 3), 'expected class, box, x, y .* of 17 joints, .*, got 53 values'),
    'box alone': ('0 0.5 0.5 0.2 0.2', '17 joints, .*, got 5 values'),
    'words': (a_line(17, 3).replace('0.01', 'far'), 'expected numbers, got 0 0.5'),
    'nan': (a_line(17, 3).replace('0.01', 'nan'), 'all finite, got 0 0.5'),
    'large': (a_line(17, 3).replace('0.01', '1e308'), 'all finite, got 0 0.5'),
}


@pytest.mark.parametrize(('line', 'message'), BAD.values(), ids=BAD)
def test_bad_lines(tmp_path: Path, line: str, message: str) -> None:
    a_frame(tmp_path / 'v', 'v_3', a_line(17, 3), line)
    with pytest.raises(PoseTrackFormatError, match=f"v_3.txt, frame 3, field 'line': .*{message}"):
        read(tmp_path / 'v', image_size=SIZE)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    a_frame(tmp_path / 'v', 'v_3', a_line(17, 3))
    (tmp_path / 'v/v_3.txt').write_bytes(b'0 0.5 \xff')
    with pytest.raises(PoseTrackFormatError, match="v_3.txt, frame 3, field 'file': expected text in UTF-8"):
        read(tmp_path / 'v', image_size=SIZE)


def test_text_needs_the_image_size(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    a_frame(tmp_path / 'v', 'v_3', a_line(17, 3))
    with pytest.raises(ValueError, match='v: YOLO text files have parts of the image: expected its size, --image-size'):
        read(tmp_path / 'v')
    with pytest.raises(ValueError, match='expected its size, --image-size'):
        write_ultralytics(tmp_path / 'out', tracked())
    assert not (tmp_path / 'out').exists()


def a_person(count: int = 17, start: float = 0.0, **changed: Any) -> dict[str, Any]:
    """As `Results.to_json` gives it, joint k at (start + k, 5)."""
    joints = {'x': [start + k for k in range(count)], 'y': [5.0] * count, 'visible': [0.5] * count} | changed
    box = {'x1': 1.0, 'y1': 2.0, 'x2': 3.0, 'y2': 4.0}
    return {'name': 'person', 'class': 0, 'confidence': 0.9, 'box': box, 'track_id': 3, 'keypoints': joints}


def a_file(folder: Path, *frames: Any) -> Path:
    (folder / 'dance.json').write_text(json.dumps(frames))
    return folder / 'dance.json'


def test_read_json(tmp_path: Path) -> None:
    missing = a_person(start=3)
    missing['keypoints']['x'][1] = missing['keypoints']['y'][1] = 0.0
    video = read(a_file(tmp_path, [], [a_person(), missing], [a_person(start=1)]))
    assert video.name == 'dance' and video.skeleton is COCO
    assert [(frame.frame_id, len(frame)) for frame in video.frames] == [(0, 0), (1, 2), (2, 1)]
    assert video.frames[2].keypoints[0].tolist() == [[1.0 + k, 5] for k in range(17)]
    assert video.frames[1].annotated.sum(-1).tolist() == [17, 16]
    assert video.frames[1].keypoint_scores[1, :3].tolist() == [0.5, 0, 0.5]


def test_json_without_scores_and_of_other_joints(tmp_path: Path) -> None:
    person = a_person(2)
    del person['keypoints']['visible']
    frame = read(a_file(tmp_path, [person]), skeleton=PAW).frames[0]
    assert frame.annotated.all() and np.isnan(frame.keypoint_scores).all()


BAD_JSON = {
    'count': ([[], [a_person(3)]], "frame 1, field 'keypoints': expected 17 joints .*, got 3"),
    'later': ([[a_person()], [a_person(3)]], "frame 1, field 'keypoints': expected 17 joints, got 3"),
    'keypoints': ([[{'box': {}}]], "frame 0, field 'keypoints': expected an object with x, y and visible"),
    'lengths': ([[a_person(x=[1.0])]], "frame 0, field 'keypoints': expected as many numbers in x, in y and in"),
    'numbers': ([[a_person(x=['a'] * 17)]], "frame 0, field 'keypoints': expected as many numbers in x"),
    'null': ([[a_person(x=[None] * 17)]], "frame 0, field 'keypoints': expected as .*, got None at position 0"),
    'large': (
        [[a_person(y=[1e308] * 17)]],
        "frame 0, field 'keypoints': .*, got 1e.308 at position 0, beyond 1e.09",
    ),
    'long': ([[a_person(visible=[10**400] * 17)]], "frame 0, field 'keypoints': .* at position 0, beyond"),
    'frames': ([[a_person()], 3], "field 'file': expected a list with a list of objects for each frame"),
}


@pytest.mark.parametrize(('frames', 'message'), BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json(tmp_path: Path, frames: list[Any], message: str) -> None:
    with pytest.raises(PoseTrackFormatError, match=f'dance.json, {message}'):
        read(a_file(tmp_path, *frames))


def test_write_and_read(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    video = tracked()
    a_frame(tmp_path / 'out', 'dance_99', a_line(17, 3))
    write_ultralytics(tmp_path / 'out', video, (1000, 500))
    assert sorted(file.name for file in (tmp_path / 'out').iterdir()) == ['dance_1.txt', 'dance_4.txt']
    first, second = (line.split(' ') for line in (tmp_path / 'out/dance_1.txt').read_text().splitlines())
    # Class, box around the joints (500 to 516, 50 to 82), the nose with its score, and the identity at the end.
    assert first[:8] == ['0', '0.508', '0.132', '0.016', '0.064', '0.5', '0.1', '0.005']
    assert len(first) == 5 + 51 + 1 and (first[-1], second[-1]) == ('5', '2')
    del video.frames[1]  # nobody is in it, so it has no file
    for frame, number in zip(video.frames, (1, 4)):
        frame.frame_id = number
    same_poses(read(tmp_path / 'out', image_size=(1000, 500)), video)
