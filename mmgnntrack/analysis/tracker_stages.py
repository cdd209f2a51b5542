"""The time of each stage of the tracker, and its memory."""

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from operator import attrgetter
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from mmengine.device import get_max_cuda_memory
from mmengine.structures import InstanceData
from mmengine.utils import ProgressBar
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from mmgnntrack.models import VideoPoseTracker

from .mmpose_loop import MMPoseLoop
from .scripted_people import ScriptedPeople

#: The methods of `VideoPoseTracker` that make up a stage, without what other stages take inside them: memory is also
#: what the rest of `step` does (decoding fused heatmaps, births and losses, features at joints).
STAGES = {
    'detector': ('detect',),
    'pose estimator': ('estimate',),
    'search-region features': ('pose_estimator.search_features',),
    'dynamics head': ('tracker.predictor.predict',),
    'association': ('tracker.association.match',),
    'fusion': ('tracker.fusion.fuse',),
    'memory': ('tracker.step',),
}
#: What `MMPoseLoop` takes, which is no stage.
MMPOSE = "MMPose's own loop"
#: The part of the tracker that is not a network.
BOOKKEEPING = ('association', 'fusion', 'memory')
#: Whoever is matched by oks needs these.
PLAIN = ('detector', 'pose estimator', 'association', 'memory')
#: What the method adds to detector and pose estimator.
ADDED = ('search-region features', 'dynamics head', *BOOKKEEPING)
#: Stages whose multiplications are counted.
NETWORKS = ('pose estimator', 'search-region features', 'dynamics head')
#: Frames that a person of the long video stays.
STAY = 40


class StageClock:
    """What the stages of a model take, by default seconds, work on a GPU included; `taken[None]` belongs to no stage.

    Args:
        model: its methods are wrapped.

    Attributes:
        read: the meter, a number that only grows.
        taken: of each stage since the last `reset`.
    """

    def __init__(self, model: VideoPoseTracker) -> None:
        self._open: list[str | None] = []
        self._since = 0.0
        self.reset()
        for stage, methods in STAGES.items():
            for method in methods:
                owner, _, name = method.rpartition('.')
                part = attrgetter(owner)(model) if owner else model
                if part is not None:
                    setattr(part, name, self._timed(getattr(part, name), stage))

    def reset(self) -> None:
        """Starts counting anew, in seconds."""
        self.read: Callable[[], float] = perf_counter
        self.taken: dict[str | None, float] = dict.fromkeys((*STAGES, MMPOSE, None), 0.0)

    @property
    def seconds(self) -> dict[str, float]:
        """Of each stage since the last `reset`."""
        return {stage: self.taken[stage] for stage in STAGES}

    def milliseconds(self, frames: int) -> dict[str, float]:
        """Of each stage, per frame."""
        return {stage: seconds / frames * 1000 for stage, seconds in self.seconds.items()}

    @contextmanager
    def running(self, stage: str | None) -> Iterator[None]:
        """What happens inside counts for this stage, and not for the one around it."""
        self._book()
        self._open.append(stage)
        try:
            yield
        finally:
            self._book()
            self._open.pop()

    def _timed(self, method: Callable, stage: str) -> Callable:
        @wraps(method)
        def timed(*args: object, **kwargs: object) -> object:
            with self.running(stage):
                return method(*args, **kwargs)

        return timed

    def _book(self) -> None:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        now = self.read()
        if self._open:
            self.taken[self._open[-1]] += now - self._since
        self._since = now


