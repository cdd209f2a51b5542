"""What is damaged, and who reads it."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from fuzz.mutations import PYTHON, VALUES, harmless_json, harmless_text, of_bytes, of_json, of_text
from fuzz.samples import (
    CONFIG,
    METAINFO,
    SIZE,
    boxes,
    checkpoint,
    clip,
    part,
    people,
    pictures,
    posetrack17,
    ultralytics_json,
    written,
)
from fuzz.work import cached, found_again, half_tracked, resumed, shared_out, worked_through

from mmgnntrack.apis import FrameSource
from mmgnntrack.datasets import PoseTrackTubeDataset
from mmgnntrack.datasets.boxes import read_bbox_file
from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.engine.configs import read_config
from mmgnntrack.evaluation.files import count_files, pair_files, write_official
from mmgnntrack.evaluation.functional import EvaluationCounts, figures
from mmgnntrack.formats import WRITERS, output_path, read, video_name, video_paths
from mmgnntrack.models import PoseTracker, track_given_poses
from mmgnntrack.posetrack import (
    COCO,
    POSETRACK,
    PoseVideo,
    check_frames,
    large,
    read_video,
)


@dataclass
class Target:
    """Files that something reads.

    Attributes:
        files: by their names in a folder.
        run: reads them there; gives what can be compared with `==`, and raises AssertionError for a wrong result.
        harmless: changes a file, of this name and content, so that the result must stay; None if nothing does.
        damage: changes it otherwise.
    """

    files: dict[str, bytes]
    run: Callable[[Path], Any]
    harmless: Callable[[str, bytes, Random], bytes] | None = None
    damage: Callable[[str, bytes, Random], bytes] | None = None

    def changed(self, rng: Random) -> tuple[dict[str, bytes], bool]:
        """The files with one of them changed, and whether that must not matter."""
        name = rng.choice([*self.files])
        data, sound = self.files[name], self.harmless is not None and rng.random() < 0.2
        change = self.harmless if sound else self.damage or _damaged
        return {**self.files, name: change(name, data, rng)}, sound


def _damaged(name: str, data: bytes, rng: Random) -> bytes:
    ways = {'.json': of_json, '.csv': of_text, '.txt': of_text, '.py': partial(of_text, words=PYTHON)}
    way = ways.get(Path(name).suffix)
    return way(data, rng) if way and rng.random() < 0.75 else of_bytes(data, rng)


def detected(folder: Path, video: PoseVideo) -> list[Any]:
    """Boxes of the frames of a video."""
    found = read_bbox_file(folder / 'boxes.json', [video])
    assert all(np.isfinite(boxes).all() and np.isfinite(scores).all() for boxes, scores in found.values())
    return sorted((str(image), boxes.tolist(), scores.tolist()) for image, (boxes, scores) in found.items())


def tubes(folder: Path) -> str:
    """The people of a video, for training."""
    dataset = PoseTrackTubeDataset(ann_file=str(folder / 'v.json'))
    return str([dataset.get_data_info(index) for index in range(len(dataset))])


@cache
def _tracker(sigmas: tuple[float, ...]) -> PoseTracker:
    return PoseTracker(matching='distance', sigmas=sigmas, init_score_thr=0.0).eval()


def track(path: Path, out: Path, images: Path | None = None) -> list[Any]:
    """What `track-poses` does with a file or folder: who is where, the people called by the order of their poses."""
    (path,) = video_paths(path)
    video_name(path)
    video = read(path, images=images, image_size=SIZE)
    check_frames(video)
    frames = list(track_given_poses(_tracker(video.skeleton.sigmas), video.frames))
    found = replace(video, frames=frames)
    out.mkdir()
    for format in WRITERS.keys() - {'sleap'}:
        WRITERS[format](output_path(out, 'v', format), found, SIZE)
    again = read_video(output_path(out, 'v', 'posetrack'), skeleton=video.skeleton)
    assert [*map(len, again.frames)] == [*map(len, frames)], 'poses were lost'
    entries = json.loads(output_path(out, 'v', 'coco').read_bytes())
    assert len(entries) == sum(map(len, frames)), 'poses were lost'
    ids: dict[int, int] = {}
    people = [
        (frame, sorted(zip(frame.keypoints.tolist(), frame.keypoint_scores.tolist(), frame.track_ids.tolist())))
        for frame in frames
    ]
    return [
        (frame.file_name, frame.frame_id, [(xy, scores, ids.setdefault(track, len(ids))) for xy, scores, track in rows])
        for frame, rows in people
    ]


def evaluated(folder: Path) -> str:
    """What the evaluation's tool does with `gt` and `pred`."""
    pairs, _ = pair_files(folder / 'gt', folder / 'pred')
    sequences = [*count_files(pairs, thresholds=(0.2, 0.0))]
    total, kept = (
        figures(EvaluationCounts.total([getattr(sequence, name) for sequence in sequences]))
        for name in ('counts', 'filtered')
    )
    write_official(folder, 'total', total, kept)
    for note in (note for sequence in sequences for note in sequence.notes.values()):
        assert note.isprintable() and str(folder) in note, note
    with np.printoptions(precision=9):
        return f'{total} {kept}'


