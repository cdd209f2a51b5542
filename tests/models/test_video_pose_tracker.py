import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS
from mmengine.structures import InstanceData

from mmgnntrack.models import VideoPoseTracker, video_pose_tracker

CONFIG = 'configs/mini/gnn_hrnet-mini_synthtrack.py'


@pytest.fixture
def config(repository: Path, synthtrack: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv('MMGNNTRACK_DATA', str(synthtrack))
    return Config.fromfile(repository / CONFIG)


def build(config: Config) -> VideoPoseTracker:
    torch.manual_seed(0)
    return MODELS.build(config.model)


@pytest.fixture(scope='module')
def shared_model(repository: Path) -> VideoPoseTracker:
    """At most three boxes a frame, and every pose that random weights give there starts a tracklet."""
    config = Config.fromfile(repository / CONFIG)
    config.model.detector.model.test_cfg.rcnn.max_per_img = 3
    config.model.tracker.init_score_thr = 0.0
    return build(config)


@pytest.fixture
def model(shared_model: VideoPoseTracker) -> Iterator[VideoPoseTracker]:
    yield shared_model.eval()
    shared_model.tracker.reset()
    shared_model.zero_grad()


def tubes_of(config: Config) -> dict:
    np.random.seed(0)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    return pseudo_collate([dataset[index] for index in (0, 7)])


@pytest.fixture
def tubes(config: Config) -> dict:
    return tubes_of(config)


@pytest.fixture
def frames(config: Config) -> list[dict]:
    dataset = DATASETS.build(config.val_dataloader.dataset)
    return [dataset[index] for index in range(4)]


def test_training_learns_the_dynamics_head_alone(model: VideoPoseTracker, tubes: dict) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    losses = model.data_preprocessor(tubes, True)
    losses = model(**losses, mode='loss')
    assert list(losses) == ['loss_heatmaps']
    assert losses['loss_heatmaps'].item() > 0
    losses['loss_heatmaps'].backward()
    learnt = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert learnt == {name for name, _ in model.named_parameters() if name.startswith('tracker.dynamics_head.')}
    assert any(parameter.grad.abs().max() > 0 for parameter in model.tracker.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def losses_of_steps(config: Config, tubes: dict) -> list[float]:
    model = build(config).train()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-3)
    losses = []
    for _ in range(6):
        loss = model(**tubes, mode='loss')['loss_heatmaps']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_step_lowers_the_loss(config: Config) -> None:
    """A few halve it in wide search regions; with the motion prior it is lower than that from the first one on."""
    for search in (config.model.pose_estimator.search, config.train_dataloader.dataset.pipeline[-1].search):
        search.scale = (2.0, 1.5)
    tubes = tubes_of(config)
    with_prior = losses_of_steps(config, tubes)
    config.model.tracker.dynamics_head.motion_prior = False
    losses = losses_of_steps(config, tubes)
    assert losses[-1] < losses[0] / 2
    assert with_prior[-1] < 0.9 * with_prior[0] < 0.9 * losses[0] / 2


def test_frozen_parts_stay_in_eval_mode(model: VideoPoseTracker) -> None:
    model.train()
    assert model.training and all(module.training for module in model.tracker.modules())
    for part in (model.detector, model.pose_estimator):
        assert not any(module.training for module in part.modules())
        assert not any(parameter.requires_grad for parameter in part.parameters())


def test_initialisation_leaves_the_frozen_parts_alone(model: VideoPoseTracker) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.init_weights()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(before[name], value)}
    assert all(name.startswith('tracker.') for name in changed)


def test_heatmaps_of_tubes(model: VideoPoseTracker, tubes: dict) -> None:
    with torch.no_grad():
        heatmaps = model(**tubes, mode='tensor')
    assert heatmaps.shape == (2, 15, 32, 32)


