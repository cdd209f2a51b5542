import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mmcv
import mmpose
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner, save_checkpoint
from mmengine.structures import InstanceData

from mmgnntrack.engine.hooks import OKSHungarianFusionHook
from mmgnntrack.engine.launch import build_runner
from mmgnntrack.posetrack import PoseVideo, read_folder

STOCK = 'mmpose::body_2d_keypoint/topdown_heatmap'
TRACKING = """
custom_hooks = [dict(type='mmgnntrack.OKSHungarianFusionHook')]
test_dataloader = dict(
    batch_sampler=dict(type='mmgnntrack.FrameBatchSampler'), num_workers=0, persistent_workers=False,
    dataset=dict(data_root='{root}', ann_file='{ann_file}', bbox_file='{boxes}', data_prefix=dict(img='')),
)
"""
#: Both evaluators that a stock PoseTrack18 config can have.
EVALUATORS = """
test_evaluator = [
    dict(type='mmgnntrack.PoseTrackMetric', ann_dir='{root}/annotations/val', allow_missing=True),
    dict(type='CocoMetric', ann_file='{ann_file}', use_area=False),
]
"""
#: COCO's own evaluator has nothing to compare with here.
PICTURES = """
test_evaluator = dict(_delete_=True, type='mmengine.DumpResults', out_file_path='all.pkl')
visualizer = dict(_delete_=True, type='mmgnntrack.TrackVisualizer', score_thr=0.0)
"""