def shown(path: Path) -> list[tuple[int, str, tuple[int, ...] | None]]:
    """The frames of a video or folder."""
    return [
        (number, name, None if image is None else image.shape) for number, name, image in FrameSource(path).frames()
    ]


def configured(path: Path) -> None:
    """A config, with a setting of its own."""
    read_config(path)
    read_config(path, {'model.tracker.matching': 'oks'})


def loaded(path: Path) -> dict[str, list[float]]:
    """A checkpoint's weights in a part of a model."""
    module = part()
    load_part(module, 'tracker', str(path), prefix='tracker.')
    assert all(value.isfinite().all() for value in module.state_dict().values()), 'NaN loaded'
    return {key: value.tolist() for key, value in module.state_dict().items()}


def _tensors() -> list[Any]:
    one = torch.ones(2, 3)
    quantized = torch.quantize_per_tensor(one, 0.1, 0, torch.qint8)
    others = [
        one.to_sparse(),
        one.to_sparse_csr(),
        quantized,
        one.to('meta'),
        one * torch.nan,
        one.half(),
        one.cfloat(),
    ]
    wrong = [one.int(), one.bool(), one[0], torch.tensor(1.0), torch.zeros(0), torch.ones(1).expand(2, 3), one.T]
    huge = [
        torch.empty(2**40, device='meta'),
        torch.ones(1).expand(2**40),
        torch.full((2, 3), 1e300, dtype=torch.float64),
    ]
    return [*others, *wrong, *huge, torch.nn.Parameter(one), None, 'x', 3, [], {}, np.ones(3), np.float64(1), 'a\nb']


def _other_weights(name: str, data: bytes, rng: Random) -> bytes:
    """A checkpoint with a value, or the key of one, of another kind; or other bytes."""
    if rng.random() < 0.5:
        return of_bytes(data, rng)
    document = torch.load(io.BytesIO(data), weights_only=True)
    holder = rng.choice((document, document['state_dict'], document['state_dict']))
    key = rng.choice([*holder])
    if rng.random() < 0.7:
        holder[key] = rng.choice(_tensors())
    else:
        holder[rng.choice((1, None, (1, 2), '', 'tracker.', '\x1b[2J', b'x'))] = holder.pop(key)
    file = io.BytesIO()
    torch.save(document, file)
    return file.getvalue()


def _other_state(name: str, data: bytes, rng: Random) -> bytes:
    """A state with a value of another kind; or frames with another word; or other bytes."""
    if name.endswith('.png') or rng.random() < 0.3:
        return of_bytes(data, rng)
    if name.endswith('.jsonl'):
        return of_text(data, rng)
    state = [*torch.load(io.BytesIO(data), weights_only=True)]
    holder, key = state, rng.randrange(len(state))
    while isinstance(holder[key], dict) and holder[key] and rng.random() < 0.9:
        holder = holder[key]
        key = rng.choice([*holder])
    holder[key] = rng.choice([*_tensors(), *VALUES, (), b'x'])
    file = io.BytesIO()
    torch.save(tuple(state), file)
    return file.getvalue()


def _other_lines(name: str, data: bytes, rng: Random) -> bytes:
    """Lines of JSON or of text, one of them changed."""
    if name == 'list.txt' or rng.random() < 0.3:
        return _damaged(name, data, rng)
    lines = data.splitlines()
    place = rng.randrange(len(lines))
    lines[place] = of_json(lines[place], rng)
    return b'\n'.join([*lines, b''])


