"""Measure how well the dynamics of poses alone are learned: train on some sequences, predict the poses of others.

ANNOTATIONS is a folder of PoseTrack files; no images are needed. Its sequences are shared out over folds; for each fold
the config is trained on the others. Prints the mean distance between predicted and true joints in percent of the
diagonal of the last pose, so many frames ahead, over all folds, and of what needs no training: the last pose, constant
velocity (of each joint, of the whole body) and a Kalman filter, tuned on the training sequences.

Then how true the head's own uncertainty is, 1 to --horizon frames ahead: the share of the joints within the radii that
it says hold a half and nine tenths of them.

Last, the annotated poses are made as bad as estimated ones (see mmgnntrack/analysis), mildly and severely, and tracked
by iou, oks, a Kalman filter with oks, gnn and full, each tuned on training sequences. With --estimated so are the poses
that a real estimator found of a sequence, with the settings of the config, at several joint thresholds.

What is trained already is not trained again; with --weights nothing is.

examples:
  python tools/analysis_tools/study_real_motion.py data/posetrack17/annotations/train --out outputs/motion
  python tools/analysis_tools/study_real_motion.py ANNOTATIONS --out outputs/motion --ahead 1 --seeds 0 1 2
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, init_default_scope
from mmengine.structures import InstanceData
from tqdm import tqdm

import mmgnntrack.registry  # noqa: F401
from mmgnntrack.analysis import real_tracking
from mmgnntrack.analysis.given_pose_trackers import our_tracker, score, tracked
from mmgnntrack.analysis.motion_baselines import DAMPINGS, constant_velocity, last_pose, tuned
from mmgnntrack.analysis.pose_heads import trained
from mmgnntrack.analysis.tables import table, table_over_seeds
from mmgnntrack.evaluation.functional import filter_predictions
from mmgnntrack.functional import probability_within
from mmgnntrack.models.heads import DynamicsHead, KalmanFilter, pretrained_dynamics
from mmgnntrack.posetrack import JOINTS, posetrack_files, read_folder, read_poses, read_video

CONFIG = Path(__file__).parents[2] / 'configs/pose_only/gnn-offsets_posetrack17.py'
#: Probabilities of the radii in the table that says how true the heads' own uncertainty is.
RADII = (0.5, 0.9)
#: At which the estimator's poses are evaluated.
JOINT_THRESHOLDS = (0.0, 0.2, 0.4)
#: Poses that the Kalman filter sees; the others see the newest of them.
LONG = 30


class Samples:
    """All poses of some sequences that follow on others, as they were annotated.

    Attributes:
        history: M tracklets of `LONG` poses.
        target: (M, K, 2) image px, so many frames later.
        known: (M, K) bool, joints that are annotated in the last pose and later.
        size: (M, 1) px, the diagonal of the last pose.
    """

    def __init__(self, config: Config, videos: list[str], ahead: int) -> None:
        settings = config.train_dataloader.dataset.copy()
        pack = settings.pipeline[-1]
        settings.pipeline = [
            dict(type='mmgnntrack.SampleTube', length=LONG + 1, gaps=(1, 1), ahead=(ahead, ahead)),
            dict(type='mmgnntrack.JitterHistory', noise=0.0, outlier_rate=0.0, scores=(1.0, 1.0)),
            pack,
        ]
        dataset = DATASETS.build({**settings, 'videos': videos, 'test_mode': True})
        samples = pseudo_collate([dataset[i] for i in range(len(dataset)) if follows(dataset.get_data_info(i), ahead)])
        samples = samples['data_samples']
        self.history = InstanceData.cat([sample.history for sample in samples]).numpy()
        labels = InstanceData.cat([sample.gt_instance_labels for sample in samples]).numpy()
        self.target = labels.keypoints
        last, valid = self.history.keypoints[:, -1], self.history.valid[:, -1]
        self.known = (labels.keypoint_weights > 0) & valid
        low, high = (reduce(np.where(valid[..., None], last, empty), 1)
                     for reduce, empty in ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
        self.size = np.linalg.norm(high - low, axis=-1)[:, None]

    def errors(self, predicted: np.ndarray) -> np.ndarray:
        """(n,) of all known joints, percent of the pose's diagonal."""
        return (np.linalg.norm(predicted - self.target, axis=-1) / self.size * 100)[self.known]


def follows(info: dict, ahead: int) -> bool:
    """Whether the person was annotated exactly so many frames before."""
    return info['frames'][info['current']] - ahead in info['frames']


