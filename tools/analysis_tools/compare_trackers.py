"""Compare trackers on SynthTrack: MMDet's, a Kalman filter, a library's, and ours, on the same estimated poses.

Detector and pose estimator run once over the videos; each tracker then gets their boxes and poses. Each is tuned with
the same effort: of its usual settings and so many random ones from fixed ranges, those with the best MOTA on the first
training videos are taken. Their figures on the validation videos are printed.

MMDet's trackers and Norfair need `pip install -r requirements/optional.txt`; without, they are left out.

examples:
  python tools/analysis_tools/compare_trackers.py data/synthtrack data/synthtrack_hard --out outputs/trackers \\
      --detector outputs/quickstart/detector/iter_1000.pth --pose-estimator outputs/quickstart/pose/iter_2700.pth \\
      --dynamics outputs/quickstart/dynamics/iter_300.pth
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import mmcv
import motion_baselines  # noqa: F401
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from reference_trackers import Identify, mmdet_tracker, norfair_tracker

from mmgnntrack.engine.hooks.part_checkpoint_hook import load_part
from mmgnntrack.evaluation.functional import evaluate, filter_predictions
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.posetrack import PoseFrame, PoseVideo, read_folder
from mmgnntrack.registry import MODELS

CONFIG = Path(__file__).parents[2] / 'configs/mini/gnn_hrnet-mini_synthtrack.py'
#: Settings of a tracker, by name: the usual value and the range of the others. All are drawn evenly.
RANGES: dict[str, dict[str, tuple]] = {
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
    'iou': dict(init_score_thr=(0.5, 0.3, 0.6), min_similarity=(0.3, 0.05, 0.5), max_lost=(15, 3, 30)),
    'oks': dict(init_score_thr=(0.5, 0.3, 0.6), min_similarity=(0.05, 0.01, 0.3), max_lost=(15, 3, 30)),
    'Kalman filter, oks': dict(
        init_score_thr=(0.5, 0.3, 0.6),
        min_similarity=(0.05, 0.01, 0.3),
        max_lost=(15, 3, 30),
        noise=(0.02, 0.005, 0.04),
        acceleration=(0.005, 0.002, 0.02),
    ),
    'gnn': dict(init_score_thr=(0.5, 0.3, 0.6), min_similarity=(0.05, 0.01, 0.3), max_lost=(15, 3, 30)),
    'full': dict(
        init_score_thr=(0.5, 0.3, 0.6),
        min_similarity=(0.05, 0.01, 0.3),
        max_lost=(15, 3, 30),
        predicted_score_thr=(0.85, 0.6, 1.0),
        predicted_weight=(0.25, 0.1, 0.5),
    ),
}
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
    if tracker.predicts and not kalman:
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
    """

    def __init__(self, root: Path, split: str, count: int | None, model: VideoPoseTracker) -> None:
        self.root, self.model = root, model
        self.truth = read_folder(root / 'annotations' / split)[:count]

    def figures(self, track: Track, joint_score_thr: float) -> dict[str, float]:
        """What a tracker reaches on them."""
        found = [self._tracked(video, track) for video in self.truth]
        every = evaluate(self.truth, found)
        sure = evaluate(self.truth, [filter_predictions(video, joint_score_thr, 0.0) for video in found])
        figures = (
            every.ap,
            sure.mota,
            sure.miss_rate,
            sure.switch_rate,
            sure.false_positive_rate,
            sure.idf1,
            sure.hota,
        )
        return {column: float(values[-1]) for column, values in zip(COLUMNS, figures, strict=True)}

    def _tracked(self, video: PoseVideo, track: Track) -> PoseVideo:
        frames = []
        for number, frame in enumerate(video.frames):
            image = mmcv.imread(self.root / frame.file_name)
            poses = self.model.estimate(image, self.model.detect(image))
            frames.append(as_frame(track(image, poses, number), frame))
        return PoseVideo(name=video.name, frames=frames)


def as_frame(tracked: InstanceData, frame: PoseFrame) -> PoseFrame:
    """Tracked poses in the place of the annotated ones."""
    there = np.ones(tracked.keypoint_scores.shape, bool)
    return PoseFrame(
        file_name=frame.file_name,
        frame_id=frame.frame_id,
        keypoints=tracked.keypoints.astype(float),
        annotated=there,
        visible=there,
        keypoint_scores=tracked.keypoint_scores.astype(float),
        track_ids=np.asarray(tracked.instances_id),
        bboxes=tracked.bboxes.astype(float),
        head_bboxes=np.full((len(there), 4), np.nan),
        is_labeled=frame.is_labeled,
    )


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
    score_thr = config.test_evaluator.joint_score_thr
    tuning = Videos(args.data[0], 'train', args.tuning_videos, model)
    chosen, tables = {}, []
    for name in args.trackers:
        own = name in ('iou', 'oks', 'gnn', 'full') or 'oks' in name
        make = partial(ours, model=model, config=config, dynamics=args.dynamics) if own else reference
        try:
            tried = []
            for values in settings_of(name, args.trials, np.random.default_rng(args.seed)):
                tried.append((tuning.figures(make(name, values), score_thr)['MOTA'], values))
                print(f'{name}: MOTA {tried[-1][0]:.2f} with {values}', file=sys.stderr, flush=True)
        except (ImportError, RuntimeError) as error:
            print(f'{name} is left out: {error}', file=sys.stderr)
            continue
        best = max(tried, key=lambda trial: trial[0])[1]
        chosen[name] = (make, best)
    for data in args.data:
        videos = Videos(data, 'val', None, model)
        lines = [f'{data.name}\n', '| tracker | ' + ' | '.join(COLUMNS) + ' |', '|---|' + '---:|' * len(COLUMNS)]
        for name, (make, best) in chosen.items():
            figures = videos.figures(make(name, best), score_thr)
            lines.append(f'| {name} | ' + ' | '.join(f'{figures[column]:.1f}' for column in COLUMNS) + ' |')
        tables.append('\n'.join(lines))
        print('\n' + tables[-1], flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / 'table.md').write_text('\n\n'.join(tables) + '\n')
    (args.out / 'settings.json').write_text(json.dumps({name: best for name, (_, best) in chosen.items()}, indent=2))


if __name__ == '__main__':
    main()
