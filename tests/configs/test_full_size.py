"""The models of the paper at their true size, on real frames: they train, and they track.

`python -m pytest -m slow -s tests/configs` also shows how long each takes and how much memory is in use.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mmcv
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner, set_random_seed

pytestmark = pytest.mark.slow

SYSTEM = 'configs/gnn_hrnet_w48_posetrack18.py'
#: Samples of a batch: images, people or tubes.
BATCH = {
    'configs/detector/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack18.py': 1,
    'configs/pose_estimator/td-hm_hrnet-w48_20e_posetrack18-384x288.py': 2,
    SYSTEM: 2,
}
ITERATIONS = 2


@pytest.fixture(scope='module')
def posetrack(real_data: Path) -> Path:
    root = real_data / 'posetrack18'
    if not root.is_dir():
        pytest.skip(f'no real frames here: {root}')
    return root


@pytest.fixture(scope='module')
def people(posetrack: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The COCO-style file of the training sequence."""
    out = tmp_path_factory.mktemp('coco') / 'train.json'
    tool = repository / 'tools/dataset_converters/posetrack_to_coco.py'
    annotations = posetrack / 'annotations/train'
    subprocess.run([sys.executable, tool, annotations, '--images', posetrack, '--out', out], check=True)
    return out


@pytest.fixture(autouse=True)
def costs(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Says how long a test took and how much memory the process has had at most."""
    began = time.perf_counter()
    yield
    seconds, gibibytes = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    record_property('seconds', seconds)
    record_property('peak_gib', gibibytes)
    print(f'\n{request.node.name}: {seconds:.0f} s, {gibibytes:.1f} GiB at most so far')


def training(config: Config, posetrack: Path, people: Path, batch_size: int, work_dir: Path) -> Config:
    """The config with two iterations on the real frames, without weights from elsewhere."""
    config.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            log_level='WARNING',
            load_from=None,
            train_cfg=dict(_delete_=True, type='IterBasedTrainLoop', max_iters=ITERATIONS),
            val_cfg=None,
            val_dataloader=None,
            val_evaluator=None,
            custom_hooks=None,
            default_hooks=dict(checkpoint=dict(_delete_=True, type='CheckpointHook', interval=-1)),
            visualizer=dict(vis_backends=[dict(type='LocalVisBackend')]),
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=0,
                persistent_workers=False,
                dataset=dict(data_root=f'{posetrack}/'),
            ),
        )
    )
    if 'backbone' in config.model:
        config.model.backbone.init_cfg = None
        config.train_dataloader.dataset.ann_file = str(people)
    return config


@pytest.mark.parametrize('path', BATCH)
def test_training(path: str, repository: Path, posetrack: Path, people: Path, tmp_path: Path) -> None:
    config = training(Config.fromfile(repository / path), posetrack, people, BATCH[path], tmp_path)
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == ITERATIONS
    history, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(history) == ITERATIONS and np.isfinite(history).all()


def test_tracking(repository: Path, posetrack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(repository / 'tools/analysis_tools'))
    from tracker_stages import StageClock

    config = Config.fromfile(repository / SYSTEM)
    init_default_scope(config.default_scope)
    set_random_seed(0)
    # Random weights are sure of nothing: whatever they find is followed.
    config.model.detector.score_thr = 0.0
    config.model.pose_estimator.nms_thr = 2.0
    config.model.tracker.update(init_score_thr=-np.inf, min_similarity=0.0)
    model = MODELS.build(config.model).eval()
    clock = StageClock(model)
    frames = sorted(posetrack.glob('videos/*/*.jpg'))[:5]
    assert len(frames) == 5
    for frame_id, path in enumerate(frames):
        image = mmcv.imread(path)
        tracked = model.track(image, frame_id, model.detect(image)[:3])
        assert tracked.instances_id.tolist() == [0, 1, 2]
        assert np.isfinite(tracked.keypoints).all()
    for stage, milliseconds in clock.milliseconds(len(frames)).items():
        print(f'{stage:<24} {milliseconds:8.1f} ms per frame')
        assert milliseconds > 0
