from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tubes import a_track

from mmgnntrack.datasets.transforms import AugmentTube, JitterHistory, LoadTube, PackTubeInputs, SampleTube
from mmgnntrack.posetrack import POSETRACK

CODEC = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5)
SIZE = (320, 240)


@pytest.fixture(autouse=True)
def seed() -> None:
    np.random.seed(0)


TUBES = [
    ('every second', range(10), 6, (2, 2), [0, 2, 4, 6]),
    ('every one', range(10), 3, (1, 1), [0, 1, 2, 3]),
    ('the video begins', range(10), 3, (2, 2), [1, 3]),
    ('a frame of the past is missing', [0, 3, 4, 6], 3, (2, 2), [0, 4, 6]),
    ('the frame before is missing', [0, 1, 2, 5, 6], 4, (3, 3), [0, 2, 6]),
    ('frames that no step needs are missing', [0, 3, 5, 6], 3, (3, 3), [0, 3, 6]),
    ('steps that lead before the video', range(4), 1, (4, 4), [0, 1]),
]


@pytest.mark.parametrize(('frames', 'current', 'gaps', 'expected'), [t[1:] for t in TUBES], ids=[t[0] for t in TUBES])
def test_frames_of_a_tube(frames: list[int], current: int, gaps: tuple[int, int], expected: list[int]) -> None:
    track = a_track(list(frames), current)
    tube = SampleTube(length=4, gaps=gaps)(track)
    missing = 4 - len(expected)
    assert tube['img_paths'] == missing * [None] + [f'{frame}.jpg' for frame in expected]
    assert tube['keypoints'].shape == (4, 15, 2)
    np.testing.assert_allclose(
        tube['keypoints'][missing:, 0, 0], track['track_keypoints'][0, 0, 0] + np.array(expected) * 3
    )
    assert tube['annotated'].all(-1).tolist() == missing * [False] + len(expected) * [True]
    assert not tube['annotated'][:missing].any()
    ages = (frames[current] - np.array(expected[:-1])) / gaps[0]
    assert tube['ages'].tolist() == [*(ages[0] + np.arange(missing, 0, -1)), *ages]


def test_frames_ahead() -> None:
    tube = SampleTube(length=4, gaps=(1, 1), ahead=(3, 3))(a_track(list(range(10)), 8))
    assert tube['img_paths'] == ['3.jpg', '4.jpg', '5.jpg', '8.jpg'] and tube['ages'].tolist() == [5, 4, 3]
    tube = SampleTube(length=3, gaps=(2, 2), ahead=(2, 2))(a_track(list(range(10)), 9))
    assert tube['img_paths'] == ['3.jpg', '5.jpg', '9.jpg'] and tube['ages'].tolist() == [3, 2]


def test_near_ones_are_drawn_more_often() -> None:
    sample, track = SampleTube(length=2, gaps=(1, 1), ahead=(1, 3), near=True), a_track(list(range(10)), 9)
    ages = [sample(track)['ages'][0] for _ in range(600)]
    assert np.unique(ages).tolist() == [1, 2, 3]
    np.testing.assert_allclose([ages.count(age) / 600 for age in (1, 2, 3)], np.array([6, 3, 2]) / 11, atol=0.07)


def test_gaps_are_drawn() -> None:
    last = {SampleTube(length=2, gaps=(1, 3))(a_track(list(range(10)), 9))['img_paths'][0] for _ in range(50)}
    assert last == {'8.jpg', '7.jpg', '6.jpg'}


def test_load(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 5, 3), 7, np.uint8))
    images = LoadTube()(dict(img_paths=[None, str(tmp_path / 'a.png')]))['images']
    assert images[0] is None and (images[1] == 7).all()
    with pytest.raises(FileNotFoundError, match='b.png'):
        LoadTube()(dict(img_paths=[str(tmp_path / 'b.png')]))


def with_dots(tube: dict, joint: int) -> dict:
    """Images that are black but for a bright dot at one joint."""
    tube['images'] = []
    for pose, path in zip(tube['keypoints'], tube['img_paths']):
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        dot = 255 * np.exp(-((x - pose[joint, 0]) ** 2 + (y - pose[joint, 1]) ** 2) / 18)
        tube['images'].append(None if path is None else np.repeat(dot[..., None], 3, -1).astype(np.uint8))
    return tube


