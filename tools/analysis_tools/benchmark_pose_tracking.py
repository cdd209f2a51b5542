"""Measure how fast given poses are tracked, on one core.

People walk at random; some of them are missed in each frame. Their poses are written as one PoseTrack18 file to a
temporary folder, read, tracked by the distance to the last ones (what tools/track_poses.py does) and written. With
--config its tracker tracks, with a head that is not trained.

examples:
  python tools/analysis_tools/benchmark_pose_tracking.py
  python tools/analysis_tools/benchmark_pose_tracking.py --frames 500 --people 40 --seed 1
  python tools/analysis_tools/benchmark_pose_tracking.py --frames 500 \
      --config configs/pose_only/gnn-offsets_posetrack17.py --cfg-options model.tracker.matching=gnn
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before numpy is there

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from mmgnntrack.analysis.random_walkers import a_frame, walk
from mmgnntrack.models import PoseTracker, track_given_poses
from mmgnntrack.posetrack import PoseVideo, read_poses, write_video
from mmgnntrack.registry import MODELS

#: Share of the people that are missed in a frame.
MISSED = 0.05


def a_video(rng: np.random.Generator, frames: int, people: int) -> PoseVideo:
    """Poses of people who walk at random, each found in most frames."""
    video = PoseVideo('walkers', [])
    for index, joints in enumerate(walk(rng, frames, people)[0]):
        found = joints[rng.random(people) > MISSED]
        seen = np.ones(found.shape[:2], bool)
        video.frames.append(a_frame(index, found, seen, rng.uniform(0.5, 1, seen.shape), np.full(len(found), -1)))
    return video


def measure(file: Path, tracker: PoseTracker) -> Iterator[tuple[str, float]]:
    """The stages of tracking a file and the seconds that each takes."""
    start = time.perf_counter()
    video = read_poses(file)
    read = time.perf_counter()
    yield 'reading', read - start
    tracked = replace(video, frames=list(track_given_poses(tracker, video.frames)))
    done = time.perf_counter()
    yield 'tracking', done - read
    write_video(file.with_name('tracked.json'), tracked)
    yield 'writing', time.perf_counter() - done


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frames', type=int, default=2000, help='default: %(default)s')
    parser.add_argument('--people', type=int, default=10, help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    parser.add_argument('--config', type=Path, help='whose model.tracker tracks')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings of the config')
    args = parser.parse_args()
    if min(args.frames, args.people) < 1:
        parser.error('--frames and --people must be at least 1')
    return args


def main() -> None:
    """Make the poses, track them and print the speed of each stage."""
    args = parse_args()
    torch.set_num_threads(1)
    settings = dict(type='mmgnntrack.PoseTracker', matching='distance')
    if args.config:
        config = Config.fromfile(args.config)
        config.merge_from_dict(args.cfg_options or {})
        settings = config.model.tracker
    init_default_scope('mmpose')
    tracker = MODELS.build(settings).eval()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'poses.json'
        write_video(file, a_video(np.random.default_rng(args.seed), args.frames, args.people))
        stages = dict(measure(file, tracker))
    stages['all'] = sum(stages.values())
    print(f'{args.frames} frames x {args.people} people, one core')
    print(f'{"":<16} {"seconds":>8} {"frames/s":>9}')
    for name, seconds in stages.items():
        print(f'{name:<16} {seconds:8.2f} {args.frames / seconds:9.0f}')


if __name__ == '__main__':
    main()
