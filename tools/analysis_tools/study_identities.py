"""Measure who keeps identities on real motion: six basketball players who cross all the time (TrackID3x3).

GAMES is a folder with one folder for each frame rate, each with `gt/` and `pred/`, files of PoseTrack poses.
ANNOTATIONS is a folder of PoseTrack files on which the dynamics head of --config is trained, for each seed. Every
tracker is tuned on the tuning games, by IDF1, over about as many settings; the figures are of the other games. Prints a
table for each frame rate: means over the seeds of the head and, behind +-, their standard deviation.

Norfair needs `pip install --no-deps norfair filterpy` (with its dependencies it would replace numpy); without, it is
left out.

examples:
  python tools/analysis_tools/study_identities.py trackid3x3 data/posetrack17/annotations/train --out outputs/identities
"""

import argparse
import logging
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor
from tqdm import tqdm

from mmgnntrack.analysis.given_pose_trackers import (
    COLUMNS,
    NORFAIR,
    OURS,
    Track,
    choices,
    norfair_tracker,
    our_tracker,
    score,
    tracked,
)
from mmgnntrack.analysis.pose_heads import trained
from mmgnntrack.analysis.tables import table_over_seeds
from mmgnntrack.models.heads import pretrained_dynamics
from mmgnntrack.posetrack import JOINTS, PoseVideo, posetrack_files, read_poses, read_video

CONFIG = Path(__file__).parents[2] / 'configs/pose_only/gnn-offsets_posetrack17.py'
#: Of the matchings that need the trained head.
LEARNED = ('gnn', 'full')


class Games:
    """Games at a frame rate, with their poses.

    Args:
        folder: with `gt/` and `pred/`.
        tuning: names of the tuning games.
    """

    def __init__(self, folder: Path, tuning: list[str]) -> None:
        files = posetrack_files(folder / 'gt')
        own = [any(name in file.stem for name in tuning) for file in files]
        pairs = [(read_video(file), read_poses(folder / 'pred' / file.name)) for file in files]
        self.tuning = [pair for pair, tunes in zip(pairs, own) if tunes]
        self.test = [pair for pair, tunes in zip(pairs, own) if not tunes]

    def best(self, trackers: list[Track]) -> dict[str, float]:
        """The test figures of the tracker that is best on the tuning games."""
        figures = [self._figures(self.tuning, track)['IDF1'] for track in trackers]
        return self._figures(self.test, trackers[int(np.argmax(figures))])

    @staticmethod
    def _figures(pairs: list[tuple[PoseVideo, PoseVideo]], track: Track) -> dict[str, float]:
        truth, poses = zip(*pairs)
        return score(truth, tracked(track, poses))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('games', metavar='GAMES', type=Path, help='folder of folders with gt/ and pred/')
    parser.add_argument('annotations', metavar='ANNOTATIONS', type=Path, help='folder of PoseTrack files to train on')
    parser.add_argument('--out', type=Path, required=True, help='where the trained heads and the table go')
    parser.add_argument('--config', type=Path, default=CONFIG, help='config to train (default: %(default)s)')
    parser.add_argument('--weights', help="instead of training: of `PretrainedDynamics`, as dynamics, the package's")
    parser.add_argument('--tuning', nargs='+', default=['S4T4', 'S5T4'], help='tuning games (default: S4T4 S5T4)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='of the head (default: 0 1 2)')
    return parser.parse_args()


def rows(games: Games, config: Config, heads: list[dict[str, Tensor]]) -> dict[str, list[dict[str, float]]]:
    """The figures of each tracker, for each head where it needs one."""
    found = {}
    for name, fields in tqdm(OURS.items(), unit='tracker', disable=None):
        learned = fields['matching'][0] in LEARNED and 'dynamics_head' not in fields
        make = partial(our_tracker, config.model.tracker)
        found[name] = [
            games.best([make(choice, weights) for choice in choices(fields)])
            for weights in (heads if learned else heads[:1])
        ]
    if find_spec('norfair'):
        logging.disable(logging.WARNING)  # each of its trackers warns that a function in Python is slow
        found['Norfair'] = [games.best([norfair_tracker(**choice) for choice in choices(NORFAIR)])]
        logging.disable(logging.NOTSET)
    return found


@torch.no_grad()
def main() -> None:
    """Train, tune, track, print."""
    args = parse_args()
    torch.set_num_threads(1)
    config = Config.fromfile(args.config)
    config.train_dataloader.dataset.update(data_root='', ann_file=str(args.annotations.resolve()))
    init_default_scope(config.default_scope)
    with torch.enable_grad():
        if args.weights:
            heads = [pretrained_dynamics(len(JOINTS), JOINTS, args.weights).state_dict()]
        else:
            heads = [trained(config, None, seed, args.out / f'seed{seed}').state_dict() for seed in args.seeds]
    tables = []
    for folder in sorted(path for path in args.games.iterdir() if (path / 'gt').is_dir()):
        found = rows(Games(folder, args.tuning), config, heads)
        tables.append(table_over_seeds(f'tracker, {folder.name}', COLUMNS, found))
        print('\n' + tables[-1], flush=True)
    (args.out / 'table.md').write_text('\n\n'.join(tables) + '\n')


if __name__ == '__main__':
    main()
