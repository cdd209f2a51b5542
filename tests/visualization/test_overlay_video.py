import multiprocessing
import resource
import signal
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.apis.pose_track_inferencer import nobody
from mmgnntrack.visualization import draw_tracks
from mmgnntrack.visualization.overlay_video import OverlayVideo, contact_sheet

NOBODY = nobody(17)


def grey(level: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def read(path: Path) -> list[np.ndarray]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (frame := capture.read()[1]) is not None:
        frames.append(frame)
    return frames


def test_frames_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'folder' / 'a.b.mp4'
    video = OverlayVideo(path, fps=5)
    for level in (20, 120, 220):
        video.write(grey(level))
        assert not path.exists()
    video.close()
    video.close()
    assert [file.name for file in path.parent.iterdir()] == ['a.b.mp4']
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == 5
    np.testing.assert_allclose([frame.mean() for frame in read(path)], [20, 120, 220], atol=4)


def test_frames_of_other_sizes_are_kept(tmp_path: Path) -> None:
    video = OverlayVideo(tmp_path / 'a.mp4', fps=5)
    for height, width in ((49, 65), (48, 64), (100, 90)):
        video.write(grey(50, height, width))
    video.close()
    assert [frame.shape for frame in read(tmp_path / 'a.mp4')] == 3 * [(48, 64, 3)]


def test_an_earlier_run_goes_on(tmp_path: Path) -> None:
    for levels in ([20, 120], [220]):
        video = OverlayVideo(tmp_path / 'a.mp4', fps=5)
        video.resume()
        for level in levels:
            video.write(grey(level))
        video.close()
    np.testing.assert_allclose([frame.mean() for frame in read(tmp_path / 'a.mp4')], [20, 120, 220], atol=6)


def test_a_file_that_cannot_grow(tmp_path: Path) -> None:
    """OpenCV says nothing of a full disk."""
    fork = multiprocessing.get_context('fork')
    complaints = fork.SimpleQueue()
    process = fork.Process(target=write_too_much, args=(tmp_path / 'a.mp4', complaints), daemon=True)
    process.start()
    process.join(timeout=60)
    assert process.exitcode == 0 and not complaints.empty()
    assert complaints.get().startswith(f'cannot write {tmp_path}/a.mp4: ')
    assert not list(tmp_path.iterdir())


def write_too_much(path: Path, complaints: SimpleQueue) -> None:
    """In a process of its own, whose files cannot grow beyond 100 kB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    video = OverlayVideo(path, fps=5)
    try:
        for seed in range(20):
            video.write(np.random.default_rng(seed).integers(0, 255, (240, 320, 3), np.uint8))
        video.close()
    except OSError as error:
        complaints.put(str(error))


@pytest.mark.parametrize('shape', [(300, 1), (1, 300), (4000, 8)])
def test_frames_of_odd_shapes(tmp_path: Path, shape: tuple[int, int]) -> None:
    video = OverlayVideo(tmp_path / 'a.mp4', fps=5, num_frames=2)
    for level in (20, 120):
        video.write(draw_tracks(grey(level, *shape), NOBODY))
    video.close()
    assert len(read(tmp_path / 'a.mp4')) == 2
    assert max(cv2.imread(str(tmp_path / 'a.png')).shape) < 3000


def test_no_frame_no_file(tmp_path: Path) -> None:
    OverlayVideo(tmp_path / 'a.mp4', fps=5, num_frames=3).close()
    assert not list(tmp_path.iterdir())


def test_the_contact_sheet_holds_evenly_spaced_frames(tmp_path: Path) -> None:
    video = OverlayVideo(tmp_path / 'a.mp4', fps=5, num_frames=34)
    for index in range(34):
        video.write(grey(7 * index))
    video.close()
    sheet = cv2.imread(str(tmp_path / 'a.png'))
    assert sheet.shape == (3 * 364 - 4, 4 * 484 - 4, 3)
    centres = [sheet[180 + 364 * row, 240 + 484 * column, 0] for row in range(3) for column in range(4)]
    assert centres == [7 * 3 * index for index in range(12)]
    assert (sheet[330:358, 2:60] == 0).any()  # the number of the frame


def test_an_incomplete_last_row_stays_white() -> None:
    sheet = contact_sheet([grey(9)] * 5)
    assert sheet.shape == (2 * 52 - 4, 4 * 68 - 4, 3)
    assert (sheet[52:, :64] == 9).all() and (sheet[52:, 64:] == 255).all()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='cannot write videos to the folder .*file.inside'):
        OverlayVideo(tmp_path / 'file' / 'inside' / 'a.mp4', fps=5)
