"""The files of a tracked video."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData

from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.posetrack import PoseFrame, PoseStream, PoseVideo
from mmgnntrack.visualization import OverlayVideo, PanelFiles, Trails, draw_tracks

from .background import Background
from .frame_source import FrameSource
from .pose_track_inferencer import PoseTrackInferencer

#: Files of poses, by their format.
FORMATS = dict(posetrack='{}.json', coco='{}.coco.json')
#: Frames that may wait to be written.
BEHIND = 4
#: Frames after which what is needed to resume is saved.
SAVE_EVERY = 100
#: What must not change between the parts of a video though nobody says it.
_NO_OPTIONS = ('weights', 'source', 'frames')


class VideoOutputs:
    """The files of a video: those that are asked for, and, until it is done, what a later run needs to go on.

    Args:
        folder: where; made by `open`.
        video: name and skeleton.
        inferencer: that tracks the video; `resume` lets it go on where an earlier run was.
        options: what must not change between the parts of a video, by name.
        formats: some of `FORMATS`.
        panels: some of `PANELS`.
        overlay: whether a video with the tracks drawn is written.
        afterwards: what becomes of the frames when the video is over; None for nothing.

    Attributes:
        writing: the thread that writes pictures, while the next frames are worked on.
    """

    def __init__(
        self,
        folder: Path,
        video: PoseVideo,
        inferencer: PoseTrackInferencer,
        options: Mapping[str, str],
        formats: Sequence[str] = (),
        panels: Sequence[str] = (),
        overlay: bool = False,
        afterwards: Callable[[list[PoseFrame]], list[PoseFrame]] | None = None,
    ) -> None:
        self.folder = folder
        self.video = video
        self.inferencer = inferencer
        self.options = dict(options, weights=_digest(inferencer.model))
        self.formats = formats
        self._panel_names = panels
        self._with_overlay = overlay
        self._afterwards = afterwards
        self._state_file = folder / f'.{video.name}.state.pth'
        self._frames_file = folder / f'.{video.name}.frames.jsonl'
        self._done, self._drawn = 0, False
        self.writing = Background(BEHIND)

    def __len__(self) -> int:
        """Frames so far."""
        return len(self.poses)

    def resume(self) -> None:
        """Goes on where an earlier run has ended, before `open`; from the beginning where that one was killed before
        it had saved anything.

        Raises:
            FileNotFoundError: if there is nothing to go on with.
            ValueError: if it was begun with other options, or with other weights.
        """
        name = self.video.name
        if not self._state_file.is_file():
            if self._frames_file.is_file():
                return
            raise FileNotFoundError(f'{self.folder}: nothing of {name} to resume: it was not begun there, or is done')
        state, self._done, self._drawn, options = torch.load(self._state_file, map_location='cpu', weights_only=True)
        for option, value in options.items():
            if value != self.options.get(option):
                flag = option if option in _NO_OPTIONS else f'--{option.replace("_", "-")}'
                raise ValueError(f'--resume: {name} was begun with {flag} {value}, got {self.options.get(option)}')
        self.inferencer.restore(state)

    def open(self, fps: float, length: int | None) -> None:
        """Begins the files of a video with so many frames per second and, where that is known, frames."""
        name = self.video.name
        if not self._done:
            self._state_file.unlink(missing_ok=True)  # of another run, which this one takes the place of
        self.poses = PoseStream(self._frames_file, self.video, keep=self._done)
        self.overlay = OverlayVideo(self.folder / f'{name}.mp4', fps, length) if self._with_overlay else None
        self.panels = PanelFiles(self.folder, name, self._panel_names, fps)
        if self._drawn:
            self.panels.resume()
            if self.overlay:
                self.overlay.resume()

    def add(self, result: dict) -> None:
        """Appends a frame, as `PoseTrackInferencer` yields it."""
        (sample,) = result['predictions']
        self.poses.append(PoseFrame.of(sample.pred_track_instances, sample.img_path, sample.frame_id))
        self.writing(self._write_pictures, result, sample.frame_id)
        if len(self.poses) % SAVE_EVERY == 0:
            self.save()

    def _write_pictures(self, result: dict, frame_id: int) -> None:
        if self.overlay:
            self.overlay.write(next(iter(result['visualization']), None))
        self.panels.write(result['panels'], frame_id)

    def save(self, drawn: bool = False) -> None:
        """Lets a later run begin after the newest frame, with the videos that were drawn so far if they are whole."""
        self.poses.flush()
        partial = self._state_file.with_suffix('.partial')
        torch.save((self.inferencer.state(), len(self.poses), drawn, self.options), partial)
        partial.replace(self._state_file)

    def close(self, done: bool) -> None:
        """Writes what is asked for; what is done needs no resuming."""
        self.writing.close()
        if self.overlay:
            self.overlay.close()
        self.panels.close()
        if not done:
            self.save(drawn=True)
        final = self.poses
        if self._afterwards is not None:
            self.video.frames = self._afterwards(self.poses.frames())
            final = PoseStream(self.folder / f'.{self.video.name}.afterwards.jsonl', self.video)
            for frame in self.video.frames:
                final.append(frame)
        for name in self.formats:
            getattr(final, f'write_{name}')(self.folder / FORMATS[name].format(self.video.name))
        for poses in (final, self.poses):
            poses.close()
        if final is not self.poses:
            final.path.unlink()
        if done:
            self._state_file.unlink(missing_ok=True)
            self.poses.path.unlink()


def _digest(model: VideoPoseTracker) -> str:
    """Twelve digits that other weights do not have. Those of a head that is not asked do not count."""
    digest = hashlib.sha256()
    unused = () if model.tracker.mode.predicts else ('tracker.',)
    for key, value in model.state_dict().items():
        if key.startswith(unused):
            continue
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:12]


def draw_over(source: FrameSource, frames: Iterable[PoseFrame], overlay: OverlayVideo, **drawing: object) -> None:
    """Draws the tracks of a video that is over.

    Args:
        source: the video.
        frames: its frames from the first on.
        overlay: the file.
        **drawing: `skeleton` and `score_thr`, see `draw_tracks`.
    """
    trails = Trails()
    for picture, frame in zip(source.frames(), frames):
        tracks = InstanceData(
            instances_id=frame.track_ids,
            keypoints=frame.keypoints,
            keypoint_scores=frame.keypoint_scores,
            bboxes=frame.bboxes,
            predicted=np.zeros(len(frame), bool),
        )
        trails.update(tracks, picture.number)
        image = picture.image
        overlay.write(None if image is None else draw_tracks(image, tracks, trails=trails, **drawing))
    overlay.close()