class TrackerBenchmark:
    """A model, timed stage by stage, to which only scripted people are shown.

    Args:
        model: in eval mode, with a detector.
        image_size: (W, H) px.
        seed: of the image and the people.
    """

    def __init__(self, model: VideoPoseTracker, image_size: tuple[int, int], seed: int) -> None:
        self.model = model
        self.clock = StageClock(model)
        self._rng = np.random.default_rng(seed)
        self._image_size = image_size
        self._estimate, model.estimate = model.estimate, self._scripted_poses
        head = model.tracker.dynamics_head
        self._forward, head.forward = head.forward, self._scripted_prediction
        model.pose_estimator.nms_thr = np.inf  # the poses of random weights say nothing about duplicates

    def stages(self, count: int, frames: int, warm_up: int, mmpose: bool = False) -> dict:
        """The figures for so many people, over `frames` frames after some that are not measured, beside MMPose's own
        loop if wanted, which takes memory of its own."""
        loop = MMPoseLoop(self.model.pose_estimator) if mmpose else None
        self._begin(count)
        image = self._rng.integers(0, 256, (*self._image_size[::-1], 3), np.uint8)
        progress = ProgressBar(warm_up + frames, file=sys.stderr)
        for frame_id in range(warm_up + frames):
            if frame_id == warm_up:
                self.clock.reset()
            self.model.detect(image)
            poses = self._people.poses(frame_id)
            if loop:
                with self.clock.running(MMPOSE):
                    loop(image, poses.bboxes)
            tracked = self.model.track(image, frame_id, poses)
            progress.update()
        print(file=sys.stderr)
        milliseconds = self.clock.milliseconds(frames)
        beside = self._beside(milliseconds, self.clock.taken[MMPOSE] / frames * 1000) if loop else {}
        gmac = self._multiplications(image, warm_up + frames)
        added, own = (sum(map(milliseconds.get, stages)) for stages in (ADDED, NETWORKS[:1]))
        return dict(
            people=count,
            tracked=len(tracked),
            tracklets=len(self.model.tracker.memory),
            milliseconds=milliseconds,
            gmac=gmac,
            added_milliseconds_ratio=added / own,
            added_gmac_ratio=sum(map(gmac.get, NETWORKS[1:])) / gmac[NETWORKS[0]],
            frames_per_second=1000 / sum(milliseconds.values()),
            bookkeeping_percent=100 * sum(map(milliseconds.get, BOOKKEEPING)) / milliseconds['pose estimator'],
            peak_memory_mib=self._peak_memory(),
            **beside,
        )

    @staticmethod
    def _beside(milliseconds: dict[str, float], mmpose: float) -> dict[str, float]:
        """MMPose's milliseconds, and the frames per second of full and oks, of those of the detector and MMPose."""
        whole = milliseconds['detector'] + mmpose
        return dict(
            mmpose_milliseconds=mmpose,
            speed_of_mmpose_full=whole / sum(milliseconds.values()),
            speed_of_mmpose_oks=whole / sum(map(milliseconds.get, PLAIN)),
        )

    def _multiplications(self, image: np.ndarray, frame_id: int) -> dict[str, float]:
        """Multiplications and additions, in thousand millions, of the networks that look at people, in one frame."""
        self.clock.reset()
        estimator = self.model.pose_estimator
        graphs, estimator.graphs = estimator.graphs, None  # a replay multiplies unseen
        with FlopCounterMode(display=False) as counter:
            self.clock.read = counter.get_total_flops
            self.model.track(image, frame_id, self._people.poses(frame_id))
        estimator.graphs = graphs
        return {stage: self.clock.taken[stage] / 2e9 for stage in NETWORKS}

    def long_video(self, count: int, length: int) -> Iterator[dict]:
        """The figures of each tenth of one video that up to so many people visit again and again, each for `STAY`
        frames, when the tracker has forgotten the last visit."""
        self._begin(count)
        tracker, geometry = self.model.tracker, self.model.pose_estimator.geometry
        shown, searched = (
            torch.zeros(count, self.model.pose_estimator.visual_channels, *size[::-1], device=self._device)
            for size in (geometry.heatmap_size, geometry.search_grid_size)
        )
        period = STAY + tracker.memory.max_lost + 1
        arrivals = np.arange(count) * period // count
        visits, most, begin = 0, 0, 0
        for frame_id in range(length):
            poses = self._people.poses(frame_id, (frame_id + arrivals) % period < STAY)
            poses.feature_maps = shown[: len(poses)]
            tracked = tracker.step(poses, frame_id, lambda crops: searched[: len(crops)])
            visits = tracked.instances_id.max(initial=visits - 1) + 1
            most = max(most, len(tracker.memory))
            end = frame_id + 1
            if end * 10 // length > frame_id * 10 // length:
                milliseconds = self.clock.milliseconds(end - begin)
                yield dict(
                    frames=end,
                    milliseconds=sum(milliseconds.values()),
                    bookkeeping_milliseconds=sum(map(milliseconds.get, BOOKKEEPING)),
                    memory_mib=self._memory(),
                    most_tracklets=most,
                    visits=int(visits),
                )
                most, begin = 0, end
                self.clock.reset()

    def _begin(self, count: int) -> None:
        self._people = ScriptedPeople(count, self._image_size, self.model, self._rng)
        self.model.tracker.reset()
        self.clock.reset()
        self._peak_memory()

    def _scripted_poses(self, image: np.ndarray, people: InstanceData, **options: object) -> InstanceData:
        found = self._estimate(image, people, **options)
        people.heatmaps = people.heatmaps.to(found.heatmaps)
        people.feature_maps = found.feature_maps
        return people

    def _scripted_prediction(self, *args: object) -> Tensor:
        heatmaps = self._forward(*args)
        with self.clock.running(None):
            return self._people.predicted(len(heatmaps)).to(heatmaps)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _memory(self) -> float:
        """MiB in use: of the process, or of tensors on a GPU."""
        if self._device.type == 'cuda':
            return torch.cuda.memory_allocated() / 2**20
        return int(Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize() / 2**20

    def _peak_memory(self) -> float:
        """MiB at most: of the process so far, or of tensors on a GPU since the last call."""
        if self._device.type == 'cuda':
            return get_max_cuda_memory(self._device)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
