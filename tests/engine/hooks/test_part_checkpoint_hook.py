from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader, Runner
from torch import nn

from mmgnntrack.engine.checkpoints import CheckpointError, load_part


def save(path: Path, state: dict, wrapped: bool = True) -> str:
    torch.save({'state_dict': state} if wrapped else state, path)
    return str(path)


def a_part() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.mark.parametrize('wrapped', [True, False])
def test_load(tmp_path: Path, wrapped: bool) -> None:
    source, part = a_part(), a_part()
    source[1].running_mean += 5
    load_part(part, 'detector', save(tmp_path / 'a.pth', source.state_dict(), wrapped))
    assert all(torch.equal(value, part.state_dict()[key]) for key, value in source.state_dict().items())


@pytest.mark.parametrize('prefix', ['', 'tracker.'])
def test_load_from_a_larger_model(tmp_path: Path, prefix: str) -> None:
    source, part = a_part(), a_part()
    state = {f'{prefix}{key}': value for key, value in source.state_dict().items()}
    load_part(part, 'tracker', save(tmp_path / 'a.pth', {**state, 'other.weight': torch.zeros(1)}), 'tracker.')
    assert torch.equal(part[0].weight, source[0].weight)


def test_more_than_is_needed(tmp_path: Path) -> None:
    """Checkpoints of MMPose hold a preprocessor's or a loss's buffers now and then."""
    source, part = a_part(), a_part()
    load_part(part, 'detector', save(tmp_path / 'a.pth', {**source.state_dict(), 'more': torch.zeros(1)}))
    assert torch.equal(part[0].weight, source[0].weight)


def test_what_does_not_fit(tmp_path: Path) -> None:
    part = a_part()
    before = {key: value.clone() for key, value in part.state_dict().items()}
    state = a_part().state_dict()
    state['0.weight'] = torch.zeros(4, 3)
    del state['1.running_var']
    file = save(tmp_path / 'wrong.pth', state)
    with pytest.raises(ValueError) as error:
        load_part(part, 'pose_estimator', file)
    for text in (file, 'pose_estimator', '2 of 7 weights', '1.running_var (missing)', '0.weight (shape)'):
        assert text in str(error.value)
    assert all(torch.equal(before[key], value) for key, value in part.state_dict().items())


@pytest.mark.parametrize(
    ('key', 'value', 'flaw'),
    [
        ('0.weight', torch.full((2, 3), torch.nan), 'has NaN or infinity'),
        ('1.running_var', torch.tensor([1.0, torch.inf]), 'has NaN or infinity'),
        ('0.bias', torch.zeros(2, dtype=torch.int64), 'is of torch.int64'),
        ('1.num_batches_tracked', torch.tensor(0.5), 'is of torch.float32'),
        ('0.weight', torch.eye(2, 3).to_sparse(), 'is sparse'),
        ('0.bias', torch.zeros(2, device='meta'), 'is sparse'),
        ('0.weight', torch.full((2, 3), 1e300, dtype=torch.float64), 'has NaN or infinity'),
    ],
)
def test_numbers_that_no_network_can_work_with(tmp_path: Path, key: str, value: torch.Tensor, flaw: str) -> None:
    part = a_part()
    file = save(tmp_path / 'bad.pth', a_part().state_dict() | {key: value})
    with pytest.raises(CheckpointError, match=rf'bad.pth does not fit the detector: .*, {key} {flaw}'):
        load_part(part, 'detector', file)
    load_part(
        part,
        'detector',
        save(
            tmp_path / 'half.pth',
            {k: v.half() if v.is_floating_point() else v for k, v in a_part().state_dict().items()},
        ),
    )


def test_what_is_no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'text.pth').write_text('a page that says "not found"')
    (tmp_path / 'empty.pth').touch()
    others = dict(list=[1, 2], weights=dict(state_dict=[1, 2]), none=dict(state_dict=None), keys={1: torch.zeros(1)})
    for name, value in others.items():
        torch.save(value, tmp_path / f'{name}.pth')
    for name in ('text', 'empty', *others):
        with pytest.raises(CheckpointError, match=f'weights of the detector: .*{name}.pth: expected a checkpoint'):
            load_part(a_part(), 'detector', str(tmp_path / f'{name}.pth'))
    torch.save({'0.weight': [1, 2]}, tmp_path / 'values.pth')
    with pytest.raises(CheckpointError, match='values.pth does not fit the detector: 7 of 7 .*0.bias .missing'):
        load_part(a_part(), 'detector', str(tmp_path / 'values.pth'))
    with pytest.raises(FileNotFoundError, match='weights of the detector: no such file: .*nowhere.pth'):
        load_part(a_part(), 'detector', str(tmp_path / 'nowhere.pth'))
    with pytest.raises(CheckpointError, match='expected a file or an http.s. URL, got s3://a/b.pth'):
        load_part(a_part(), 'detector', 's3://a/b.pth')
    monkeypatch.setenv('no_proxy', 'localhost')
    with pytest.raises(OSError, match='weights of the detector: http://localhost:1/a.pth cannot be .*refused'):
        load_part(a_part(), 'detector', 'http://localhost:1/a.pth')


