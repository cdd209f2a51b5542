"""Train the dynamics that come with the package, from the data that docs/weights.md names.

GAMES is TrackID3x3 at 20 frames a second, a folder of PoseTrack17 files; SynthTrack's poses are made here. With
--annotations (PoseTrack's, of its own terms) and --motion-capture (CC BY-NC) the weights are for research alone. DIR
gets data/, run/ and the weights; the same command on the same machine gives the same bytes.

examples:
  python tools/analysis_tools/train_weights.py trackid3x3/every_1/gt --out outputs/weights
  python tools/analysis_tools/train_weights.py trackid3x3/every_1/gt --out outputs/research \\
      --annotations data/posetrack17/annotations/train --motion-capture joints.npz
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmgnntrack.analysis.named_tracks import drawn, filmed, named
from mmgnntrack.analysis.pose_heads import trained
from mmgnntrack.command_line import one_line_errors
from mmgnntrack.posetrack import NAMED_JOINTS, PoseVideo, read_folder, write_video

CONFIG = Path(__file__).parents[2] / 'configs/pose_only/gnn-offsets_named-joints.py'
#: Of the config's head, what is no argument of the head alone.
NOT_OF_THE_HEAD = ('type', 'output', 'motion_prior')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('games', metavar='GAMES', type=Path, help='folder of PoseTrack files')
    parser.add_argument('--out', metavar='DIR', type=Path, required=True, help='where all goes')
    parser.add_argument('--hold-out', metavar='NAME', nargs='+', default=(), help='of GAMES, those whose name has this')
    parser.add_argument('--annotations', metavar='FOLDER', type=Path, help='of PoseTrack files')
    parser.add_argument('--motion-capture', metavar='NPZ', type=Path, help='clips (frames, 15, 3) in centimetres')
    parser.add_argument('--every-clip', metavar='N', type=int, default=8, help='of them, each Nth (default: 8)')
    parser.add_argument('--videos', type=int, default=40, help='of SynthTrack (default: %(default)s)')
    parser.add_argument('--repeat', type=int, default=4, help='the games so often, real motion as it is (default: 4)')
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument('--config', type=Path, default=CONFIG, help='default: %(default)s')
    return parser.parse_args()


def videos(args: argparse.Namespace) -> Iterator[PoseVideo]:
    """All videos to train on."""
    yield from drawn(args.videos, args.seed + 1)
    for game in read_folder(args.games):
        if not any(name in game.name for name in args.hold_out):
            yield from (replace(game, name=f'{game.name}_{number}') for number in range(args.repeat))
    if args.annotations:
        yield from read_folder(args.annotations)
    if args.motion_capture:
        yield from list(filmed(args.motion_capture, args.seed))[:: args.every_clip]


def write_data(args: argparse.Namespace) -> Path:
    """A folder of the videos, all with the same joints."""
    folder = args.out / 'data'
    if folder.exists():
        raise ValueError(f'{folder} is there already: choose another --out, or remove it')
    folder.mkdir(parents=True)
    for video in tqdm(videos(args), desc='data', unit='video', disable=None):
        write_video(folder / f'{video.name}.json', named(video))
    return folder


def run(args: argparse.Namespace) -> None:
    """Write the data, train, write the weights and say what they are."""
    torch.set_num_threads(1)
    began = perf_counter()
    config = Config.fromfile(args.config)
    config.train_dataloader.dataset.update(data_root='', ann_file=str(write_data(args).resolve()))
    init_default_scope(config.default_scope)
    head = trained(config, None, args.seed, args.out / 'run')
    settings = config.model.tracker.dynamics_head.to_dict()
    file = args.out / ('dynamics-research.pth' if args.annotations or args.motion_capture else 'dynamics.pth')
    torch.save(
        dict(
            joints=list(NAMED_JOINTS.joints),
            head={name: value for name, value in settings.items() if name not in NOT_OF_THE_HEAD},
            state_dict=dict(head.state_dict()),
        ),
        file,
    )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    print(f'{file}: {file.stat().st_size} bytes, SHA-256 {digest}, {perf_counter() - began:.0f} s')


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
