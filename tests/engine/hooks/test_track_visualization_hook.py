import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData
from torch import nn

from mmgnntrack.engine.hooks import TrackVisualizationHook
from mmgnntrack.functional import SearchGeometry, gaussian_heatmaps, image_to_cells, pose_bboxes
from mmgnntrack.models import PoseTracker, Step
from mmgnntrack.models.tracker import MODES
from mmgnntrack.registry import HOOKS
from mmgnntrack.visualization import PANELS, identity_color, step_panels
from mmgnntrack.visualization.colors import lightened

Frame = tuple[np.ndarray | torch.Tensor, BaseDataElement]
CODEC = dict(type='mmpose.MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1.0)
GEOMETRY = SearchGeometry(CODEC['input_size'], CODEC['heatmap_size'])


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
    config = dict(type='mmgnntrack.TrackVisualizationHook', out_dir=str(tmp_path / 'a' / 'b'), fps=7, trails=0)
    hook = HOOKS.build(config)
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
    hook = TrackVisualizationHook(tmp_path)
    frames = video('one', 4)
    run(hook, frames[:3])
    assert not {'one.mp4', 'one.png'} & set(names(tmp_path))
    run(hook, frames[3:])
    assert names(tmp_path) == ['one.mp4', 'one.png']


def test_videos_that_end_early(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path)
    run(hook, video('one', 4)[:3] + video('two', 4)[:2])
    assert 'one.mp4' in names(tmp_path) and 'two.mp4' not in names(tmp_path)
    hook.after_test(None)
    assert names(tmp_path) == ['one.mp4', 'one.png', 'two.mp4', 'two.png']
    assert [len(read(tmp_path / f'{name}.mp4')) for name in ('one', 'two')] == [3, 2]


def test_chosen_videos_alone(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, videos=['two'])
    run(hook, video('one', 2) + video('two', 2) + video('three', 2))
    hook.after_test(None)
    assert names(tmp_path) == ['two.mp4', 'two.png']


def test_a_video_left_out_ends_the_one_before(tmp_path: Path) -> None:
    hook = TrackVisualizationHook(tmp_path, videos=['one'])
    run(hook, video('one', 3)[:2] + video('two', 2)[:1])
    assert names(tmp_path) == ['one.mp4', 'one.png']


def test_validation_is_drawn_on_request(tmp_path: Path) -> None:
    run(TrackVisualizationHook(tmp_path), video('one', 2), mode='val')
    assert not names(tmp_path)
    hook = TrackVisualizationHook(tmp_path, val=True)
    run(hook, video('one', 3)[:2], mode='val')
    hook.after_val(None)
    assert names(tmp_path) == ['one.mp4', 'one.png']


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


def shows(image: np.ndarray, color: tuple[int, int, int]) -> bool:
    """Whether a frame that was grey, 320 px wide, has this colour on it; it comes from a video."""
    return bool((np.abs(image.astype(int) - color).max(-1) < 40).sum() > 25)


def test_trails(tmp_path: Path) -> None:
    """They end with the video: whoever had walked through another one has none."""
    walk = [frame('one', index, 9, people=int(index < 8)) for index in range(9)]
    for length in (0, 30):
        hook = TrackVisualizationHook(tmp_path / str(length), trails=length)
        run(hook, walk + [frame('two', 0, 1, people=0)])
        assert shows(read(tmp_path / f'{length}/one.mp4')[-1], identity_color(0)) == (length > 0)
        assert np.ptp(read(tmp_path / f'{length}/two.mp4')[0]) < 10


def crops(tmp_path: Path, people: Sequence[int], length: int) -> list[Frame]:
    """What a stock top-down pipeline says of a video with so many people in its frames: one sample for each of them."""
    frames = []
    for index, count in enumerate(people):
        image, sample = frame('one', index, length, people=count)
        path = tmp_path / f'{index}.png'
        cv2.imwrite(str(path), np.full_like(image, 60 + 40 * index))
        sample.set_metainfo(dict(img_path=str(path)))
        frames += [(torch.zeros(3, 64, 48, dtype=torch.uint8), sample)] * count
    return frames


def test_frames_of_stock_pipelines_are_read_and_drawn_once(tmp_path: Path) -> None:
    """The third of the frames has nobody and never comes; nor does the last, so that the test's end ends the video."""
    hook = TrackVisualizationHook(tmp_path / 'out', trails=0)
    frames = crops(tmp_path, (2, 3, 0, 1), length=5)
    run(hook, frames, batch_size=2)
    assert 'one.mp4' not in names(tmp_path / 'out')
    hook.after_test(None)
    levels = [image[-1, -1, 0] for image in read(tmp_path / 'out/one.mp4')]
    np.testing.assert_allclose(levels, [60, 100, 180], atol=8)


@pytest.mark.parametrize('people', [(1, 3), (2,)])
def test_the_last_frame_of_a_stock_pipeline_ends_the_video_once(tmp_path: Path, people: tuple[int, ...]) -> None:
    hook = TrackVisualizationHook(tmp_path / 'out')
    for _ in range(2):  # a second test draws all anew
        run(hook, crops(tmp_path, people, len(people)), batch_size=3)
        hook.after_test(None)
        assert len(read(tmp_path / 'out/one.mp4')) == len(people)
        (tmp_path / 'out/one.mp4').unlink()


def a_runner(model: object, **metainfo: object) -> SimpleNamespace:
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo))
    return SimpleNamespace(model=model, test_dataloader=loader, val_dataloader=loader)


