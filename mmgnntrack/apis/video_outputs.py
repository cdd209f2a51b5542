"""The files of a tracked video."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from operator import index
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData
from tqdm import tqdm

from mmgnntrack.files import remove_unfinished, whole_file
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.posetrack import PoseFrame, PoseStream, PoseVideo
from mmgnntrack.posetrack.errors import printable, said
from mmgnntrack.posetrack.stream import digest_of
from mmgnntrack.visualization import PanelFiles

from .background import Background
from .frame_source import Frame, FrameSource
from .pose_track_inferencer import PoseTrackInferencer
from .track_overlay import TrackOverlay, as_text, from_text

#: Files of poses, by their format.
FORMATS = dict(posetrack='{}.json', coco='{}.coco.json')
#: Frames that may wait to be written.
BEHIND = 4
#: Frames after which what is needed to resume is saved.
SAVE_EVERY = 100
#: What must not change between the parts of a video though nobody says it.
_NO_OPTIONS = ('weights', 'settings', 'source', 'frames')


class VideoOutputs:
    """The files of a video: those that are asked for, and, until it is done, what a later run needs to go on.

    Args:
        folder: where; made by `open`.
        video: name and skeleton.
        inferencer: that tracks the video; `resume` lets it go on where an earlier run was.
        options: what must not change between the parts of a video, by the name of its flag without the dashes;
            `weights`, `source` and `frames` are none.
        formats: some of `FORMATS`.
        panels: some of `PANELS`.
        drawing: `skeleton` and `score_thr` of a video with the tracks drawn (see `draw_tracks`); None for none.
        afterwards: what becomes of the frames when the video is over; None for nothing.

    Attributes:
        writing: the thread that writes pictures, while the next frames are worked on.
        people: how many there are, known after `close`.
    """

    def __init__(
        self,
        folder: Path,
        video: PoseVideo,
        inferencer: PoseTrackInferencer,
        options: Mapping[str, str],
        formats: Sequence[str] = (),
        panels: Sequence[str] = (),
        drawing: Mapping[str, object] | None = None,
        afterwards: Callable[[list[PoseFrame]], list[PoseFrame]] | None = None,
    ) -> None:
        self.folder = folder
        self.video = video
        self.inferencer = inferencer
        self.options = options
        self.formats = formats
        self._panel_names = panels
        self._drawing = drawing
        self._afterwards = afterwards
        self._state_file = folder / f'.{video.name}.state.pth'
        self._frames_file = folder / f'.{video.name}.frames.jsonl'
        self._done, self._panels_whole, self.people = 0, False, 0
        self.writing = Background(BEHIND)

    def __len__(self) -> int:
        """Frames so far."""
        return len(self.poses)

    def resume(self) -> None:
        """Goes on where an earlier run has ended, before `open`; from the beginning where that one was killed before
        it had saved anything.

        Raises:
            FileNotFoundError: if there is nothing to go on with.
            ValueError: if it was begun with other options, or with other weights, or its state cannot be read.
        """
        name = self.video.name
        if not self._state_file.is_file():
            if self._frames_file.is_file():
                return
            raise FileNotFoundError(f'{self.folder}: nothing of {name} to resume: it was not begun there, or is done')
        try:
            kept = torch.load(self._state_file, map_location='cpu', weights_only=True)
            state, done, digest, panels_whole, options = kept
            done, panels_whole = index(done), bool(panels_whole)
            options = {str(option): str(value) for option, value in options.items()}
        except Exception as error:  # the unpickler stumbles in many ways
            what = f'this version goes on from ({type(error).__name__}: {said(error)}): begin anew, without --resume'
            raise ValueError(f'--resume: {self._state_file} is no state that {what}') from error
        for option, value in options.items():
            if value != self.options.get(option):
                flag = option if option in _NO_OPTIONS else f'--{option.replace("_", "-")}'
                begun = f'{self.folder / name} was begun with {flag:.100} {value:.300}'
                raise ValueError(printable(f'--resume: {begun}, got {self.options.get(option)}'))
        try:
            if digest_of(self._frames_file, done) != digest:
                raise ValueError(f'{self._frames_file}: expected the frames of an earlier run, got others')
        except (OSError, ValueError) as error:
            raise ValueError(f'--resume: {self._state_file}: {error}') from error
        try:
            self.inferencer.restore(state)
        except Exception as error:  # it may hold anything
            raise ValueError(f'--resume: {self._state_file} is of another version ({error!r:.300})') from error
        self._done, self._panels_whole = done, panels_whole

    def resume_or_begin(self) -> str | None:
        """Goes on where an earlier run has ended, or else begins anew; says why, if there was such a run."""
        try:
            self.resume()
        except FileNotFoundError:
            return None
        except ValueError as error:
            return str(error)
        return None

    def open(self, source: FrameSource) -> None:
        """Begins the files of a video. What an earlier run has drawn is drawn again: an mp4 cannot be gone on with."""
        name = self.video.name
        if not self._done:
            self._state_file.unlink(missing_ok=True)  # of another run, which this one takes the place of
        written = (f'{name}.mp4', f'{name}_fusion.mp4', self._state_file.name, self._frames_file.name)
        remove_unfinished(self.folder, *written)
        (self.folder / f'.{name}.afterwards.jsonl').unlink(missing_ok=True)  # of one that was killed
        self.poses = PoseStream(self._frames_file, self.video, keep=self._done)
        self.panels = PanelFiles(self.folder, name, self._panel_names, source.fps)
        if self._panels_whole:
            self.panels.resume()
        self.overlay = None
        if self._drawing is not None:
            self.overlay = TrackOverlay(self.folder / f'{name}.mp4', source.fps, source.length, **self._drawing)
            if self._done:
                joints = len(self.video.skeleton.joints)
                tracks = (from_text(note, joints) for note in self.poses.notes())
                self.overlay.add_all(source, tqdm(tracks, f'drawing {name}', self._done, unit='frame', disable=None))

    def add(self, result: dict, frame: Frame) -> bool:
        """Appends what `PoseTrackInferencer` yields of a frame. Returns whether all so far was saved."""
        (sample,) = result['predictions']
        tracks = sample.pred_track_instances
        note = as_text(tracks) if self.overlay else None
        self.poses.append(PoseFrame.of(tracks, sample.img_path, sample.frame_id), note)
        self.writing(self._write_pictures, frame, tracks, result['panels'])
        saved = len(self.poses) % SAVE_EVERY == 0
        if saved:
            self.save()
        return saved

    def _write_pictures(self, frame: Frame, tracks: InstanceData, panels: Mapping[str, np.ndarray]) -> None:
        if self.overlay:
            self.overlay.add(frame, tracks)
        self.panels.write(panels, frame.number)

    def save(self, panels_whole: bool = False) -> None:
        """Lets a later run begin after the newest frame, with the panels so far if their files are whole."""
        self.poses.flush()
        with whole_file(self._state_file, binary=True) as file:
            kept = self.inferencer.state(), len(self.poses), self.poses.digest, panels_whole, self.options
            torch.save(kept, file)

    def close(self, done: bool, check: Callable[[], None]) -> None:
        """Writes what is asked for; what is done needs no resuming.

        Args:
            done: whether the video is over.
            check: raises an error if another run works on the video by now, whose files must stay.
        """
        self.writing.close()
        if self.overlay:
            self.overlay.close()
        self.panels.close()
        if not done:
            self.save(panels_whole=True)
        final = self.poses
        if self._afterwards is not None:
            self.video.frames = self._afterwards(self.poses.frames())
            final = PoseStream(self.folder / f'.{self.video.name}.afterwards.jsonl', self.video)
            for frame in self.video.frames:
                final.append(frame)
        for name in self.formats:
            getattr(final, f'write_{name}')(self.folder / FORMATS[name].format(self.video.name))
        self.people = len(final.track_ids())
        for poses in (final, self.poses):
            poses.close()
        if final is not self.poses:
            final.path.unlink()
        if done:
            check()
            self._state_file.unlink(missing_ok=True)
            self._frames_file.unlink()


def weights_digest(model: VideoPoseTracker) -> str:
    """Twelve digits that other weights do not have. Those of a head that is not asked do not count."""
    digest = hashlib.sha256()
    unused = () if model.tracker.mode.predicts else ('tracker.',)
    for key, value in model.state_dict().items():
        if key.startswith(unused):
            continue
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:12]
