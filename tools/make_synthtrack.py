"""Generate SynthTrack, a small procedural data set in PoseTrack18's layout.

examples:
  python tools/make_synthtrack.py --out data/synthtrack
  python tools/make_synthtrack.py --out data/synthtrack_hard --hard --train-videos 0
  python tools/make_synthtrack.py --out data/tiny --train-videos 2 --val-videos 1 --frames 8 --jobs 1
  python tools/make_synthtrack.py --out data/synthtrack_seed1 --seed 1 --size 480 360

A run that was interrupted continues where it stopped when the same command is given again.
"""

import argparse
import os

from tqdm import tqdm

from mmgnntrack.command_line import one_line_errors
from mmgnntrack.synthetic import HARD, SynthTrackConfig, make_dataset, videos


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    default = SynthTrackConfig()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='output folder')
    parser.add_argument('--seed', type=int, default=default.seed, help='random seed (default: %(default)s)')
    parser.add_argument(
        '--hard', action='store_true', help='more people, longer occlusions, faster motion, lower frame rate'
    )
    parser.add_argument('--train-videos', type=int, default=default.train_videos, help='default: %(default)s')
    parser.add_argument('--val-videos', type=int, default=default.val_videos, help='default: %(default)s')
    parser.add_argument('--frames', type=int, default=default.frames, help='frames per video (default: %(default)s)')
    parser.add_argument(
        '--size', type=int, nargs=2, default=default.size, metavar=('WIDTH', 'HEIGHT'), help='default: 320 240'
    )
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, help='processes (default: one per core)')
    return parser.parse_args()


def main() -> None:
    """Generate the data set, or say in one line why not."""
    args = parse_args()
    with one_line_errors(interrupted='interrupted; the same command continues'):
        config = SynthTrackConfig(
            seed=args.seed,
            train_videos=args.train_videos,
            val_videos=args.val_videos,
            frames=args.frames,
            size=tuple(args.size),
            **(HARD if args.hard else {}),
        )
        written = make_dataset(args.out, config, args.jobs)
        for _ in tqdm(written, total=len(videos(config)), unit='video', desc='SynthTrack'):
            pass
    print(f'SynthTrack is in {args.out}')


if __name__ == '__main__':
    main()