def test_the_skeleton_is_that_of_the_data_set(tmp_path: Path) -> None:
    image, sample = frame('one', 0, 1)
    for field in ('keypoints', 'keypoint_scores'):
        sample.pred_track_instances.set_field(sample.pred_track_instances[field][:, :5], field)
    hook = TrackVisualizationHook(tmp_path)
    hook.before_test(a_runner(None, skeleton_links=[[0, 4]]))
    run(hook, [(image, sample)])
    assert shows(read(tmp_path / 'one.mp4')[0], identity_color(0))
    with pytest.raises(ValueError, match='5 joints have no default skeleton'):
        run(TrackVisualizationHook(tmp_path / 'other'), [(image, sample)])


class Model(nn.Module):
    """Tracks people whose poses are those of the samples, without any network but the dynamics head."""

    def __init__(self, matching: str = 'full', **head: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        head = dict(dict(type='mmgnntrack.GNNDynamicsHead', visual_channels=0, feat_channels=16), **head)
        self.tracker = PoseTracker(CODEC, GEOMETRY, dynamics_head=head, matching=matching, min_similarity=0.0)

    def track(self, frames: list[Frame], hook: TrackVisualizationHook) -> None:
        """Frames of one video, one to a batch."""
        self.tracker.reset()
        for number, (image, sample) in enumerate(frames):
            given = sample.pred_track_instances
            boxes = pose_bboxes(given.keypoints, given.keypoint_scores > 0)
            corners = GEOMETRY.crops(boxes)
            regions = np.concatenate([corners[:, :2] - corners[:, 2:] / 2, corners[:, 2:] / (12, 16)], -1)
            cells = image_to_cells(given.keypoints, regions)
            heatmaps = gaussian_heatmaps(cells, given.keypoint_scores, CODEC['heatmap_size'], 1.0)
            estimated = InstanceData(
                keypoints=given.keypoints, keypoint_scores=given.keypoint_scores, heatmaps=heatmaps, regions=regions
            )
            sample.pred_track_instances = self.tracker.step(estimated, sample.frame_id)
            hook.after_test_iter(None, number, dict(inputs=[image]), [sample])


@pytest.mark.parametrize('head', [{}, {'output': 'offsets'}])
def test_panels(tmp_path: Path, head: dict) -> None:
    hook = TrackVisualizationHook(tmp_path, panels=['fusion', 'heatmaps', 'attention'])
    model = Model(**head)
    hook.before_test(a_runner(model))
    model.track(video('one', 4), hook)  # 0, 1, 2 and 0 people
    hook.after_test(None)
    assert names(tmp_path) == ['one.mp4', 'one.png', 'one_attention', 'one_fusion.mp4', 'one_heatmaps']
    frames = [f'{index:06}.png' for index in range(4)]
    assert names(tmp_path / 'one_heatmaps') == names(tmp_path / 'one_attention') == frames
    fusion = read(tmp_path / 'one_fusion.mp4')
    assert len(fusion) == 4 and fusion[0].shape[1] == 3 * 640 + 12
    for index, known in enumerate((0, 0, 1, 0)):
        history, estimator, _ = fusion[index][40:, :640], fusion[index][40:, 646:1286], fusion[index][40:, 1292:]
        before = any(shows(history, color) for color in (identity_color(0), lightened(identity_color(0))))
        assert before == (index > 1)  # who was there, or is predicted to be where they were
        assert shows(estimator, identity_color(0)) == (index in (1, 2))
        # A match has its row and its matrix, in the colour of the identity.
        for panel in ('heatmaps', 'attention'):
            picture = cv2.imread(str(tmp_path / f'one_{panel}/{frames[index]}'))
            assert (picture == identity_color(0)).all(-1).any() == bool(known), (panel, index)


def test_the_history_of_a_panel_is_that_before_the_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker's memory has gone on when the panel is drawn."""
    steps: list[Step] = []
    monkeypatch.setattr(
        step_panels, 'fusion_panel', lambda image, step, *_: steps.append(step) or np.zeros((8, 8, 3), 'u1')
    )
    for matching in MODES:
        hook = TrackVisualizationHook(tmp_path / matching, panels=['fusion'])
        model = Model(matching)
        hook.before_test(a_runner(model))
        steps.clear()
        frames = [frame('one', index, 3) for index in range(3)]
        poses = [sample.pred_track_instances.keypoints for _, sample in frames]
        model.track(frames, hook)
        for index in (1, 2):
            last = poses[index - 1] if not MODES[matching].fuses else steps[index - 1].tracked.keypoints
            np.testing.assert_allclose(steps[index].tracklets.keypoints[:, -1], last, rtol=1e-5)
            if not MODES[matching].predicts:
                np.testing.assert_allclose(steps[index].reference.keypoints, last, rtol=1e-5)
            # The final picture shows what is given out.
            given = frames[index][1].pred_track_instances
            assert steps[index].tracked.instances_id.tolist() == given.instances_id.tolist()
            np.testing.assert_array_equal(steps[index].tracked.keypoints, given.keypoints)


def test_attention_of_matches_and_predicted_joints_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(step_panels, 'attention_panel', lambda *args: given.append(args) or np.zeros((8, 8, 3), 'u1'))
    hook = TrackVisualizationHook(tmp_path, panels=['attention'])
    model = Model(output='offsets')  # as sure as the last pose
    hook.before_test(a_runner(model))
    frames = [frame('one', index, 2, people=2) for index in range(2)]
    for _, sample in frames:
        sample.pred_track_instances.keypoint_scores[:, 7] = 0.1
    frames[1][1].pred_track_instances = sample.pred_track_instances[[1]]  # the first one has gone
    model.track(frames, hook)
    (_, _, nobody), (weights, joints, ids) = given
    assert not len(nobody) and ids.tolist() == [1] and weights.shape == (1, 15, 15) and len(joints) == 15
    blank = torch.isnan(weights[0]).all(-1)
    assert blank[7] and not blank[[0, 6, 8]].any()
    torch.testing.assert_close(weights[0, ~blank].sum(-1), torch.ones(int((~blank).sum())))


def test_the_tracker_is_left_as_it_was(tmp_path: Path) -> None:
    model = Model()
    for mode, val, watched in (('test', False, True), ('val', True, True), ('val', False, False)):
        hook = TrackVisualizationHook(tmp_path, panels=['fusion'], val=val)
        getattr(hook, f'before_{mode}')(a_runner(nn.DataParallel(model)))
        assert (model.tracker.observer is not None) == watched
        getattr(hook, f'after_{mode}')(None)
        assert model.tracker.observer is None
    TrackVisualizationHook(tmp_path).before_test(a_runner(model))
    assert model.tracker.observer is None


@pytest.mark.parametrize('matching', MODES)
def test_panels_of_what_the_tracker_does_not_do(tmp_path: Path, matching: str) -> None:
    possible = dict(fusion=True, heatmaps=MODES[matching].fuses, attention=MODES[matching].predicts)
    for panel, there in possible.items():
        hook, model = TrackVisualizationHook(tmp_path, panels=[panel]), Model(matching)
        if there:
            hook.before_test(a_runner(model))
            continue
        with pytest.raises(
            ValueError, match=f"panel '{panel}' needs matching .*'full'.*, the tracker has '{matching}'"
        ):
            hook.before_test(a_runner(model))
        assert model.tracker.observer is None


def test_panels_need_a_tracker(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='need a VideoPoseTracker, the model is a Linear'):
        TrackVisualizationHook(tmp_path, panels=['fusion']).before_test(a_runner(nn.Linear(1, 1)))


def test_unknown_panels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(f"some of {tuple(PANELS)}, got ['fusion', 'pose']")):
        TrackVisualizationHook(tmp_path, panels=['fusion', 'pose'])