@pytest.fixture(scope='module')
def posetrack18(synthtrack: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """SynthTrack's validation videos as MMPose's own converter merges PoseTrack18's, and a file with the boxes of all
    people but those of one frame."""
    folder = tmp_path_factory.mktemp('posetrack18')
    merged = dict(images=[], annotations=[])
    for path in sorted((synthtrack / 'annotations/val').glob('*.json')):
        document = json.loads(path.read_text())
        merged |= dict(categories=document['categories'])
        for part in ('images', 'annotations'):
            merged[part] += document[part]
    for annotation in merged['annotations']:
        annotation |= dict(iscrowd=0, area=1.0, num_keypoints=sum(annotation['keypoints'][2::3]))
    ann_file, box_file = folder / 'posetrack18_val.json', folder / 'boxes.json'
    ann_file.write_text(json.dumps(merged))
    empty = merged['images'][3]['id']
    boxes = [
        dict(image_id=a['image_id'], category_id=1, bbox=a['bbox'], score=0.9)
        for a in merged['annotations']
        if a['image_id'] != empty
    ]
    box_file.write_text(json.dumps(boxes))
    return ann_file, box_file


def write_checkpoint(config: Config, path: Path) -> None:
    """Random weights, the same each time, whose joints are likely enough to start tracklets."""
    init_default_scope('mmpose')
    torch.manual_seed(0)
    state = MODELS.build(config.model).state_dict()
    state['head.final_layer.bias'] += 0.5
    save_checkpoint(dict(state_dict=state), str(path))


@pytest.mark.parametrize(
    ('stock', 'rest'),
    [
        ('posetrack18/td-hm_hrnet-w48_8xb64-20e_posetrack18-256x192.py', EVALUATORS),
        ('coco/td-hm_res50_8xb64-210e_coco-256x192.py', PICTURES),
    ],
)
def test_stock_configs_under_mmposes_own_tool(
    stock: str,
    rest: str,
    synthtrack: Path,
    posetrack18: tuple[Path, Path],
    run_tool: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One entry in `custom_hooks`, one `batch_sampler`."""
    ann_file, boxes = posetrack18
    config_file, checkpoint = tmp_path / 'tracked.py', tmp_path / 'random.pth'
    text = f"_base_ = '{STOCK}/{stock}'" + TRACKING + rest
    config_file.write_text(text.format(root=synthtrack, ann_file=ann_file, boxes=boxes))
    write_checkpoint(Config.fromfile(config_file), checkpoint)
    tool = Path(mmpose.__file__).parent / '.mim/tools/test.py'
    arguments = [config_file, checkpoint, '--out', tmp_path / 'metrics.json', '--dump', tmp_path / 'samples.pkl']
    arguments += ['--work-dir', tmp_path / 'work', '--interval', '1']
    if rest is PICTURES:
        monkeypatch.chdir(tmp_path)
        status, _, complaints = run_tool(tool)(*arguments, '--show-dir', tmp_path / 'drawn')
        assert status == 0, complaints
        drawn = [mmcv.imread(path).shape for path in (tmp_path / 'drawn').iterdir()]
        assert len(drawn) > 8 and set(drawn) == {(480, 640, 3)}  # enlarged, as draw_tracks does
    else:  # in a process that has imported nothing of ours
        result = subprocess.run([sys.executable, tool, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert 'posetrack/MOTA' in result.stdout and 'coco/AP' in result.stdout
    check_samples(tmp_path / 'samples.pkl', read_folder(synthtrack / 'annotations/val')[0])


def check_samples(dump: Path, video: PoseVideo) -> None:
    """One sample per box, in frames' order; some identity lasts over frames."""
    samples = load(dump)
    people = [number for number, frame in enumerate(video.frames) for _ in range(len(frame)) if number != 3]
    frames = [sample['frame_id'] for sample in samples]
    assert frames == people
    assert all(sample['video_name'] == video.name for sample in samples)
    for sample in samples:
        mine, everyone = sample['pred_instances'], sample['pred_track_instances']
        assert mine['keypoints'].shape == (1, 17, 2) and 'pred_fields' not in sample
        (row,) = mine['instances_id']
        assert row == -1 or row in everyone['instances_id']
    ids = [samples[frames.index(frame)]['pred_track_instances']['instances_id'] for frame in set(frames)]
    tracked = np.concatenate(ids)
    tracked = tracked[tracked >= 0]
    assert 0 < len(np.unique(tracked)) < len(tracked)


@pytest.fixture(scope='module')
def people_file(repository: Path, synthtrack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('people') / 'coco_val.json'
    tool = repository / 'tools/dataset_converters/posetrack_to_coco.py'
    command = [tool, synthtrack / 'annotations/val', '--images', synthtrack, '--out', path]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', list(map(str, command)))
        runpy.run_path(str(tool), run_name='__main__')
    return path


@pytest.fixture
def pipeline(
    repository: Path, synthtrack: Path, people_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable:
    """A runner of the small estimator's own test pipeline with the hook."""
    monkeypatch.setenv('MMGNNTRACK_DATA', str(synthtrack))

    def build(hook: dict, people_file: Path = people_file, head: dict | None = None, **dataloader: object) -> Runner:
        config = Config.fromfile(repository / 'configs/mini/td-hm_hrnet-mini_synthtrack-128x96.py')
        config.work_dir = str(tmp_path)
        config.custom_hooks = [dict(type='mmgnntrack.OKSHungarianFusionHook', padding=1.0, nms_thr=0.2, **hook)]
        config.test_dataloader.update(
            batch_sampler=dict(type='mmgnntrack.FrameBatchSampler'), num_workers=0, persistent_workers=False
        )
        config.test_dataloader.dataset.ann_file = str(people_file)
        if head is not None:
            config.model.head = head
        config.test_dataloader.update(dataloader)
        config.test_evaluator = dict(type='mmengine.DumpResults', out_file_path=str(tmp_path / 'samples.pkl'))
        config.randomness = dict(seed=0)  # otherwise the Runner draws one
        return build_runner(config)

    return build


def in_whole_pixels(people_file: Path, path: Path) -> Path:
    """A copy of a file of people whose boxes are the estimator's inputs, pixel by pixel: whoever crops them finds the
    same, where otherwise the last digit of a pixel moves the peaks of random heatmaps."""
    document = json.loads(people_file.read_text())
    sizes = {image['id']: (image['width'], image['height']) for image in document['images']}
    for person in document['annotations']:
        x, y, w, h = person['bbox']
        width, height = sizes[person['image_id']]
        left, top = np.clip(np.round([x + w / 2 - 48, y + h / 2 - 64]), 0, [width - 97, height - 129])
        person['bbox'] = [left, top, 96, 128]
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(('min_similarity', 'recovers'), [(0.0, False), (1.0, True)])
def test_same_as_the_video_model(
    min_similarity: float, recovers: bool, pipeline: Callable, people_file: Path, repository: Path, tmp_path: Path
) -> None:
    """Two callers of one tracker: fused poses, where everybody has a match, and predicted ones, where nobody has, are
    the same in both."""
    config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    config.model.channels_last = False  # as the Runner's estimator
    config.model.detector = None
    config.model.tracker.update(init_score_thr=0.0, predicted_score_thr=-1e9, min_similarity=min_similarity)
    torch.manual_seed(1)
    model = MODELS.build(config.model).eval()
    save_checkpoint(dict(state_dict=model.state_dict()), str(tmp_path / 'video.pth'))
    tracker = dict(config.model.tracker.to_dict(), search=config.model.pose_estimator.search.to_dict())
    hook = dict(tracker=tracker, checkpoint=str(tmp_path / 'video.pth'))
    runner = pipeline(hook, in_whole_pixels(people_file, tmp_path / 'people.json'))
    model.pose_estimator.model.load_state_dict(runner.model.state_dict())
    for codec in (model.pose_estimator.codec, runner.model.head.decoder):
        codec.unbiased = False  # DARK on heatmaps as flat as random ones: MMPose and we differ by tenths of a pixel
    runner.test()
    samples = {s['frame_id']: s for s in load(tmp_path / 'samples.pkl')}

    people = runner.test_dataloader.dataset
    boxes = {}
    for index in range(len(people)):
        info = people.get_data_info(index)
        boxes.setdefault(info['img_path'], []).append(info['bbox'])
    recovered = False
    for frame in sorted(boxes):
        bboxes = np.concatenate(boxes[frame])
        number = int(Path(frame).stem)
        given = InstanceData(bboxes=bboxes, bbox_scores=np.ones(len(bboxes), np.float32))
        expected, found = model.track(mmcv.imread(frame), number, given), samples[number]['pred_track_instances']
        assert found['instances_id'].tolist() == expected.instances_id.tolist()
        np.testing.assert_allclose(found['keypoints'], expected.keypoints, atol=0.05)
        recovered |= expected.predicted.any()
    assert recovered or not recovers  # somebody whom NMS dropped may be recovered in any case


def test_poses_are_refined_in_place(pipeline: Callable, repository: Path, tmp_path: Path) -> None:
    """What the stock evaluators read is the fused pose."""
    config = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py')
    pipeline(dict(tracker=dict(config.model.tracker.to_dict(), init_score_thr=0.0))).test()
    for sample in load(tmp_path / 'samples.pkl'):
        mine, everyone = sample['pred_instances'], sample['pred_track_instances']
        row = np.flatnonzero(everyone['instances_id'] == mine['instances_id'][0])
        if mine['instances_id'][0] >= 0:
            np.testing.assert_array_equal(mine['keypoints'], everyone['keypoints'][row])


@pytest.mark.parametrize('matching', [None, 'gnn', 'oks'])
def test_by_itself_it_predicts(matching: str | None, pipeline: Callable, tmp_path: Path) -> None:
    """The package's own weights, nothing to train; the other ways are one option away."""
    runner = pipeline({} if matching is None else dict(tracker=dict(matching=matching)))
    runner.test()
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, OKSHungarianFusionHook))
    tracker = hook._tracker
    assert tracker.matching == (matching or 'full') and not tracker.needs_weights
    assert (tracker.dynamics_head is None) == (matching == 'oks')


def test_a_model_without_heatmaps(pipeline: Callable, tmp_path: Path) -> None:
    """As RTMPose is; heatmaps are drawn around its joints. A head of one's own cannot do with that."""
    codec = dict(type='SimCCLabel', input_size=(96, 128), sigma=4.0, simcc_split_ratio=2.0)
    head = dict(
        type='SimCCHead',
        in_channels=16,
        out_channels=15,
        input_size=(96, 128),
        in_featuremap_size=(24, 32),
        deconv_out_channels=None,
        loss=dict(type='KLDiscretLoss', use_target_weight=True),
        decoder=codec,
    )
    runner = pipeline(dict(tracker=dict(init_score_thr=0.0)), head=head)
    runner.test()
    tracks = [sample['pred_track_instances'] for sample in load(tmp_path / 'samples.pkl')]
    assert len({identity for poses in tracks for identity in poses['instances_id'].tolist()} - {-1}) > 1
    assert all(np.isfinite(poses['keypoints']).all() for poses in tracks)
    kalman = dict(type='mmgnntrack.KalmanDynamics')
    with pytest.raises(ValueError, match='needs a head with a heatmap codec, got SimCCLabel'):
        pipeline(dict(tracker=dict(dynamics_head=kalman)), head=head).test()


def test_in_half_precision(pipeline: Callable, repository: Path, tmp_path: Path) -> None:
    """MMEngine's fp16 loop, whose networks answer in bfloat16 on a CPU, slowly: a few frames."""
    tracker = Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py').model.tracker.to_dict()
    runner = pipeline(dict(tracker=dict(tracker, init_score_thr=0.0, min_similarity=0.0)))
    runner.cfg.test_dataloader.dataset.indices = runner._test_dataloader['dataset']['indices'] = 12
    runner.cfg.test_cfg.fp16 = runner._test_loop['fp16'] = True
    runner.test()
    tracks = [sample['pred_track_instances'] for sample in load(tmp_path / 'samples.pkl')]
    assert len(tracks) == 12
    for poses in tracks:
        assert (poses['instances_id'] >= 0).any()
        assert poses['keypoints'].dtype == np.float32 and np.isfinite(poses['keypoints']).all()


def test_nothing_is_left_behind(pipeline: Callable) -> None:
    runner = pipeline({})
    runner.test()
    batch = next(iter(runner.test_dataloader))
    assert not runner.model.head.final_layer._forward_hooks
    for sample in runner.model.test_step(batch):
        assert 'pred_track_instances' not in sample and 'instances_id' not in sample.pred_instances


def test_batches_must_be_whole_frames(pipeline: Callable) -> None:
    runner = pipeline({}, batch_sampler=None, batch_size=5)
    with pytest.raises(ValueError, match=r'000000\.jpg: expected all people of one frame .*FrameBatchSampler'):
        runner.test()


def test_a_checkpoint_needs_a_tracker() -> None:
    with pytest.raises(ValueError, match=r'checkpoint a\.pth needs a `tracker`'):
        OKSHungarianFusionHook(checkpoint='a.pth')
