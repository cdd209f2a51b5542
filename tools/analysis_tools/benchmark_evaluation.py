"""Measure how fast the PoseTrack evaluation is, on one core and a synthetic set.

The set is random walks of people and, as predictions, noisy copies of them with missing and false poses, missing joints
and exchanged identities. It is written as PoseTrack18 files to a temporary folder, read and evaluated.

examples:
  python tools/analysis_tools/benchmark_evaluation.py
  python tools/analysis_tools/benchmark_evaluation.py --sequences 10 --frames 200 --people 5 --seed 1
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before numpy is there
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmgnntrack.evaluation.functional.average_precision import Detections, average_precision
from mmgnntrack.evaluation.functional.clear_mot import count_sequence
from mmgnntrack.evaluation.functional.hota import count_hota
from mmgnntrack.evaluation.functional.identity import count_identities
from mmgnntrack.evaluation.functional.matching import match_video
from mmgnntrack.posetrack import PoseFrame, PoseVideo, read_folder, write_video

#: x and y of the joints of `JOINTS` in a standing person, in shares of the height, from the head's top.
BODY = np.array(
    [(0, 0.1), (0, 0.18), (0, 0)]
    + [(side * x, y) for x, y in ((0.12, 0.2), (0.16, 0.38), (0.17, 0.55), (0.08, 0.5), (0.09, 0.74), (0.09, 0.98))
       for side in (1, -1)]
)  # fmt: skip
WIDTH, HEIGHT = 1280, 720
#: A region that annotators did not label, as most sequences of PoseTrack have them.
IGNORED = np.array([[1000.0, 0], [1279, 0], [1279, 150], [1100, 120], [1040, 160]])


def walk(rng: np.random.Generator, frames: int, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints (T, N, K, 2) and heights (N,) in pixels of people who walk at random."""
    heights = rng.uniform(120, 400, people)
    start = rng.uniform((0, 0), (WIDTH, HEIGHT / 2), (people, 2))
    steps = rng.normal(0, 0.02, (frames, people, 2)) + rng.normal(0, 0.01, (people, 2))
    sway = rng.normal(0, 0.01, (frames, people, len(BODY), 2)).cumsum(0) * np.linspace(0, 1, len(BODY))[:, None]
    joints = start + heights[:, None] * steps.cumsum(0)
    return joints[:, :, None] + heights[:, None, None] * (BODY + 0.2 * sway), heights


def a_frame(index: int, joints: np.ndarray, present: np.ndarray, scores: np.ndarray, tracks: np.ndarray) -> PoseFrame:
    """A frame of n poses, whose head boxes reach from the neck to the head's top."""
    heads = joints[:, [2, 1]].reshape(-1, 4) + 0.5 * np.ptp(joints[..., 1], axis=1)[:, None] * [-0.1, 0, 0.1, 0]
    return PoseFrame(
        file_name=f'images/{index:06d}.jpg',
        frame_id=index,
        keypoints=joints,
        annotated=present,
        visible=present,
        keypoint_scores=scores,
        track_ids=tracks,
        bboxes=np.full((len(joints), 4), np.nan),
        head_bboxes=heads,
        ignore_regions=[IGNORED],
    )


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
    average_precision(Detections.total([Detections.of(video) for video in videos]))
    yield 'AP', seconds()
    for video in videos:
        count_sequence(video)
    yield 'MOT', seconds()
    for video in videos:
        count_identities(video)
        count_hota(video)
    yield 'IDF1 and HOTA', seconds()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sequences', type=int, default=50, help='default: %(default)s')
    parser.add_argument('--frames', type=int, default=100, help='frames per sequence (default: %(default)s)')
    parser.add_argument('--people', type=int, default=8, help='people per frame (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
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
        stages = dict(measure(Path(folder)))
    everything = sum(stages.values())
    stages['loading, AP, MOT'] = everything - stages['IDF1 and HOTA']
    stages['all'] = everything
    print(f'{args.sequences} sequences x {args.frames} frames x {args.people} people, one core')
    print(f'{"":<16} {"seconds":>8} {"frames/s":>9}')
    for name, seconds in stages.items():
        print(f'{name:<16} {seconds:8.2f} {frames / seconds:9.0f}')


if __name__ == '__main__':
    main()
