"""Overlay videos of a test run."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from mmgnntrack.registry import HOOKS
from mmgnntrack.visualization import OverlayVideo, draw_tracks
from mmgnntrack.visualization.drawing import Links


@HOOKS.register_module()
class TrackVisualizationHook(Hook):
    """Writes `OUT_DIR/<video_name>.mp4` for the videos of a test, the tracked poses drawn by `draw_tracks`.

    Frames come in order, video by video. `data_batch['inputs']` holds them as (H, W, 3) uint8 BGR; the samples of the
    output have `video_name`, `frame_id` (from 0), `video_length` and `pred_track_instances`. Files have their final
    names only when they are whole. Under several ranks each writes the videos that it tracks.

    Args:
        out_dir: folder, made with the first frame.
        videos: names of the videos to write, None for all.
        fps: frames per second of the files.
        score_thr: joints below it are not drawn.
        skeleton: pairs of joint indices, None for PoseTrack's 15 joints.
        contact_sheet: also `OUT_DIR/<video_name>.png` with about 12 frames side by side.
        val: also in validation, where each one overwrites the last one's files.
    """

    def __init__(
        self,
        out_dir: str | Path,
        videos: Sequence[str] | None = None,
        fps: float = 12,
        score_thr: float = 0.2,
        skeleton: Links | None = None,
        contact_sheet: bool = True,
        val: bool = False,
    ) -> None:
        self.out_dir = Path(out_dir)
        self.videos = None if videos is None else set(videos)
        self.fps = fps
        self.score_thr = score_thr
        self.skeleton = skeleton
        self.contact_sheet = contact_sheet
        self.val = val
        self._current: str | None = None
        self._file: OverlayVideo | None = None

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[BaseDataElement]
    ) -> None:
        """Draws the frames of a batch, which may end one video and begin the next."""
        for frame, sample in zip(data_batch['inputs'], outputs, strict=True):
            if sample.video_name != self._current:
                self._finish()
            if self.videos is not None and sample.video_name not in self.videos:
                continue
            overlay = draw_tracks(frame, sample.pred_track_instances, self.skeleton, self.score_thr)
            if self._file is None:
                self._begin(sample)
            self._file.write(overlay)
            if sample.frame_id == sample.video_length - 1:
                self._finish()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[BaseDataElement]
    ) -> None:
        if self.val:
            self.after_test_iter(runner, batch_idx, data_batch, outputs)

    def after_test(self, runner: Runner) -> None:
        self._finish()

    def after_val(self, runner: Runner) -> None:
        self._finish()

    def _begin(self, sample: BaseDataElement) -> None:
        length = sample.video_length if self.contact_sheet else None
        self._file = OverlayVideo(self.out_dir / f'{sample.video_name}.mp4', self.fps, length)
        self._current = sample.video_name

    def _finish(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._current = None
