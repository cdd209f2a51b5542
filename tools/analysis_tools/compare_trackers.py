"""Compare trackers on SynthTrack: MMDet's, a Kalman filter, a library's, and ours, on the same estimated poses.

Detector and pose estimator run once over the videos; each tracker then gets their boxes and poses. Each is tuned with
the same effort: of its usual settings and so many random ones from fixed ranges, those with the best MOTA on the first
training videos are taken. Their figures on the validation videos are printed.

MMDet's trackers need `pip install -r requirements/optional.txt`, Norfair `pip install --no-deps norfair filterpy` (with
its dependencies it would replace numpy); without, they are left out.

examples:
  python tools/analysis_tools/compare_trackers.py data/synthtrack data/synthtrack_hard --out outputs/trackers \\
      --detector outputs/long/detector/iter_1000.pth --pose-estimator outputs/long/pose/iter_2700.pth \\
      --dynamics outputs/long/dynamics/iter_300.pth
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmgnntrack.analysis.reference_trackers import Identify, mmdet_tracker, norfair_tracker
from mmgnntrack.analysis.tables import table_over_seeds
from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.posetrack import read_folder
from mmgnntrack.registry import METRICS, MODELS

CONFIG = Path(__file__).parents[2] / 'configs/mini/gnn_hrnet-mini_synthtrack.py'
#: Settings of other people's trackers, by name: the usual value and the range of the others. All are drawn evenly.
REFERENCES: dict[str, dict[str, tuple]] = {
    'SORT (MMDet)': dict(
        obj_score_thr=(0.3, 0.1, 0.6), match_iou_thr=(0.3, 0.05, 0.5), num_tentatives=(1, 0, 3), retain=(15, 3, 30)
    ),
    'ByteTrack (MMDet)': dict(
        high=(0.5, 0.3, 0.7),
        low=(0.1, 0.1, 0.3),
        init=(0.6, 0.3, 0.8),
        match_iou_thr=(0.1, 0.02, 0.4),
        retain=(15, 3, 30),
    ),
    'OC-SORT (MMDet)': dict(
        obj_score_thr=(0.3, 0.1, 0.6),
        init_track_thr=(0.6, 0.2, 0.8),
        match_iou_thr=(0.3, 0.05, 0.5),
        vel_consist_weight=(0.2, 0.0, 0.4),
        retain=(15, 3, 30),
    ),
    'Norfair': dict(threshold=(0.2, 0.05, 0.5), score_thr=(0.3, 0.1, 0.5), hit_counter_max=(15, 3, 30)),
}
_BY_OKS = dict(init_score_thr=(0.5, 0.3, 0.6), min_similarity=(0.05, 0.01, 0.3), max_lost=(15, 3, 30))
#: Settings of this project's trackers, by name: the usual value and the range of the others.
OURS: dict[str, dict[str, tuple]] = {
    'iou': _BY_OKS | dict(min_similarity=(0.3, 0.05, 0.5)),
    'oks': _BY_OKS,
    'Kalman filter, oks': _BY_OKS | dict(noise=(0.02, 0.005, 0.04), acceleration=(0.005, 0.002, 0.02)),
    'gnn': _BY_OKS,
    'full': _BY_OKS | dict(predicted_score_thr=(0.85, 0.6, 1.0), predicted_weight=(0.25, 0.1, 0.5)),
}
RANGES = REFERENCES | OURS
COLUMNS = ('mAP', 'MOTA', 'Miss', 'Switch', 'FP', 'IDF1', 'HOTA')
Track = Callable[[np.ndarray, InstanceData, int], InstanceData]


def settings_of(name: str, trials: int, rng: np.random.Generator) -> Iterator[dict[str, float]]:
    """The usual settings of a tracker, then random ones."""
    yield {key: usual for key, (usual, _, _) in RANGES[name].items()}
    for _ in range(trials):
        yield {
            key: int(rng.integers(low, high + 1)) if isinstance(usual, int) else float(rng.uniform(low, high))
            for key, (usual, low, high) in RANGES[name].items()
        }


def from_boxes(identify: Identify) -> Track:
    """A tracker that leaves poses as they are, and leaves out those without an identity."""

    def track(image: np.ndarray, poses: InstanceData, frame_id: int) -> InstanceData:
        ids = identify(poses, frame_id)
        poses = poses[ids >= 0]
        poses.instances_id = ids[ids >= 0]
        return poses

    return track


def reference(name: str, values: dict[str, float]) -> Track:
    """One of other people's trackers."""
    values = dict(values)
    retain = values.pop('retain', None)
    if name == 'Norfair':
        return from_boxes(norfair_tracker(**values))
    if name.startswith('SORT'):
        return from_boxes(mmdet_tracker(type='mmdet.SORTTracker', reid=None, num_frames_retain=retain, **values))
    if name.startswith('OC-SORT'):
        return from_boxes(mmdet_tracker(type='mmdet.OCSORTTracker', num_frames_retain=retain, **values))
    iou = values['match_iou_thr']
    settings = dict(
        type='mmdet.ByteTracker',
        obj_score_thrs=dict(high=values['high'], low=values['low']),
        init_track_thr=values['init'],
        match_iou_thrs=dict(high=iou, low=min(0.5, iou + 0.2), tentative=min(0.3, iou + 0.1)),
        num_frames_retain=retain,
    )
    return from_boxes(mmdet_tracker(**settings))


