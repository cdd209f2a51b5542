from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.registry import TRANSFORMS

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def build(config: Config) -> nn.Module:
    with DefaultScope.overwrite_default_scope(config.default_scope):
        return MODELS.build(config.model)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError('no network in this test')

    monkeypatch.setattr('socket.socket.connect', refuse)


@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_configs_resolve_and_build(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config.fromfile(path)
    needed = ('train_dataloader', 'optim_wrapper') if path.parent.name != 'coco' else ()
    if path.parent.name not in ('pose_only', 'coco'):
        needed += ('val_dataloader', 'test_dataloader', 'val_evaluator')
    for key in needed:
        assert config.get(key), key
    for layer in (nn.modules.conv._ConvNd, nn.Linear):  # to draw weights takes longest, and nobody looks at them
        monkeypatch.setattr(layer, 'reset_parameters', lambda _: None)
    assert len(list(build(config).parameters())) > 10


def test_configs_are_found() -> None:
    assert {'configs/gnn_hrnet_w48_posetrack18.py', 'configs/mini/gnn_hrnet-mini_synthtrack.py'} <= set(
        map(name, CONFIGS)
    )


@pytest.mark.parametrize(
    'path', [path for path in CONFIGS if 'gnn' in path.name or path.parent.name == 'ablations'], ids=name
)
def test_the_learning_rate_follows_the_batch_at_full_size(path: Path) -> None:
    config = Config.fromfile(path)
    assert config.auto_scale_lr.enable == (path.parent.name not in ('mini', 'pose_only'))
    assert config.auto_scale_lr.base_batch_size == config.train_dataloader.batch_size


@pytest.fixture(scope='module')
def paper() -> Config:
    return Config.fromfile(ROOT / 'configs/gnn_hrnet_w48_posetrack18.py')


@pytest.fixture(scope='module')
def system(paper: Config) -> VideoPoseTracker:
    return build(paper)


FACTS: dict[str, Callable[[Config], tuple]] = {
    'Adam, 1e-4': lambda c: (dict(c.optim_wrapper.optimizer), dict(type='Adam', lr=1e-4)),
    '10 epochs': lambda c: ((c.train_cfg.by_epoch, c.train_cfg.max_epochs), (True, 10)),
    'a tenth at 5 and 8': lambda c: (
        [(s.type, s.milestones, s.gamma, s.by_epoch) for s in c.param_scheduler],
        [('MultiStepLR', [5, 8], 0.1, True)],
    ),
    'Soft-NMS at 0.7': lambda c: (
        dict(c.model.detector.model.test_cfg.rcnn.nms),
        dict(type='soft_nms', iou_threshold=0.7),
    ),
    'one class': lambda c: (c.model.detector.model.roi_head.bbox_head.num_classes, 1),
    'deformable convolutions': lambda c: (c.model.detector.model.backbone.stage_with_dcn, (False, True, True, True)),
    'pose NMS at 0.5': lambda c: (c.model.pose_estimator.nms_thr, 0.5),
    'flip test': lambda c: (c.model.pose_estimator.model.test_cfg.flip_test, True),
    'sigma 3': lambda c: (c.model.pose_estimator.model.head.decoder.sigma, 3),
    'full matching': lambda c: (c.model.tracker.matching, 'full'),
    '32 tubes of 4 frames': lambda c: (
        (c.train_dataloader.batch_size, c.train_dataloader.dataset.pipeline[0].length),
        (32, 4),
    ),
    'the same codec everywhere': lambda c: (
        c.train_dataloader.dataset.pipeline[-1].codec,
        c.model.pose_estimator.model.head.decoder,
    ),
}


@pytest.mark.parametrize('fact', FACTS.values(), ids=FACTS)
def test_the_papers_settings(paper: Config, fact: Callable[[Config], tuple]) -> None:
    found, expected = fact(paper)
    assert found == expected


ABLATIONS: dict[str, Callable[[Config], tuple]] = {
    'matching-iou': lambda c: (c.model.tracker.matching, 'iou'),
    'matching-oks': lambda c: (c.model.tracker.matching, 'oks'),
    'matching-gnn': lambda c: (c.model.tracker.matching, 'gnn'),
    'history-1': lambda c: ((c.model.tracker.memory.length, _tube(c)[0].length), (1, 2)),
    'history-2': lambda c: ((c.model.tracker.memory.length, _tube(c)[0].length), (2, 3)),
    'half-width': lambda c: (c.model.tracker.dynamics_head.feat_channels, 128),
    'search-paper': lambda c: (_searches(c), (dict(scale=(1.6, 1.2)),) * 2),
    'search-coarse': lambda c: (_searches(c), (dict(scale=(1.6, 1.2), coarsen=1.5),) * 2),
    'search-early': lambda c: (
        (*_searches(c), c.model.pose_estimator.feature_layers, c.model.tracker.dynamics_head.visual_channels),
        (*[dict(scale=(1.6, 1.2))] * 2, ('backbone.stage2', 'backbone.stage3'), 96),
    ),
    'search-crop': lambda c: (_searches(c), (dict(scale=(2.0, 1.5)),) * 2),
    'alignment-centre': lambda c: (c.model.tracker.alignment, 'centre'),
    'paper': lambda c: (
        (
            *(c.model.tracker[rule] for rule in ('alignment', 'coasting', 'confidence_power', 'unseen_power')),
            *(c.model.tracker.dynamics_head[f] for f in ('motion_prior', 'scaled_attention', 'position_scale')),
            *(_tube(c)[-2][f] for f in ('noise', 'outlier_rate', 'scores')),
            *_searches(c),
            round(_tube(c)[-1].codec.sigma ** 2, 6),
        ),
        ('centre', False, 0, 0, False, False, 'pixel', 0, 0, (1, 1), *[dict(scale=(1.6, 1.2))] * 2, 4.5),
    ),
    'temporal-past': lambda c: (c.model.tracker.dynamics_head.temporal, 'past'),
    'attention-plain': lambda c: (c.model.tracker.dynamics_head.scaled_attention, False),
    'position-pixel': lambda c: (c.model.tracker.dynamics_head.position_scale, 'pixel'),
}


def _tube(config: Config) -> list[dict]:
    return config.train_dataloader.dataset.pipeline


def _searches(config: Config) -> tuple[dict, dict]:
    """In the model and in the pipeline."""
    return config.model.pose_estimator.search, _tube(config)[-1].search


def test_the_model_index_names_every_config() -> None:
    models = load(ROOT / 'configs/metafile.yml')['Models']
    assert sorted(model['Config'] for model in models) == sorted(map(name, CONFIGS))
    assert all(model['Name'] == Path(model['Config']).stem for model in models)
    assert load(ROOT / 'model-index.yml') == {'Import': ['configs/metafile.yml']}


def test_each_ablation_has_its_facts() -> None:
    files = {path.stem.partition('_')[0] for path in CONFIGS if path.parent.name == 'ablations'}
    assert files == set(ABLATIONS)


@pytest.mark.parametrize('ablation', ABLATIONS)
def test_an_ablation_changes_one_thing(paper: Config, ablation: str) -> None:
    config = Config.fromfile(ROOT / f'configs/ablations/{ablation}_hrnet_w48_posetrack18.py')
    found, expected = ABLATIONS[ablation](config)
    assert found == expected
    untouched = ('optim_wrapper', 'param_scheduler', 'train_cfg', 'val_dataloader', 'val_evaluator', 'custom_hooks')
    own = {'optim_wrapper'} if ablation == 'paper' else set()
    assert all(config[key] == paper[key] for key in untouched if key not in own)


def test_the_paper_to_the_letter() -> None:
    """Its search region is 448 px of 2 x 1.5 boxes, which stands in the model as in the pipeline."""
    config = Config.fromfile(ROOT / 'configs/ablations/paper_hrnet_w48_posetrack18.py')
    assert config.optim_wrapper.get('clip_grad') is None
    model, packed = build(config), TRANSFORMS.build(_tube(config)[-1])
    assert model.tracker.geometry == packed.geometry
    assert packed.geometry.search_input_size == (448, 448) and packed.geometry.search_grid_size == (112, 112)


@pytest.mark.parametrize(('estimator', 'channels'), [('hrnet_w32', 96), ('res50', 256)])
def test_lighter_estimators(estimator: str, channels: int) -> None:
    model = build(Config.fromfile(ROOT / f'configs/gnn_{estimator}_posetrack18.py'))
    assert model.pose_estimator.visual_channels == model.tracker.dynamics_head.visual_channels == channels
    assert tuple(model.pose_estimator.codec.heatmap_size) == (72, 96)


@pytest.mark.parametrize('estimator', ['hrnet_w32', 'res50'])
def test_lighter_estimators_bring_their_own_weights(paper: Config, estimator: str) -> None:
    (hook,) = Config.fromfile(ROOT / f'configs/gnn_{estimator}_posetrack18.py').custom_hooks
    assert estimator.replace('_', '-') in hook.pose_estimator
    assert hook.detector == paper.custom_hooks[0].detector


def test_posetrack17_is_read_from_its_own_folder(paper: Config) -> None:
    config = Config.fromfile(ROOT / 'configs/gnn_hrnet_w48_posetrack17.py')
    assert config.model == paper.model
    loaders = config.train_dataloader, config.val_dataloader, config.test_dataloader
    assert all(loader.dataset.data_root == 'data/posetrack17/' for loader in loaders)
    assert config.test_evaluator.ann_dir == 'data/posetrack17/annotations/val'
    hook = config.custom_hooks[0]
    assert 'posetrack17' in hook.detector and 'posetrack17' in hook.pose_estimator


def test_the_papers_system(system: VideoPoseTracker) -> None:
    estimator, tracker = system.pose_estimator, system.tracker
    assert estimator.visual_channels == tracker.dynamics_head.visual_channels == 144
    assert tuple(estimator.codec.heatmap_size) == (72, 96) and tuple(estimator.codec.input_size) == (288, 384)
    assert estimator.model.head.out_channels == tracker.dynamics_head.num_keypoints == 15
    assert tracker.memory.length == 3 and tracker.memory.visual_channels == 144
    assert tracker.geometry.search_grid_size == (72, 80) and tracker.geometry.search_input_size == (288, 320)
    assert tracker.dynamics_head.encoder.embedding.weight.shape == (15, 256)
    assert tracker.codec is estimator.codec


def test_the_paper_trains_the_tracker_alone(system: VideoPoseTracker) -> None:
    trained = {name for name, parameter in system.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, _ in system.named_parameters() if name.startswith('tracker.')}
    assert trained


def test_the_pose_estimators_heatmaps(system: VideoPoseTracker) -> None:
    blank = torch.zeros(1, 3, 384, 288)
    with torch.no_grad():
        assert system.pose_estimator.model(blank, None, mode='tensor').shape == (1, 15, 96, 72)
