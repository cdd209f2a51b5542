from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.structures import BaseDataElement, InstanceData

from mmgnntrack.engine.hooks import TrackVisualizationHook
from mmgnntrack.registry import HOOKS
from mmgnntrack.visualization import identity_color

Frame = tuple[np.ndarray, BaseDataElement]


def frame(name: str, index: int, length: int, people: int = 1) -> Frame:
    """A grey frame whose people walk to the right."""
    keypoints = np.linspace((40, 40), (70, 200), 15) + np.arange(people)[:, None, None] * (60, 0) + (4 * index, 0)
    sample = BaseDataElement(metainfo=dict(video_name=name, frame_id=index, video_length=length, img_path='none'))
    sample.pred_track_instances = InstanceData(
        instances_id=np.arange(people),
        keypoints=keypoints,
        keypoint_scores=np.ones((people, 15)),
        bboxes=np.concatenate([keypoints.min(1), keypoints.max(1)], -1),
        predicted=np.zeros(people, bool),
    )
    return np.full((240, 320, 3), 128, np.uint8), sample


def video(name: str, length: int) -> list[Frame]:
    return [frame(name, index, length, people=index % 3) for index in range(length)]


def run(hook: TrackVisualizationHook, frames: list[Frame], batch_size: int = 1, mode: str = 'test') -> None:
    for start in range(0, len(frames), batch_size):
        images, samples = zip(*frames[start : start + batch_size])
        after_iter = getattr(hook, f'after_{mode}_iter')
        after_iter(None, start // batch_size, dict(inputs=list(images)), list(samples))


def read(path: Path) -> list[np.ndarray]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (image := capture.read()[1]) is not None:
        frames.append(image)
    return frames


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize('batch_size', [1, 4])
def test_two_videos(tmp_path: Path, batch_size: int) -> None:
    hook = HOOKS.build(dict(type='mmgnntrack.TrackVisualizationHook', out_dir=str(tmp_path / 'a' / 'b'), fps=7))
    assert not list(tmp_path.iterdir())
    run(hook, video('one', 14) + video('two', 5), batch_size)
    assert names(tmp_path / 'a' / 'b') == ['one.mp4', 'one.png', 'two.mp4', 'two.png']
    for name, length, sheet in (('one', 14, (3 * 364 - 4, 4 * 484 - 4)), ('two', 5, (2 * 364 - 4, 4 * 484 - 4))):
        frames = read(tmp_path / 'a' / 'b' / f'{name}.mp4')
        assert [image.shape for image in frames] == length * [(480, 640, 3)]
        assert cv2.imread(str(tmp_path / 'a' / 'b' / f'{name}.png')).shape[:2] == sheet
        # The k-th frame shows k % 3 people.
        for index, image in enumerate(frames):
            for person in range(2):
                seen = (np.abs(image.astype(int) - identity_color(person)).max(-1) < 60).sum() > 100
                assert seen == (person < index % 3), (name, index, person)


def test_one_frame(tmp_path: Path) -> None:
    run(TrackVisualizationHook(tmp_path), video('one', 1))
    assert len(read(tmp_path / 'one.mp4')) == 1
    assert cv2.imread(str(tmp_path / 'one.png')).shape == (360, 480, 3)


def test_no_file_has_its_name_before_it_is_whole(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, contact_sheet=False)
    frames = video('one', 4)
    run(hook, frames[:3])
    assert not {'one.mp4', 'one.png'} & set(names(tmp_path))
    run(hook, frames[3:])
    assert names(tmp_path) == ['one.mp4']


def test_videos_that_end_early(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, contact_sheet=False)
    run(hook, video('one', 4)[:3] + video('two', 4)[:2])
    assert 'one.mp4' in names(tmp_path) and 'two.mp4' not in names(tmp_path)
    hook.after_test(None)
    assert names(tmp_path) == ['one.mp4', 'two.mp4']
    assert [len(read(tmp_path / name)) for name in names(tmp_path)] == [3, 2]


def test_chosen_videos_alone(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, videos=['two'], contact_sheet=False)
    run(hook, video('one', 2) + video('two', 2) + video('three', 2))
    hook.after_test(None)
    assert names(tmp_path) == ['two.mp4']


def test_a_video_left_out_ends_the_one_before(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, videos=['one'], contact_sheet=False)
    run(hook, video('one', 3)[:2] + video('two', 2)[:1])
    assert names(tmp_path) == ['one.mp4']


def test_validation_is_drawn_on_request(tmp_path: Path) -> None:
    run(TrackVisualizationHook(tmp_path), video('one', 2), mode='val')
    assert not names(tmp_path)
    hook = TrackVisualizationHook(tmp_path, val=True, contact_sheet=False)
    run(hook, video('one', 3)[:2], mode='val')
    hook.after_val(None)
    assert names(tmp_path) == ['one.mp4']


def test_the_score_threshold_is_passed_on(tmp_path: Path) -> None:
    for score_thr in (0.5, 1.5):
        run(TrackVisualizationHook(tmp_path / str(score_thr), score_thr=score_thr), [frame('one', 0, 1)])
    shown, empty = (read(tmp_path / str(score_thr) / 'one.mp4')[0] for score_thr in (0.5, 1.5))
    assert np.ptp(shown) > 50 > 10 > np.ptp(empty)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    hook = TrackVisualizationHook(tmp_path / 'file' / 'inside')
    with pytest.raises(OSError, match='cannot write videos to the folder .*file.inside'):
        run(hook, video('one', 2))