def _tracks(files: dict[str, bytes], harmless: Callable[..., bytes] | None = None, **how: Any) -> Target:
    (name,) = {Path(file).parts[0] for file in files} - {'images.json'}

    def run(folder: Path) -> Any:
        shutil.rmtree(folder / 'out', ignore_errors=True)
        images = folder / 'images.json' if 'images.json' in files else None
        return track(folder / name, folder / 'out', images)

    return Target(files, run, harmless and (lambda name, data, rng: harmless(data, rng, **how)))


def _json(files: dict[str, bytes], *shuffled: str) -> Target:
    return _tracks(files, harmless_json, shuffled=shuffled)


def _piece_by_piece(target: Target) -> Target:
    """As if its file were a large one."""

    def run(folder: Path) -> Any:
        with patch.object(large, 'LARGE', 0):
            return target.run(folder)

    return replace(target, run=run)


def _shuffled_boxes(name: str, data: bytes, rng: Random) -> bytes:
    return harmless_json(data, rng, ('',))


def _reordered(name: str, data: bytes, rng: Random) -> bytes:
    """Frames of predictions may be in any order; that of annotations is the video's."""
    frames = ('images',) if name.startswith('pred') else ()
    return harmless_json(data, rng, ('annotations', 'annorect', *frames))


def targets() -> dict[str, Target]:
    """All of them, by their names."""
    coco, fifteen = people(COCO), people(POSETRACK)
    images = {
        'images': [{'id': frame.frame_id, 'file_name': frame.file_name} for frame in coco.frames],
        'annotations': [],
    }
    (eighteen,), seventeen = written('posetrack', POSETRACK).values(), posetrack17(fifteen)
    results = written('coco')
    sequences = {
        f'{folder}/{name}.json': data for folder in ('gt', 'pred') for name, data in zip('ab', (eighteen, seventeen))
    }
    return {
        'posetrack18': _json({'v.json': eighteen}, 'annotations'),
        'posetrack17': _json({'v.json': seventeen}, 'annorect', 'point'),
        'other joints': _json(written('posetrack'), 'annotations'),
        'coco': _json(results, ''),
        'coco, images': _json({**results, 'images.json': json.dumps(images).encode()}),
        'posetrack18, large': _piece_by_piece(_json({'v.json': eighteen}, 'annotations')),
        'coco, large': _piece_by_piece(_json(results, '')),
        'alphapose': _json(written('alphapose'), ''),
        'alphapose, large': _piece_by_piece(_json(written('alphapose'), '')),
        'openpose': _json(written('openpose'), 'people'),
        'deeplabcut': _tracks(written('deeplabcut'), harmless_text, header=4),
        'ultralytics': _tracks(written('ultralytics'), harmless_text),
        'ultralytics, JSON': _json({'v.json': ultralytics_json(coco)}, 'of a list'),
        'ultralytics, large': _piece_by_piece(_json({'v.json': ultralytics_json(coco)}, 'of a list')),
        'evaluation': Target(sequences, evaluated, _reordered),
        'boxes': Target({'boxes.json': boxes(coco)}, partial(detected, video=coco), _shuffled_boxes),
        'tubes': Target({'v.json': eighteen}, tubes, lambda name, data, rng: harmless_json(data, rng)),
        'config': Target(
            {'config.py': CONFIG.encode(), 'base.py': b"name = 'a'\n"}, lambda f: configured(f / 'config.py')
        ),
        'metainfo': Target({'cat.py': METAINFO.encode()}, lambda folder: read_skeleton(folder / 'cat.py')),
        'checkpoint': Target({'a.pth': checkpoint()}, lambda folder: loaded(folder / 'a.pth'), damage=_other_weights),
        'resume': Target(half_tracked(), resumed, damage=_other_state),
        'many videos': Target(shared_out(), worked_through, damage=_other_lines),
        'cache': Target(cached(), found_again),
        'JPEG': Target(pictures('.jpg'), lambda folder: shown(folder / 'clip')),
        'PNG': Target(pictures('.png'), lambda folder: shown(folder / 'clip')),
        'other images': Target(pictures('.bmp', '.ppm', '.tif', '.webp'), lambda folder: shown(folder / 'clip')),
        'mkv': Target(clip('v.mkv', 'VP80'), lambda folder: shown(folder / 'v.mkv')),
        'mp4': Target(clip('v.mp4', 'mp4v'), lambda folder: shown(folder / 'v.mp4')),
        'avi': Target(clip('v.avi', 'MJPG'), lambda folder: shown(folder / 'v.avi')),
    }
