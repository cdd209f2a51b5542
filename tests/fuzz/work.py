"""What runs leave in a folder for later ones, and who reads it."""

import os
import tempfile
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from fuzz.samples import pictures
from mmengine.runner import save_checkpoint
from mmengine.structures import InstanceData
from torch import nn

from mmgnntrack.apis import FrameSource, PoseTrackInferencer
from mmgnntrack.apis.many_videos import Outcome, find_sources, summary, work_through
from mmgnntrack.apis.pose_track_inferencer import find_config
from mmgnntrack.apis.video_outputs import VideoOutputs
from mmgnntrack.engine import claims
from mmgnntrack.engine.claims import Claim
from mmgnntrack.models.instance_cache import InstanceCache
from mmgnntrack.posetrack import PoseVideo, read_video
from mmgnntrack.registry import MODELS

#: Whatever poses random weights give are people.
ANYONE = {
    'model.tracker.matching': 'oks',
    'model.tracker.init_score_thr': 0.0,
    'model.tracker.min_similarity': 0.0,
    'model.detector.model.test_cfg.rcnn.max_per_img': 2,
}


@cache
def _inferencer() -> PoseTrackInferencer:
    """The small models with random weights."""
    name = 'gnn_hrnet-mini_synthtrack'
    torch.manual_seed(0)
    model = MODELS.build(find_config(name).model)
    with tempfile.TemporaryDirectory() as folder:
        parts = dict(detector_weights=model.detector.model, pose_weights=model.pose_estimator.model)
        for part, module in parts.items():
            save_checkpoint(dict(state_dict=module.state_dict()), f'{folder}/{part}.pth')
        weights = {part: f'{folder}/{part}.pth' for part in parts}
        return PoseTrackInferencer(name, **weights, device='cpu', cfg_options=ANYONE)


def _outputs(folder: Path) -> VideoOutputs:
    return VideoOutputs(folder, PoseVideo('clip', []), _inferencer(), dict(every='1'), ['posetrack'])


def _go_on(folder: Path, outputs: VideoOutputs, frames: int) -> None:
    source = FrameSource(folder / 'clip')
    source.fps = 5.0
    outputs.open(source)
    for result in _inferencer()(source, start=len(outputs), smooth=True):
        outputs.add(result, source.newest)
        if len(outputs) == frames:
            break
    outputs.close(frames == source.length, lambda: None)


def half_tracked() -> dict[str, bytes]:
    """A video of three frames, and what is there after two."""
    clip = pictures('.png')
    with tempfile.TemporaryDirectory() as folder:
        for name, data in clip.items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        _go_on(Path(folder), _outputs(Path(folder)), 2)
        return {name: (Path(folder) / name).read_bytes() for name in ('.clip.state.pth', '.clip.frames.jsonl')} | clip


def resumed(folder: Path) -> str:
    """The poses of the video when its run was gone on with."""
    outputs = _outputs(folder)
    outputs.resume()
    _go_on(folder, outputs, 3)
    assert len(read_video(folder / 'clip.json')) == 3
    return (folder / 'clip.json').read_text()


def shared_out() -> dict[str, bytes]:
    """Videos of which one is done, one has failed, and one was being tracked by a process that is dead."""
    with tempfile.TemporaryDirectory() as folder:
        work_through(['done.mp4'], Path(folder), 'options', _counted)
        work_through(['failed.mp4'], Path(folder), 'options', partial(_counted, over=None))
        with Claim(Path(folder) / '.dead.claim'):
            files = {name: (Path(folder) / name).read_bytes() for name in ('manifest.jsonl', '.dead.claim')}
    return files | {'list.txt': b'# mine\ndone.mp4\nfailed.mp4\n\ndead.mp4\n'}


def _counted(source: str, claim: Claim, over: bool | None = True) -> Outcome:
    if over is None:
        raise ValueError(f'{source}: broken')
    return Outcome(over=over, frames=7, broken=0, people=2)


def worked_through(folder: Path) -> str:
    """What becomes of them, a minute later."""
    os.utime(folder / '.dead.claim', (0, 0))
    try:
        sources = find_sources([str(folder / 'list.txt')])
    except ValueError as error:
        raise ValueError(f'{folder}: {error}') from error  # it may name videos, which are elsewhere
    with patch.object(claims, 'SEEN', 0.0):
        return summary(work_through(sources, folder, 'options', _counted))


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(2, 2)


def cached() -> dict[str, bytes]:
    """What a network found in an image."""
    with tempfile.TemporaryDirectory() as folder:
        found_again(Path(folder))
        (path,) = Path(folder).iterdir()
        return {path.name: path.read_bytes()}


def found_again(folder: Path) -> str:
    """The same, from the disk."""
    found = InstanceData(bboxes=np.arange(8.0).reshape(2, 4), heatmaps=torch.arange(8.0).reshape(2, 4))
    cache = InstanceCache(folder, _network(), {})
    again = cache(np.zeros(3), compute=lambda: found)
    return str({name: value.tolist() for name, value in again.items()})
