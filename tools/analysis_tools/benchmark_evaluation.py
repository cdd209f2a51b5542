"""Measure how fast the PoseTrack evaluation is, on one core and a synthetic set.

The set is random walks of people and, as predictions, noisy copies of them with missing and false poses, missing joints
and exchanged identities. It is written as PoseTrack18 files to a temporary folder, read and evaluated. --memory says
what it takes to evaluate it one file after the other, as tools/eval_posetrack.py does.

examples:
  python tools/analysis_tools/benchmark_evaluation.py
  python tools/analysis_tools/benchmark_evaluation.py --sequences 10 --frames 200 --people 5 --seed 1
  python tools/analysis_tools/benchmark_evaluation.py --sequences 200 --frames 200 --people 10 --memory
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before numpy is there

import numpy as np

from mmgnntrack.analysis.memory import peak_memory
from mmgnntrack.analysis.random_walkers import BODY, a_frame, walk
from mmgnntrack.evaluation.files import count_files, pair_files
from mmgnntrack.evaluation.functional import EvaluationCounts, figures
from mmgnntrack.evaluation.functional.average_precision import Detections, average_precision
from mmgnntrack.evaluation.functional.clear_mot import count_sequence
from mmgnntrack.evaluation.functional.hota import count_hota
from mmgnntrack.evaluation.functional.identity import count_identities
from mmgnntrack.evaluation.functional.matching import match_video
from mmgnntrack.posetrack import PoseVideo, read_folder, write_video


def a_sequence(rng: np.random.Generator, name: str, frames: int, people: int) -> tuple[PoseVideo, PoseVideo]:
    """Ground truth and predictions of one sequence."""
    joints, heights = walk(rng, frames, people)
    tracks = np.arange(people)
    gt, pred = PoseVideo(name, []), PoseVideo(name, [])
    for index in range(frames):
        present = rng.random((people, len(BODY))) > 0.15
        gt.frames.append(a_frame(index, joints[index], present, np.full(present.shape, np.nan), np.arange(people)))
        if rng.random() < 0.02 and people > 1:
            one, other = rng.choice(people, 2, replace=False)
            tracks[[one, other]] = tracks[[other, one]]
        found = np.flatnonzero(rng.random(people) > 0.1)
        false = rng.integers(0, people, rng.binomial(people, 0.1))  # copies of real people beside them
        rows = np.concatenate([found, false])
        poses = joints[index, rows] + 0.015 * heights[rows, None, None] * rng.standard_t(2, (len(rows), len(BODY), 2))
        poses[len(found) :, :, 0] += rng.uniform(-60, 60, len(false))[:, None]
        ids = np.concatenate([tracks[found], 1000 + index * people + np.arange(len(false))])
        shown = rng.random((len(rows), len(BODY))) > 0.05
        pred.frames.append(a_frame(index, poses, shown, rng.random(shown.shape), ids))
    return gt, pred


def write_set(folder: Path, rng: np.random.Generator, sequences: int, frames: int, people: int) -> None:
    """Write the set as `gt/*.json` and `pred/*.json`."""
    for part in ('gt', 'pred'):
        (folder / part).mkdir()
    for number in range(sequences):
        name = f'{number:06d}_synthetic'
        for part, video in zip(('gt', 'pred'), a_sequence(rng, name, frames, people)):
            write_video(folder / part / f'{name}.json', video)


def measure(folder: Path) -> Iterator[tuple[str, float]]:
    """The stages of the evaluation and the seconds that each takes."""
    last = time.perf_counter()

    def seconds() -> float:
        nonlocal last
        before, last = last, time.perf_counter()
        return last - before

    gt, pred = read_folder(folder / 'gt'), read_folder(folder / 'pred')
    yield 'loading', seconds()
    videos = [match_video(*pair) for pair in zip(gt, pred)]
    yield 'distances', seconds()
    average_precision([*map(Detections.of, videos)])
    yield 'AP', seconds()
    for video in videos:
        count_sequence(video)
    yield 'MOT', seconds()
    for video in videos:
        count_identities(video)
        count_hota(video)
    yield 'IDF1 and HOTA', seconds()


def memory(folder: Path) -> tuple[float, float]:
    """MiB that a process takes before and, at most, while it evaluates the set, a file after the other."""
    before, (pairs, _) = peak_memory(), pair_files(folder / 'gt', folder / 'pred')
    figures(EvaluationCounts.total(sequence.counts for sequence in count_files(pairs)))
    return before, peak_memory()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sequences', type=int, default=50, help='default: %(default)s')
    parser.add_argument('--frames', type=int, default=100, help='frames per sequence (default: %(default)s)')
    parser.add_argument('--people', type=int, default=8, help='people per frame (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    parser.add_argument('--memory', action='store_true', help='also measure what an evaluation takes')
    args = parser.parse_args()
    if min(args.sequences, args.frames, args.people) < 1:
        parser.error('--sequences, --frames and --people must be at least 1')
    return args


def main() -> None:
    """Make the set, evaluate it and print the speed of each stage."""
    args = parse_args()
    frames = args.sequences * args.frames
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), np.random.default_rng(args.seed), args.sequences, args.frames, args.people)
        if args.memory:
            with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as alone:
                before, peak = alone.submit(memory, Path(folder)).result()
        stages = dict(measure(Path(folder)))
    everything = sum(stages.values())
    stages['loading, AP, MOT'] = everything - stages['IDF1 and HOTA']
    stages['all'] = everything
    print(f'{args.sequences} sequences x {args.frames} frames x {args.people} people, one core')
    print(f'{"":<16} {"seconds":>8} {"frames/s":>9}')
    for name, seconds in stages.items():
        print(f'{name:<16} {seconds:8.2f} {frames / seconds:9.0f}')
    if args.memory:
        print(f'at most {peak:.0f} MiB, {before:.0f} of them before')


if __name__ == '__main__':
    main()