def spot(image: torch.Tensor) -> np.ndarray:
    """x, y of the dot in a crop (3, h, w)."""
    weight = image[0].double() ** 2
    y, x = torch.meshgrid(torch.arange(weight.shape[0]), torch.arange(weight.shape[1]), indexing='ij')
    return np.array([(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()])


STEADY = dict(rotation=0, scale=0, flip=0)
AUGMENTATIONS = {
    'none': STEADY,
    'rotation': dict(STEADY, rotation=45),
    'scale': dict(STEADY, scale=0.35),
    'flip': dict(STEADY, flip=1),
    'all': dict(rotation=45, scale=0.35, flip=1),
}


@pytest.mark.parametrize('joint', [0, 5, 14])
@pytest.mark.parametrize('options', AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_images_and_joints_move_alike(options: dict, joint: int) -> None:
    for _ in range(3):
        tube = with_dots(SampleTube(gaps=(1, 3))(a_track(list(range(10)), 9)), joint)
        tube = JitterHistory(noise=0, outlier_rate=0)(AugmentTube(**options)(tube))
        packed = PackTubeInputs(CODEC)(tube)
        inputs, sample = packed['inputs'], packed['data_samples']
        assert inputs['history'].shape == (3, 3, 128, 96) and inputs['search'].shape == (3, 192, 192)
        target = sample.gt_fields.heatmaps
        assert target.shape == (15, 48, 48)

        index = POSETRACK.flip_indices[joint] if options['flip'] else joint
        best = target[index].flatten().argmax().item()
        np.testing.assert_allclose(spot(inputs['search']), 4 * np.array([best % 48, best // 48]), atol=2.5)
        for crop, cells in zip(inputs['history'], sample.history.cells[0]):
            np.testing.assert_allclose(spot(crop), 4 * cells[index].numpy(), atol=0.7)
        assert sample.history.valid.all() and (sample.gt_instance_labels.keypoint_weights == 1).all()


def test_the_scale_is_that_of_the_crops() -> None:
    tube = JitterHistory()(SampleTube()(a_track(list(range(10)), 9)))
    pack = PackTubeInputs(CODEC, images=False)
    plain, scaled = (pack({**tube, 'crop_scale': s})['data_samples'].history for s in (1.0, 1.25))
    torch.testing.assert_close(scaled.crops, plain.crops * torch.tensor([1, 1, 1.25, 1.25]))
    torch.testing.assert_close(scaled.regions[:, 2:], plain.regions[:, 2:] * 1.25)
    assert torch.equal(scaled.keypoints, plain.keypoints)


def test_augmentations_are_drawn() -> None:
    angles, scales, flips = [], [], []
    for _ in range(200):
        tube = AugmentTube(rotation=30, scale=0.25, flip=0.5)(SampleTube()(a_track(list(range(10)), 9)))
        matrix = tube['to_image'][:, :2]
        flips.append(np.linalg.det(matrix) < 0)
        angles.append(np.degrees(np.arctan2(matrix[1, 0], matrix[1, 1])))
        scales.append(tube['crop_scale'])
    assert 25 < max(angles) <= 30 and -30 <= min(angles) < -25
    assert 1.2 < max(scales) <= 1.25 and 0.75 <= min(scales) < 0.8
    assert 70 < sum(flips) < 130


def test_the_person_is_augmented_about_its_last_pose() -> None:
    tube = SampleTube()(a_track(list(range(10)), 9))
    before = tube['keypoints'][-2].mean(0)
    after = AugmentTube(rotation=45, flip=1)(tube)['keypoints'][-2].mean(0)
    np.testing.assert_allclose(after, before)


def test_a_flip_exchanges_left_and_right() -> None:
    tube = SampleTube(gaps=(1, 1))(a_track(list(range(4)), 3))
    tube['annotated'][:, 5] = False
    centre = tube['keypoints'][-2][tube['annotated'][-2]].mean(0)[0]
    before = tube['keypoints'].copy()
    flipped = AugmentTube(**dict(STEADY, flip=1))(tube)
    np.testing.assert_allclose(flipped['keypoints'][..., 0], 2 * centre - before[:, POSETRACK.flip_indices, 0])
    np.testing.assert_allclose(flipped['keypoints'][..., 1], before[:, POSETRACK.flip_indices, 1])
    assert np.flatnonzero(~flipped['annotated'][0]).tolist() == [POSETRACK.flip_indices[5]]


def test_a_short_history_is_masked() -> None:
    tube = with_dots(SampleTube(gaps=(1, 1))(a_track(list(range(10)), 1)), 3)
    assert tube['images'][:2] == [None, None]
    packed = PackTubeInputs(CODEC)(JitterHistory()(AugmentTube()(tube)))
    history, crops = packed['data_samples'].history, packed['inputs']['history']
    assert history.valid[0].all(-1).tolist() == [False, False, True] and history.valid.sum() == 15
    assert history.keypoints.shape == (1, 3, 15, 2) and torch.isfinite(history.cells).all()
    assert not crops[:2].any() and crops[2].any()


def test_unknown_joints_are_masked() -> None:
    track = a_track(list(range(10)), 9)
    track['track_annotated'][8, 4] = track['track_annotated'][9, 6] = False
    tube = with_dots(SampleTube(gaps=(1, 1))(track), 0)
    sample = PackTubeInputs(CODEC)(JitterHistory()(tube))['data_samples']
    assert (~sample.history.valid[0]).nonzero().tolist() == [[2, 4]]
    assert (sample.gt_instance_labels.keypoint_weights[0] == 0).nonzero().tolist() == [[6]]
    assert not sample.gt_fields.heatmaps[6].any()


def test_a_joint_outside_the_search_region_is_no_target() -> None:
    tube = with_dots(SampleTube(gaps=(1, 1))(a_track(list(range(10)), 9)), 0)
    tube['keypoints'][-1, 2] += 1000
    sample = PackTubeInputs(CODEC)(JitterHistory()(tube))['data_samples']
    assert (sample.gt_instance_labels.keypoint_weights[0] == 0).nonzero().tolist() == [[2]]


def test_poses_alone() -> None:
    tube = SampleTube()(a_track(list(range(10)), 9))
    packed = PackTubeInputs(CODEC, images=False)(JitterHistory()(AugmentTube()(tube)))
    assert packed['inputs'] == {} and packed['data_samples'].gt_fields.heatmaps.shape == (15, 48, 48)


def test_a_coarser_search_region() -> None:
    tube = with_dots(SampleTube(gaps=(1, 1))(a_track(list(range(10)), 9)), 0)
    packed = PackTubeInputs(CODEC, search=dict(coarsen=2))(JitterHistory()(tube))
    target = packed['data_samples'].gt_fields.heatmaps
    assert packed['inputs']['search'].shape == (3, 96, 96) and target.shape == (15, 24, 24)
    best = target[0].flatten().argmax().item()
    np.testing.assert_allclose(spot(packed['inputs']['search']), 4 * np.array([best % 24, best // 24]), atol=2.5)
