import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.posetrack import PoseStream, PoseVideo, read_video, write_video
from mmgnntrack.posetrack.stream import digest_of

VIDEO = a_video(people_at(10, 50), {}, people_at(12), people_at(14, 90), name='v_1')


def streamed(path: Path, frames: int | None = None, keep: int = 0) -> PoseStream:
    stream = PoseStream(path, PoseVideo('v_1', []), keep)
    for frame in VIDEO.frames[keep:frames]:
        stream.append(frame)
    return stream


def test_same_file_as_of_a_whole_video(tmp_path: Path) -> None:
    write_video(tmp_path / 'whole.json', VIDEO)
    streamed(tmp_path / 'frames.jsonl').write_posetrack(tmp_path / 'streamed.json')
    assert json.loads((tmp_path / 'streamed.json').read_text()) == json.loads((tmp_path / 'whole.json').read_text())
    assert len(read_video(tmp_path / 'streamed.json')) == 4


def test_what_is_said_of_the_video(tmp_path: Path) -> None:
    info = {'description': 'joined', 'join': 3}
    video = replace(VIDEO, info=info)
    write_video(tmp_path / 'whole.json', video)
    stream = PoseStream(tmp_path / 'frames.jsonl', video)
    stream.write_posetrack(tmp_path / 'streamed.json')
    for name in ('whole', 'streamed'):
        assert json.loads((tmp_path / f'{name}.json').read_text())['info'] == info
    assert len(stream) == len(read_video(tmp_path / 'streamed.json')) == 0


def test_frames_so_far(tmp_path: Path) -> None:
    found = streamed(tmp_path / 'frames.jsonl', 3).frames()
    for frame, expected in zip(found, VIDEO.frames[:3], strict=True):
        assert np.array_equal(frame.keypoints, expected.keypoints) and frame.file_name == expected.file_name
        assert frame.track_ids.tolist() == expected.track_ids.tolist()
    assert streamed(tmp_path / 'none.jsonl', 0).frames() == []


def test_coco_results(tmp_path: Path) -> None:
    streamed(tmp_path / 'frames.jsonl').write_coco(tmp_path / 'coco.json')
    results = json.loads((tmp_path / 'coco.json').read_text())
    assert [(result['image_id'], result['track_id']) for result in results] == [(0, 0), (0, 1), (2, 0), (3, 0), (3, 1)]
    assert results[1]['keypoints'][:3] == [50.0, 100.0, 1.0]
    assert len(results[0]['keypoints']) == 3 * 17 and results[0]['score'] == 1.0


def test_goes_on_where_another_stopped(tmp_path: Path) -> None:
    """Also where the last line was only half written."""
    path = tmp_path / 'frames.jsonl'
    first = streamed(path, 3)
    first.close()
    with path.open('ab') as file:
        file.write(b'[{"id"')
    second = streamed(path, keep=2)
    second.write_posetrack(tmp_path / 'resumed.json')
    write_video(tmp_path / 'whole.json', VIDEO)
    assert (tmp_path / 'resumed.json').read_text() == (tmp_path / 'whole.json').read_text()
    with pytest.raises(ValueError, match=r'frames\.jsonl: expected 9 frames of an earlier run, got 4'):
        streamed(path, keep=9)


def test_another_run_that_takes_the_file_harms_nothing(tmp_path: Path) -> None:
    """One that was still for so long that another one began anew writes its own frames, or none."""
    path = tmp_path / 'frames.jsonl'
    first = streamed(path, 3)
    second = streamed(path, 1)
    first.append(VIDEO.frames[3])
    for stream, count in ((first, 4), (second, 1)):
        stream.write_posetrack(tmp_path / 'a.json')
        assert len(read_video(tmp_path / 'a.json')) == len(stream.frames()) == count


def test_a_digest_tells_whether_a_file_has_the_same_frames(tmp_path: Path) -> None:
    path = tmp_path / 'frames.jsonl'
    first = streamed(path, 3)
    digest = first.digest
    first.close()
    assert digest_of(path, 3) == digest != digest_of(path, 2)
    second = streamed(path, 4, keep=2)
    second.flush()
    assert digest_of(path, 3) == digest and digest_of(path, 4) == second.digest
    path.write_text(path.read_text().replace('50.0', '51.0', 1))
    assert digest_of(path, 3) != digest
    with pytest.raises(ValueError, match=r'frames\.jsonl: expected 5 frames of an earlier run, got 4'):
        digest_of(path, 5)