def ours(name: str, values: dict[str, float], model: VideoPoseTracker, config: Config, dynamics: Path) -> Track:
    """This project's tracker."""
    values = dict(values)
    settings = config.model.tracker.copy()
    settings.memory.max_lost = values.pop('max_lost')
    kalman = {key: values.pop(key) for key in ('noise', 'acceleration') if key in values}
    settings.matching = 'gnn' if kalman else name
    settings.update(values)
    if kalman:
        settings.dynamics_head = dict(type='mmgnntrack.KalmanDynamics', **kalman)
        settings.memory.length = 15
    estimator = model.pose_estimator
    tracker = MODELS.build(settings, default_args=dict(codec=estimator.codec, search=estimator.geometry)).eval()
    if tracker.mode.predicts and not kalman:
        load_part(tracker, 'tracker', str(dynamics), prefix='tracker.')

    def track(image: np.ndarray, poses: InstanceData, frame_id: int) -> InstanceData:
        if frame_id == 0:
            tracker.reset()
        return tracker.step(poses, frame_id, partial(estimator.search_features, image))

    return track


class Videos:
    """Videos with their estimated poses.

    Args:
        root: data set.
        split: `train` or `val`.
        count: videos, None for all.
        model: detector and pose estimator, with a cache.
        evaluator: config of a `PoseTrackMetric`.
    """

    def __init__(self, root: Path, split: str, count: int | None, model: VideoPoseTracker, evaluator: dict) -> None:
        self.root, self.model = root, model
        self.videos = read_folder(root / 'annotations' / split)[:count]
        self.metric = METRICS.build(dict(evaluator, ann_dir=str(root / 'annotations' / split)))
        self.metric.dataset_meta = dict(videos=[video.name for video in self.videos])

    def figures(self, track: Track) -> dict[str, float]:
        """What a tracker reaches on them."""
        for video in self.videos:
            for number, frame in enumerate(video.frames):
                image = mmcv.imread(self.root / frame.file_name)
                people = self.model.detect(image)
                poses = self.model.estimate(image, people[people.bbox_scores >= self.model.bbox_score_thr])
                sample = dict(video_name=video.name, frame_id=number, img_path=frame.file_name)
                self.metric.process(None, [dict(sample, pred_track_instances=track(image, poses, number))])
        found = self.metric.evaluate(size=0)
        return {column: found[f'posetrack/{column}'] for column in COLUMNS}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, nargs='+', help='data sets; trackers are tuned on the first one')
    parser.add_argument('--out', type=Path, required=True, help='where the cache and the table go')
    for part in ('detector', 'pose-estimator', 'dynamics'):
        parser.add_argument(f'--{part}', type=Path, required=True, help='checkpoint')
    parser.add_argument('--trackers', nargs='+', choices=RANGES, default=list(RANGES), help='default: all')
    parser.add_argument('--tuning-videos', type=int, default=5, help='default: %(default)s')
    parser.add_argument('--trials', type=int, default=8, help='random settings for each tracker (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the random settings')
    return parser.parse_args()


def build_model(args: argparse.Namespace, config: Config) -> VideoPoseTracker:
    """Detector and pose estimator, whose findings are cached with all that `full` needs of them."""
    model = MODELS.build(dict(config.model, cache_dir=str(args.out / 'cache'))).eval()
    load_part(model.detector.model, 'detector', str(args.detector))
    load_part(model.pose_estimator.model, 'pose_estimator', str(args.pose_estimator))
    return model


@torch.no_grad()
def main() -> None:
    """Tune, track, print."""
    args = parse_args()
    config = Config.fromfile(CONFIG)
    init_default_scope(config.default_scope)
    model = build_model(args, config)
    MMLogger.get_instance('compare_trackers', log_level='WARNING')  # the metric's own tables, for each trial
    tuning = Videos(args.data[0], 'train', args.tuning_videos, model, config.test_evaluator)
    chosen, tables = {}, []
    for name in args.trackers:
        make = partial(ours, model=model, config=config, dynamics=args.dynamics) if name in OURS else reference
        try:
            tried = []
            for values in settings_of(name, args.trials, np.random.default_rng(args.seed)):
                tried.append((tuning.figures(make(name, values))['MOTA'], values))
                print(f'{name}: MOTA {tried[-1][0]:.2f} with {values}', file=sys.stderr, flush=True)
        except (ImportError, RuntimeError) as error:
            print(f'{name} is left out: {error}', file=sys.stderr)
            continue
        best = max(tried, key=lambda trial: trial[0])[1]
        chosen[name] = (make, best)
    for data in args.data:
        videos = Videos(data, 'val', None, model, config.test_evaluator)
        rows = {name: [videos.figures(make(name, best))] for name, (make, best) in chosen.items()}
        tables.append(f'{data.name}\n\n{table_over_seeds("tracker", COLUMNS, rows)}')
        print('\n' + tables[-1], flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / 'table.md').write_text('\n\n'.join(tables) + '\n')
    (args.out / 'settings.json').write_text(json.dumps({name: best for name, (_, best) in chosen.items()}, indent=2))


if __name__ == '__main__':
    main()