def guesses(train: Samples, test: Samples, ahead: int) -> dict[str, np.ndarray]:
    """The errors of what needs no training, tuned on some sequences, on others."""

    def best(makers: list) -> np.ndarray:
        chosen = tuned([partial(make, train) for make in makers], lambda guess: train.errors(guess).mean())
        return test.errors(makers[chosen](test))

    def velocity(body: bool) -> list:
        return [lambda samples, d=d: constant_velocity(samples.history, ahead, d, body) for d in DAMPINGS]

    def filtered(samples: Samples, noise: float, acceleration: float) -> np.ndarray:
        scale = samples.size[..., None]
        relative = samples.history.keypoints / scale[:, None]
        history = samples.history
        return KalmanFilter(noise, acceleration).forecast(relative, history.valid > 0, history.ages)[0] * scale

    grid = product((0.002, 0.005, 0.01, 0.02, 0.04), (0.002, 0.005, 0.01))
    return {
        'last pose': test.errors(last_pose(test.history, ahead)),
        'constant velocity, joint': best(velocity(False)),
        'constant velocity, body': best(velocity(True)),
        'Kalman filter, joint': best([partial(filtered, noise=noise, acceleration=a) for noise, a in grid]),
    }


@torch.no_grad()
def learned(head: torch.nn.Module, samples: Samples, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) errors of a dynamics head that sees so many poses, and how far out they are in its own view: the probability
    that a joint is nearer."""
    history = samples.history.clone()
    for field in ('keypoints', 'keypoint_scores', 'valid', 'ages'):
        history.set_field(history[field][:, -length:], field)
    found = [head(history[rows])[:2] for rows in np.array_split(np.arange(len(history)), 20)]
    keypoints, scales = (torch.cat(values).numpy() for values in zip(*found))
    off = np.linalg.norm(keypoints - samples.target, axis=-1)
    return samples.errors(keypoints), probability_within(off, scales)[samples.known]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', type=Path, help='folder of PoseTrack files')
    parser.add_argument('--out', type=Path, required=True, help='where the trained heads and the table go')
    parser.add_argument('--config', type=Path, default=CONFIG, help='config to train (default: %(default)s)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings that override it')
    parser.add_argument('--weights', help="instead of training: of `PretrainedDynamics`, as dynamics, the package's")
    parser.add_argument('--ahead', type=int, nargs='+', default=[1, 3], help='frames (default: 1 3)')
    parser.add_argument('--horizon', type=int, default=8, help='of the check of the uncertainty (default: 8)')
    parser.add_argument('--folds', type=int, default=5)
    parser.add_argument('--only-folds', type=int, nargs='+', help='only these, from 0')
    parser.add_argument(
        '--estimated', type=Path, nargs=2, metavar=('TRUTH', 'POSES'), help="a sequence, and an estimator's poses of it"
    )
    parser.add_argument('--tuning-videos', type=int, default=3, help='for the trackers (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--jobs', type=int, default=1, help='processes that track (default: %(default)s)')
    return parser.parse_args()


def fold_of(names: list[str], folds: int) -> np.ndarray:
    """Which fold each sequence is held out in."""
    return np.random.default_rng(0).permutation(len(names)) % folds


def a_head(args: argparse.Namespace, config: Config, videos: list[str], fold: int, seed: int) -> DynamicsHead:
    """The head of --weights, or one that is trained on some videos."""
    if args.weights:
        return pretrained_dynamics(len(JOINTS), JOINTS, args.weights)
    return trained(config, videos, seed, args.out / f'fold{fold}_seed{seed}')


def forecasts(args: argparse.Namespace, config: Config, names: np.ndarray) -> None:
    """Print the errors of all folds, for each horizon."""
    length = config.model.tracker.memory.length
    folds = fold_of(names, args.folds)
    for ahead in args.ahead:
        errors: dict[str, list[np.ndarray]] = {}
        for fold in args.only_folds:
            rest, held_out = names[folds != fold].tolist(), names[folds == fold].tolist()
            train, test = (Samples(config, videos, ahead) for videos in (rest, held_out))
            found = guesses(train, test, ahead)
            for seed in args.seeds:
                head = a_head(args, config, rest, fold, seed)
                found[f'learned, seed {seed}'] = learned(head, test, length)[0]
            for name, values in found.items():
                errors.setdefault(name, []).append(values)
        still = np.concatenate(errors['last pose']).mean()
        rows = []
        for name, values in errors.items():
            mean = np.concatenate(values).mean()
            rows.append([name, f'{mean:.3f}', f'{100 - 100 * mean / still:.1f} %'])
        header = [f'{ahead} ahead', 'error, % of the diagonal', 'below the last pose']
        print('\n' + table(header, rows), flush=True)


def calibration(args: argparse.Namespace, config: Config, names: np.ndarray) -> None:
    """Print which share of the joints is within the radii that the heads say hold a half and nine tenths of them."""
    length = config.model.tracker.memory.length
    folds = fold_of(names, args.folds)
    heads = {
        (fold, seed): a_head(args, config, names[folds != fold].tolist(), fold, seed)
        for fold, seed in product(args.only_folds, args.seeds)
    }
    rows = []
    for ahead in tqdm(range(1, args.horizon + 1), desc='calibration', disable=None):
        samples = {fold: Samples(config, names[folds == fold].tolist(), ahead) for fold in args.only_folds}
        found = [learned(head, samples[fold], length)[1] for (fold, _), head in heads.items()]
        shares = [(np.concatenate(found) <= radius).mean() for radius in RADII]
        rows.append([str(ahead), *(f'{100 * share:.1f} %' for share in shares)])
    print('\n' + table(['frames ahead', *(f'within the {100 * radius:.0f} % radius' for radius in RADII)], rows))


def tracking(args: argparse.Namespace, config: Config, names: np.ndarray) -> None:
    """Print what the trackers make of corrupted poses, each sequence tracked with a head that has not seen it."""
    videos = {video.name: video for video in read_folder(args.annotations)}
    folds = fold_of(names, args.folds)
    with ProcessPoolExecutor(args.jobs, get_context('spawn')) if args.jobs > 1 else nullcontext() as pool:
        running = []
        for level, seed, fold in product(real_tracking.LEVELS, args.seeds, args.only_folds):
            rest, held_out = names[folds != fold].tolist(), names[folds == fold].tolist()
            head = a_head(args, config, rest, fold, seed)
            tuning, own = ([videos[name] for name in group] for group in (rest[: args.tuning_videos], held_out))
            track = partial(real_tracking.track_all, config, head.state_dict(), tuning, own, level, seed)
            running.append((level, seed, own, pool.submit(track).result if pool else track))
        results: dict[tuple[str, int], tuple[list, dict[str, list]]] = {}
        for level, seed, own, result in tqdm(running, desc='tracking', unit='fold', disable=None):
            truth, found = results.setdefault((level, seed), ([], {}))
            truth += own
            for name, tracks in result().items():
                found.setdefault(name, []).extend(tracks)
    for level in real_tracking.LEVELS:
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in args.seeds:
            truth, found = results[level, seed]
            for name, tracks in found.items():
                rows.setdefault(name, []).append(score(truth, tracks))
        print('\n' + table_over_seeds(f'{level} corruption', real_tracking.COLUMNS, rows), flush=True)


def estimates(args: argparse.Namespace, config: Config, names: np.ndarray) -> None:
    """Print what the trackers make of a real estimator's poses of a sequence, with heads that have not seen it."""
    truth, poses = [read_video(args.estimated[0])], read_poses(args.estimated[1])
    (number,) = (index for index, name in enumerate(names) if poses.name.startswith(name))
    folds = fold_of(names, args.folds)
    fold, rest = folds[number], names[folds != folds[number]].tolist()
    tables: dict[float, dict[str, list]] = {threshold: {} for threshold in JOINT_THRESHOLDS}
    for seed in args.seeds:
        weights = a_head(args, config, rest, fold, seed).state_dict()
        for matching in ('iou', 'oks', 'distance', 'gnn', 'full'):
            found = tracked(our_tracker(config.model.tracker, dict(matching=matching), weights), [poses])
            for threshold, rows in tables.items():
                kept = [filter_predictions(video, threshold, 0.0) for video in found]
                rows.setdefault(matching, []).append(score(truth, kept))
    for threshold, rows in tables.items():
        title = f'{poses.name}, joints from {threshold}'
        print('\n' + table_over_seeds(title, ('MOTA', 'IDF1', 'Switch', 'FP'), rows), flush=True)


def main() -> None:
    """Train, compare, print."""
    args = parse_args()
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options or {})
    config.train_dataloader.dataset.update(data_root='', ann_file=str(args.annotations.resolve()))
    init_default_scope(config.default_scope)
    names = np.array([path.stem for path in posetrack_files(args.annotations)])
    args.only_folds = args.only_folds or range(args.folds)
    forecasts(args, config, names)
    calibration(args, config, names)
    tracking(args, config, names)
    if args.estimated:
        estimates(args, config, names)


if __name__ == '__main__':
    main()