def test_names_that_steer_a_terminal_are_shown(tmp_path: Path) -> None:
    for error, file in ((CheckpointError, save(tmp_path / 'a\x1b[2J.pth', {})), (OSError, str(tmp_path / '\x1b.pth'))):
        with pytest.raises(error) as told:
            load_part(a_part(), 'detector', file)
        assert str(told.value).isprintable() and r'\x1b' in str(told.value)


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'the detector: 7 of 7 weights are .*shapes, (\S+ \(missing\), ){5}\.\.\.$'):
        load_part(a_part(), 'detector', save(tmp_path / 'a.pth', {}))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='none.pth'):
        load_part(a_part(), 'detector', str(tmp_path / 'none.pth'))


Train = Callable[..., Runner]


@pytest.fixture
def train(repository: Path, synthtrack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Trains the small system for one iteration, or two, on two tubes each."""
    monkeypatch.setenv('MMGNNTRACK_DATA', str(synthtrack))

    def run(
        name: str,
        detector: str | None,
        pose_estimator: str | None,
        iters: int = 1,
        resume: bool = False,
        load_from: str | None = None,
    ) -> Runner:
        config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
        config.custom_hooks[0].update(detector=detector, pose_estimator=pose_estimator)
        config.train_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
        config.default_hooks.checkpoint.interval = 1
        # Runner.from_cfg would print the config, which takes longer than the training.
        parts = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'default_hooks', 'custom_hooks')
        runner = Runner(
            work_dir=str(tmp_path / 'work'),
            experiment_name=f'{tmp_path.name}_{name}',
            train_cfg=dict(by_epoch=False, max_iters=iters),
            default_scope=config.default_scope,
            log_processor=config.log_processor,
            resume=resume,
            load_from=load_from,
            **{part: config[part] for part in parts},
        )
        runner.train()
        return runner

    return run


@pytest.fixture
def parts(repository: Path, tmp_path: Path) -> dict[str, str]:
    """Files of a detector and a pose estimator as MMDet and MMPose save them."""
    from mmdet.registry import MODELS as DET_MODELS
    from mmpose.registry import MODELS as POSE_MODELS

    config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    files = {}
    for part, scope, registry in (('detector', 'mmdet', DET_MODELS), ('pose_estimator', 'mmpose', POSE_MODELS)):
        with DefaultScope.overwrite_default_scope(scope):
            model = registry.build(config.model[part].model)
        files[part] = save(tmp_path / f'{part}.pth', model.state_dict())
    return files


def test_in_a_runner(train: Train, parts: dict[str, str], tmp_path: Path) -> None:
    runner = train('first', **parts)
    for part, file in parts.items():
        expected = CheckpointLoader.load_checkpoint(file)['state_dict']
        found = getattr(runner.model, part).model.state_dict()
        assert all(torch.equal(found[key], value) for key, value in expected.items())
    saved = CheckpointLoader.load_checkpoint(str(tmp_path / 'work/iter_1.pth'))['state_dict']
    assert saved and all(key.startswith('tracker.') for key in saved)
    assert {f'tracker.{key}' for key in runner.model.tracker.state_dict()} == saved.keys()

    resumed = train('second', **parts, iters=2, resume=True)
    assert resumed.iter == 2
    logs = ''.join(log.read_text() for log in (tmp_path / 'work').rglob('*.log'))
    assert 'missing keys' not in logs
    found = resumed.model.pose_estimator.state_dict()
    assert all(torch.equal(found[key], value) for key, value in runner.model.pose_estimator.state_dict().items())


def test_one_checkpoint_for_all_parts(train: Train, parts: dict[str, str], tmp_path: Path) -> None:
    """What it holds is not loaded from elsewhere."""
    model = train('first', **parts).model
    whole = save(tmp_path / 'whole.pth', {key: value + 1 for key, value in model.state_dict().items()})
    found = train('second', 'nowhere.pth', 'nowhere.pth', iters=0, load_from=whole).model.state_dict()
    assert all(torch.equal(found[key], value + 1) for key, value in model.state_dict().items())


@pytest.mark.parametrize('change', ['missing', 'shape', 'all'])
def test_a_checkpoint_that_does_not_fit_the_tracker(
    train: Train, parts: dict[str, str], tmp_path: Path, change: str
) -> None:
    key = 'tracker.dynamics_head.encoder.embedding.weight'
    state = {name: value for name, value in train('first', **parts).model.state_dict().items() if 'tracker' in name}
    if change == 'shape':
        state[key] = state[key][:, 1:]
    else:
        state = {name: value for name, value in state.items() if change == 'missing' and name != key}
    file = save(tmp_path / 'wrong.pth', state)
    complaint = 'missing' if change == 'all' else change
    with pytest.raises(ValueError, match=rf'wrong.pth does not fit the tracker: .* tracker\.\S+ \({complaint}\)'):
        train('second', **parts, load_from=file)


def test_files_that_are_exchanged(train: Train, parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r'pose_estimator.pth does not fit the detector: .*\(missing\)'):
        train('exchanged', detector=parts['pose_estimator'], pose_estimator=None)
