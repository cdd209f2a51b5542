"""Measure how fast given poses are tracked, on one core.

People walk at random; some of them are missed in each frame. Their poses are written as one PoseTrack18 file to a
temporary folder, and read, tracked as tools/track_poses.py does, and written by a process of its own, whose memory is
told. With --config its tracker tracks, with a head that is not trained. More than ten people are the smaller the more
they are, and as crowded as ten.

--beside tracks the same poses with others too, without reading and writing: Norfair (`pip install --no-deps norfair
filterpy`), and SORT and ByteTrack of MMDet (`pip install -r requirements/optional.txt`), which see the boxes alone.

examples:
  python tools/analysis_tools/benchmark_pose_tracking.py
  python tools/analysis_tools/benchmark_pose_tracking.py --frames 500 --people 40 --matching gnn
  python tools/analysis_tools/benchmark_pose_tracking.py --frames 200 --people 1 10 100 500 --beside
  python tools/analysis_tools/benchmark_pose_tracking.py --frames 500 \
      --config configs/pose_only/gnn-offsets_posetrack17.py --cfg-options model.tracker.matching=gnn
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before numpy is there

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmgnntrack.analysis.given_pose_trackers import Track, mmdet_tracker, norfair_tracker
from mmgnntrack.analysis.memory import peak_memory
from mmgnntrack.analysis.random_walkers import a_frame, walk
from mmgnntrack.analysis.tables import table
from mmgnntrack.disk_list import DiskList
from mmgnntrack.models import PoseTracker, track_given_poses
from mmgnntrack.models.tracker import MODES
from mmgnntrack.posetrack import PoseVideo, read_poses, write_video
from mmgnntrack.registry import MODELS

#: Share of the people that are missed in a frame.
MISSED = 0.05
#: So many people are as large as `walk` makes them.
FEW = 10
#: Frames before those that are timed when trackers are compared.
WARM_UP = 2
#: The trackers that are compared.
TRACKERS = {
    'mmgnntrack': lambda args: partial(track_given_poses, build(args)),
    'mmgnntrack, distance': lambda args: partial(track_given_poses, build(args, 'distance')),
    'Norfair': lambda args: norfair_tracker(threshold=1.0, hit_counter_max=15),
    'SORT (MMDet)': lambda args: mmdet_tracker('SORT'),
    'ByteTrack (MMDet)': lambda args: mmdet_tracker('ByteTrack'),
}


def a_video(seed: int, frames: int, people: int) -> PoseVideo:
    """Poses of people who walk at random, each found in most frames."""
    rng, video = np.random.default_rng(seed), PoseVideo('walkers', DiskList())
    for index, joints in enumerate(walk(rng, frames, people, min(1.0, (FEW / people) ** 0.5))[0]):
        found = joints[rng.random(people) > MISSED]
        seen = np.ones(found.shape[:2], bool)
        video.frames.append(a_frame(index, found, seen, rng.uniform(0.5, 1, seen.shape), np.full(len(found), -1)))
    return video


def measure(file: Path, args: argparse.Namespace) -> tuple[dict[str, float], float, float]:
    """The stages of tracking a file and the seconds that each takes; the MiB before, and at most."""
    tracker, before = build(args), peak_memory()
    return dict(stages(file, tracker)), before, peak_memory()


def stages(file: Path, tracker: PoseTracker) -> Iterator[tuple[str, float]]:
    """The stages of tracking a file and the seconds that each takes."""
    start = time.perf_counter()
    video = read_poses(file)
    read = time.perf_counter()
    yield 'reading', read - start
    tracked = replace(video, frames=DiskList(track_given_poses(tracker, video.frames)))
    done = time.perf_counter()
    yield 'tracking', done - read
    write_video(file.with_name('tracked.json'), tracked)
    yield 'writing', time.perf_counter() - done


def build(args: argparse.Namespace, matching: str | None = None) -> PoseTracker:
    """The tracker that is measured, or one that matches otherwise."""
    torch.set_num_threads(1)
    settings = dict(type='mmgnntrack.PretrainedTracker', matching=matching or args.matching, init_score_thr=0.0)
    if args.config and not matching:
        config = Config.fromfile(args.config)
        config.merge_from_dict(args.cfg_options or {})
        settings = config.model.tracker
    init_default_scope('mmpose')
    return MODELS.build(settings).eval()


def race(args: argparse.Namespace, name: str, people: int) -> tuple[float, float]:
    """Frames per second of a tracker, and the MiB that it takes for so many people."""
    frames = [*a_video(args.seed, args.frames, people).frames]
    track: Track = TRACKERS[name](args)
    for _ in track(frames[:WARM_UP]):
        pass
    before, start = peak_memory(), time.perf_counter()
    for _ in track(frames):
        pass
    return args.frames / (time.perf_counter() - start), peak_memory() - before


def compare(args: argparse.Namespace) -> str:
    """The table of all trackers. Each run has a process of its own, whose memory is its own."""
    rows = []
    for name in TRACKERS:
        runs = []
        try:
            for people in tqdm(args.people, desc=name, leave=False, disable=None):
                with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as alone:
                    runs.append(alone.submit(race, args, name, people).result())
        except ImportError as error:
            print(f'{name} is left out: {error}', file=sys.stderr)
            continue
        speeds, memory = zip(*runs)
        rows.append([name, *(f'{speed:.3g}' for speed in speeds), *(f'{peak:.0f}' for peak in memory)])
    columns = [f'{unit}, {people}' for unit in ('frames/s', 'MiB') for people in args.people]
    return table(['tracker, people', *columns], rows)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frames', type=int, default=2000, help='default: %(default)s')
    parser.add_argument('--people', type=int, nargs='+', default=[10], help='default: 10')
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    parser.add_argument('--matching', choices=MODES, default='full', help='default: %(default)s')
    parser.add_argument('--config', type=Path, help='whose model.tracker tracks')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings of the config')
    parser.add_argument('--beside', action='store_true', help='compare with other trackers')
    args = parser.parse_args()
    if min(args.frames, *args.people) < 1:
        parser.error('--frames and --people must be at least 1')
    return args


def main() -> None:
    """Make the poses, track them and print the speed of each stage."""
    args = parse_args()
    if args.beside:
        print(f'{args.frames} frames, one core, seed {args.seed}\n\n{compare(args)}')
        return
    for people in args.people:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / 'poses.json'
            write_video(file, a_video(args.seed, args.frames, people))
            with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as alone:
                seconds, before, peak = alone.submit(measure, file, args).result()
        seconds['all'] = sum(seconds.values())
        print(f'{args.frames} frames x {people} people, one core')
        print(f'{"":<16} {"seconds":>8} {"frames/s":>9}')
        for name, taken in seconds.items():
            print(f'{name:<16} {taken:8.2f} {args.frames / taken:9.1f}')
        print(f'at most {peak:.0f} MiB, {before:.0f} of them before')


if __name__ == '__main__':
    main()