def test_nobody_looks_at_the_crop_of_a_missing_pose(
    model: VideoPoseTracker, tubes: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sample, missing in zip(tubes['data_samples'], (0, 1)):
        sample.history.valid[0, missing] = False
    looked, features = [], model.pose_estimator.features
    monkeypatch.setattr(model.pose_estimator, 'features', lambda *args: looked.append(args[0]) or features(*args))
    with torch.no_grad():
        before = model(**tubes, mode='tensor')
        for history, missing in zip(tubes['inputs']['history'], (0, 1)):
            history[missing] = 255
        assert torch.equal(model(**tubes, mode='tensor'), before)
    there = sum(int(sample.history.valid.any(-1).sum()) for sample in tubes['data_samples'])
    assert 0 < there < 5 and [len(crops) for crops in looked] == [there, 2] * 2  # crops of poses, then search regions


def test_no_tube_sees_another(model: VideoPoseTracker, tubes: dict) -> None:
    with torch.no_grad():
        together = model(**tubes, mode='tensor')
        inputs = {name: values[1:] for name, values in tubes['inputs'].items()}
        alone = model(inputs, tubes['data_samples'][1:], mode='tensor')
    torch.testing.assert_close(alone, together[1:], rtol=1e-3, atol=1e-4)


def test_without_a_visual_cue(config: Config) -> None:
    config.model.tracker.dynamics_head.visual_channels = 0
    config.model.detector = None
    config.train_dataloader.dataset.pipeline[-1].images = False
    dataset = DATASETS.build(config.train_dataloader.dataset)
    losses = build(config).train()(**pseudo_collate([dataset[0], dataset[1]]), mode='loss')
    assert losses['loss_heatmaps'].item() > 0


def run(model: VideoPoseTracker, frames: list[dict]) -> list[InstanceData]:
    return [model.test_step(pseudo_collate([frame]))[0].pred_track_instances for frame in frames]


def test_videos(model: VideoPoseTracker, frames: list[dict]) -> None:
    found = run(model, frames[:3])
    for poses in found:
        n = len(poses)
        assert n and len(set(poses.instances_id.tolist())) == n
        assert poses.keypoints.shape == (n, 15, 2) and poses.bboxes.shape == (n, 4)
        assert np.isfinite(poses.keypoints).all()
    assert found[0].instances_id.tolist() == list(range(len(found[0])))
    assert len(model.tracker.memory) >= len(found[-1])
    # The same video again, from its first frame: nothing is left of the first time.
    for poses, again in zip(found, run(model, frames[:3])):
        assert poses.instances_id.tolist() == again.instances_id.tolist()
        np.testing.assert_array_equal(poses.keypoints, again.keypoints)


def test_another_video_begins(model: VideoPoseTracker, frames: list[dict]) -> None:
    """Also where a video's first frame is left out."""
    run(model, frames[:2])
    later = frames[1]['data_samples'].clone()
    later.set_metainfo(dict(frame_id=100))
    (expired,) = run(model, [dict(frames[1], data_samples=later)])
    assert min(expired.instances_id) > 0
    later.set_metainfo(dict(video_name='another'))
    (begun,) = run(model, [dict(frames[1], data_samples=later)])
    assert begun.instances_id.tolist() == list(range(len(begun)))


def test_a_batch_of_frames_is_tracked_in_order(model: VideoPoseTracker, frames: list[dict]) -> None:
    one_by_one = run(model, frames[:2])
    together = [sample.pred_track_instances for sample in model.test_step(pseudo_collate(frames[:2]))]
    for expected, found in zip(one_by_one, together):
        np.testing.assert_array_equal(found.instances_id, expected.instances_id)
        np.testing.assert_array_equal(found.keypoints, expected.keypoints)


def test_nobody_is_detected(model: VideoPoseTracker, frames: list[dict]) -> None:
    score_thr, model.detector.score_thr = model.detector.score_thr, 1.1
    try:
        for poses in run(model, frames):
            assert len(poses) == 0 and poses.keypoints.shape == (0, 15, 2)
    finally:
        model.detector.score_thr = score_thr


def test_given_boxes_take_the_detectors_place(model: VideoPoseTracker, frames: list[dict]) -> None:
    people = model.detector.predict(frames[0]['inputs'])
    sample = frames[0]['data_samples'].clone()
    sample.proposals = people[:2]
    (expected,) = run(model, frames[:1])
    detector, model.detector = model.detector, None
    try:
        (found,) = run(model, [dict(frames[0], data_samples=sample)])
        with pytest.raises(ValueError, match='no detector: it needs one, or frames with `proposals`'):
            run(model, frames[:1])
    finally:
        model.detector = detector
    assert 0 < len(found) <= 2
    assert {tuple(box) for box in found.bboxes.tolist()} <= {tuple(box) for box in expected.bboxes.tolist()}


def test_who_cannot_be_tracked_is_given_out_if_wanted(
    model: VideoPoseTracker, frames: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = frames[0]['inputs']
    bboxes = np.array([[20.0, 30, 80, 200], [150, 30, 210, 200]], np.float32)
    people = InstanceData(bboxes=bboxes, bbox_scores=np.array([0.9, 0.1], np.float32))
    assert model.track(image, 0, people).instances_id.tolist() == [0, -1]
    looked = []
    predict = model.pose_estimator.predict
    monkeypatch.setattr(
        model.pose_estimator, 'predict', lambda image, people: looked.append(people) or predict(image, people)
    )
    monkeypatch.setattr(model, 'untracked', False)
    model.tracker.reset()
    assert model.track(image, 0, people).instances_id.tolist() == [0] and len(looked[0]) == 1


def test_without_the_detector_known_people_are_looked_for(
    model: VideoPoseTracker, frames: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are expected, and no one else."""
    images = [frame['inputs'] for frame in frames]
    people = InstanceData(bboxes=np.array([[20.0, 30, 80, 200]], np.float32), bbox_scores=np.ones(1, np.float32))
    (first,) = model.track(images[0], 0, people).instances_id
    monkeypatch.setattr(model, 'detector', None)
    monkeypatch.setattr(model.tracker.association, 'min_similarity', -1.0)
    looked = []
    predict = model.pose_estimator.predict
    monkeypatch.setattr(
        model.pose_estimator, 'predict', lambda image, people: looked.append(people) or predict(image, people)
    )
    tracked = model.track(images[1], 1, detect=False)
    assert len(looked[0].bboxes) == 1 and tracked.instances_id.tolist() == [first]
    monkeypatch.setattr(model.tracker.life_cycle, 'init_score_thr', 2.0)  # not seen clearly: missed
    assert not (~model.track(images[2], 2, detect=False).predicted).any()


@pytest.mark.parametrize('matching', ['oks', 'full'])
def test_cached_poses_are_tracked_alike(
    config: Config, frames: list[dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matching: str
) -> None:
    config.model.update(cache_dir=str(tmp_path))
    config.model.tracker.update(init_score_thr=0.0, matching=matching)
    config.model.detector.model.test_cfg.rcnn.max_per_img = 3
    live = build(config).eval()
    expected = run(live, frames)
    cached = build(config).eval()
    for part in (cached.detector, cached.pose_estimator):
        monkeypatch.setattr(part, 'predict', lambda *_: pytest.fail('a network ran again'))
    for one, other in zip(expected, run(cached, frames), strict=True):
        assert len(one) and one.instances_id.tolist() == other.instances_id.tolist()
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        np.testing.assert_array_equal(one.keypoint_scores, other.keypoint_scores)


def test_numpy_sees_no_tensor_that_may_be_on_a_gpu(
    config: Config, frames: list[dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU numpy takes any tensor: here only what `cpu` or `from_numpy` gave, or a view of that."""
    config.model.update(cache_dir=str(tmp_path))
    config.model.tracker.update(init_score_thr=0.0)
    config.model.detector.model.test_cfg.rcnn.max_per_img = 3
    model = build(config).eval()
    on_host, cpu = set(), torch.Tensor.cpu

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        # mmcv's soft NMS writes into what `cpu` gave it, on a CPU the tensor itself.
        asked_by = sys._getframe(2).f_globals['__name__']
        return cpu(tensor) if asked_by.startswith('mmcv.') else tensor.clone()

    def noted(give: Callable) -> Callable:
        def wrapped(*args: object) -> torch.Tensor:
            tensor = give(*args)
            on_host.add(tensor.untyped_storage().data_ptr())
            return tensor

        return wrapped

    def checked(take: Callable) -> Callable:
        def wrapped(tensor: torch.Tensor, *args: object, **kwargs: object) -> np.ndarray:
            assert not tensor.numel() or tensor.untyped_storage().data_ptr() in on_host
            return take(tensor, *args, **kwargs)

        return wrapped

    monkeypatch.setattr(torch.Tensor, 'cpu', noted(copied))
    monkeypatch.setattr(torch, 'from_numpy', noted(torch.from_numpy))
    for method in ('numpy', '__array__'):
        monkeypatch.setattr(torch.Tensor, method, checked(getattr(torch.Tensor, method)))
    with pytest.raises(AssertionError):
        np.asarray(torch.ones(2).exp())
    for _ in range(2):  # computed, and from the cache
        assert any(len(poses) for poses in run(model, frames))


def test_a_cache_says_what_it_will_take(
    config: Config, frames: list[dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.model.update(cache_dir=str(tmp_path / 'new'))
    lines = []
    monkeypatch.setattr(video_pose_tracker, 'print_log', lambda line, *_: lines.append(line))
    model = build(config).eval()
    said = re.fullmatch(r'cache .*new: ([0-9.]+) MB for each person in each frame, .* GB are free', lines[0])
    people = InstanceData(bboxes=np.array([[20.0, 30, 80, 200]], np.float32), bbox_scores=np.ones(1, np.float32))
    model.estimate(frames[0]['inputs'], people)
    (file,) = (tmp_path / 'new/pose_estimator').iterdir()
    assert file.stat().st_size / 1e6 == pytest.approx(float(said[1]), rel=0.2)
    model.estimate(frames[0]['inputs'], people, maps=False)
    assert min(file.stat().st_size for file in (tmp_path / 'new/pose_estimator').iterdir()) < 4000


def test_channels_that_do_not_fit(config: Config) -> None:
    config.model.tracker.dynamics_head.visual_channels = 144
    with pytest.raises(ValueError, match=r'visual_channels=144, but .*backbone.stage2.* give 48 channels'):
        build(config)


def test_poses_alone(repository: Path) -> None:
    """Neither detector nor pose estimator, and a head that sees no images."""
    config = Config.fromfile(repository / 'configs/pose_only/gnn-offsets_posetrack17.py')
    people = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    with pytest.raises(ValueError, match='no pose_estimator: tools/track_poses.py'):
        build(config).track(np.zeros((8, 8, 3), np.uint8), 0, people)
    config.model.tracker.dynamics_head.visual_channels = 48
    with pytest.raises(ValueError, match='no pose_estimator, which the visual cue'):
        build(config)


def test_joints_that_do_not_fit(config: Config) -> None:
    config.model.tracker.sigmas = [0.1] * 17
    with pytest.raises(ValueError, match='15 keypoints, but tracker.sigmas has 17'):
        build(config)


@pytest.mark.parametrize(
    ('setting', 'message'),
    [
        (dict(pose_estimator=dict(padding=1.3)), r'PackTubeInputs has padding=1.0, but the model has 1.3'),
        (dict(pose_estimator=dict(search=dict(coarsen=2.0))), r'has coarsen=1.0, but the model has 2.0'),
        (dict(tracker=dict(memory=dict(length=2))), r'SampleTube has length=4\), but tracker.memory has length=2'),
    ],
)
def test_training_and_tracking_see_the_same(config: Config, tubes: dict, setting: dict, message: str) -> None:
    config.merge_from_dict(dict(model=setting))
    with pytest.raises(ValueError, match=message):
        build(config).train()(**tubes, mode='loss')


def test_mixed_precision(config: Config, frames: list[dict]) -> None:
    """The networks run in bfloat16 on a CPU, and what they say is float32."""
    config.model.tracker.init_score_thr = 0.0
    config.model.detector.model.test_cfg.rcnn.max_per_img = 3
    exact = build(config).eval()
    config.model.amp = True
    mixed = build(config).eval()
    mixed.load_state_dict(exact.state_dict())
    seen = []
    mixed.pose_estimator.model.backbone.stage2.register_forward_hook(lambda *call: seen.append(call[2][0].dtype))
    image = frames[0]['inputs']
    people = InstanceData(bboxes=np.array([[20, 20, 90, 160]], np.float32), bbox_scores=np.ones(1, np.float32))
    poses, others = (model.track(image, 0, people) for model in (exact, mixed))
    assert {*seen} == {torch.bfloat16}
    assert others.keypoints.dtype == others.keypoint_scores.dtype == np.float32
    np.testing.assert_allclose(others.keypoint_scores, poses.keypoint_scores, rtol=0.1)


def test_channels_last(config: Config) -> None:
    def is_last(model: VideoPoseTracker) -> bool:
        weight = model.pose_estimator.model.backbone.conv1.weight
        return weight.is_contiguous(memory_format=torch.channels_last)

    assert is_last(build(config))
    config.model.channels_last = False
    assert not is_last(build(config))


def test_an_unknown_setting(config: Config) -> None:
    config.model.channel_last = True
    with pytest.raises(TypeError, match='no setting channel_last, did you mean channels_last'):
        build(config)
