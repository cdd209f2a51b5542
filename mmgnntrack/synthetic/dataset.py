"""Writing the data set in PoseTrack18's layout."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..files import write_text
from ..posetrack import POSETRACK, POSETRACK18_KEYPOINTS
from .annotate import annotate_frame, ignore_regions
from .config import SPLITS, SynthTrackConfig
from .render import render_frame
from .scene import Scene, make_scene

SETTINGS_FILE = 'synthtrack.json'

#: Part of the settings file: raised when the same settings give other videos than before.
_VERSION = 2

#: PoseTrack18's first digit of an image id, and the number before the first video, so that names differ by split.
_ID_DIGIT = {'train': 2, 'val': 1}
_FIRST_VIDEO = {'train': 1, 'val': 500001}


@dataclass(frozen=True)
class Video:
    """One video of the data set: its split and its index in it."""

    split: str
    index: int

    @property
    def number(self) -> int:
        """The id that PoseTrack calls vid_id."""
        return _FIRST_VIDEO[self.split] + self.index

    @property
    def name(self) -> str:
        """Name of its image folder and stem of its annotation file."""
        return f'{self.number:06d}_synth'

    def image(self, frame: int) -> str:
        """File of a frame, relative to the data set's root."""
        return f'images/{self.split}/{self.name}/{frame:06d}.jpg'

    @property
    def annotation(self) -> str:
        """Its annotation file, relative to the data set's root."""
        return f'annotations/{self.split}/{self.name}.json'

    def is_complete(self, root: Path, config: SynthTrackConfig) -> bool:
        """Whether all its files are there; the annotations are written last."""
        return (root / self.annotation).is_file() and all(
            (root / self.image(frame)).is_file() for frame in range(config.frames)
        )


def videos(config: SynthTrackConfig) -> list[Video]:
    """All videos of a data set."""
    return [Video(split, index) for split in SPLITS for index in range(config.videos(split))]


def _category() -> dict[str, Any]:
    order = {name: i + 1 for i, name in enumerate(POSETRACK18_KEYPOINTS)}
    skeleton = [[order[a], order[b]] for a, b in POSETRACK.links]
    keypoints = list(POSETRACK18_KEYPOINTS)
    return {'supercategory': 'person', 'id': 1, 'name': 'person', 'keypoints': keypoints, 'skeleton': skeleton}


def _image_entry(video: Video, frame: int, scene: Scene, config: SynthTrackConfig) -> dict[str, Any]:
    image_id = int(f'{_ID_DIGIT[video.split]}{video.number:06d}{frame:04d}')
    entry = {
        'id': image_id,
        'frame_id': image_id,
        'vid_id': f'{video.number:06d}',
        'nframes': config.frames,
        'is_labeled': bool(scene.is_labelled[frame]),
        'has_no_densepose': True,
        'width': config.size[0],
        'height': config.size[1],
        'file_name': video.image(frame),
    }
    if scene.crowd:
        regions = ignore_regions(scene, frame, config)
        for axis, key in enumerate(('ignore_regions_x', 'ignore_regions_y')):
            entry[key] = [[round(float(v), 2) for v in region[:, axis]] for region in regions]
    return entry


def write_video(root: Path, video: Video, config: SynthTrackConfig) -> None:
    """Draw one video and write its images, then its annotations.

    Raises:
        OSError: A file cannot be written.
    """
    rng = np.random.default_rng([config.seed, SPLITS.index(video.split), video.index])
    scene = make_scene(rng, config, video.split)
    images, annotations = [], []
    (root / video.image(0)).parent.mkdir(parents=True, exist_ok=True)
    for frame in range(config.frames):
        rendering = render_frame(scene, frame, config, rng)
        path = root / video.image(frame)
        if not cv2.imwrite(str(path), rendering.image, [cv2.IMWRITE_JPEG_QUALITY, config.jpeg_quality]):
            raise OSError(f'cannot write the image {path}')
        images.append(_image_entry(video, frame, scene, config))
        if scene.is_labelled[frame]:
            annotations += annotate_frame(scene, rendering, frame, images[-1]['id'], config)
    content = {'images': images, 'annotations': annotations, 'categories': [_category()]}
    (root / video.annotation).parent.mkdir(parents=True, exist_ok=True)
    write_text(root / video.annotation, json.dumps(content) + '\n')


def _prepare(root: Path, config: SynthTrackConfig) -> None:
    """Note the settings in the folder, or check that it was made with them."""
    settings = {'version': _VERSION, **config.video_settings()}
    path = root / SETTINGS_FILE
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if (root / 'images').exists() or (root / 'annotations').exists():
                raise ValueError(f'{root} holds another data set (no {SETTINGS_FILE} in it): choose another folder')
            write_text(path, json.dumps(settings, indent=2) + '\n')
            return
        found = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise OSError(f'cannot write to the output folder {root}: {error.strerror}') from error
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is damaged ({error}): delete {root} to start over') from error
    different = [k for k in sorted(settings | found) if settings.get(k) != found.get(k)]
    if different:
        changes = ', '.join(f'{k} {found.get(k)} there, {settings.get(k)} asked for' for k in different)
        raise ValueError(
            f'{root} was made with other settings ({changes}): delete it to start over, or choose another folder'
        )


def _single_threaded() -> None:
    cv2.setNumThreads(1)


def make_dataset(root: str | Path, config: SynthTrackConfig, jobs: int = 1) -> Iterator[Video]:
    """Write the videos that are not there yet; the same settings give the same annotations, byte for byte.

    Args:
        root: Output folder; images/ and annotations/ are made in it.
        config: The settings.
        jobs: Number of processes.

    Yields:
        Video: Each video once it is complete, those that already were first.

    Raises:
        OSError: The folder cannot be written to.
        ValueError: The folder was made with other settings, or holds something else, or `jobs` is not positive.
    """
    if jobs < 1:
        raise ValueError(f'jobs must be at least 1, got {jobs}')
    root = Path(root)
    _prepare(root, config)
    todo = []
    for video in videos(config):
        if video.is_complete(root, config):
            yield video
        else:
            todo.append(video)
    if jobs == 1:
        for video in todo:
            write_video(root, video, config)
            yield video
    elif todo:
        # A forked process can inherit locked threads; a spawned one starts clean.
        context = get_context('spawn')
        with ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=_single_threaded) as pool:
            tasks = {pool.submit(write_video, root, video, config): video for video in todo}
            try:
                for task in as_completed(tasks):
                    task.result()
                    yield tasks[task]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
