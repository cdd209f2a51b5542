"""Overlay videos of a test run, and pictures of what the tracker did."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn

from mmgnntrack.images import read_frame
from mmgnntrack.models import PoseTracker, Step
from mmgnntrack.registry import HOOKS
from mmgnntrack.visualization import OverlayVideo, PanelFiles, Trails, check_panels, draw_panels, draw_tracks
from mmgnntrack.visualization.poses import Links
from mmgnntrack.visualization.track_visualizer import tracks_of


@HOOKS.register_module()
class TrackVisualizationHook(Hook):
    """Writes `OUT_DIR/<video_name>.mp4` for the videos of a test, the tracked poses drawn by `draw_tracks`, and
    `OUT_DIR/<video_name>.png`, about 12 of its frames side by side.

    Frames come in order, video by video. `data_batch['inputs']` holds them as (H, W, 3) uint8 BGR, or else crops of a
    frame at `img_path`; the samples of the output, one or more of each frame, have `video_name`, `frame_id` (from 0),
    `video_length` and `pred_track_instances`. Files have their final names only when they are whole. Under several
    ranks each writes the videos that it tracks.

    Args:
        out_dir: folder, made with the first frame.
        videos: names of the videos to write, None for all.
        fps: frames per second of the files.
        score_thr: joints below it are not drawn.
        skeleton: pairs of joint indices, None for the data set's (`skeleton_links`) or the usual one of so many joints.
        val: also in validation, where each one overwrites the last one's files.
        trails: frames that the lines behind people reach back, 0 for none.
        panels: of a `VideoPoseTracker` also
            - `fusion`: `OUT_DIR/<video_name>_fusion.mp4`, see `fusion_panel`
            - `heatmaps`: `OUT_DIR/<video_name>_heatmaps/<frame_id>.png`, see `heatmap_panel`; for `matching='full'`
            - `attention`: `OUT_DIR/<video_name>_attention/<frame_id>.png`, see `attention_panel`; for `gnn` and `full`

    Raises:
        ValueError: for other panels, or those that the model cannot give.
    """

    def __init__(
        self,
        out_dir: str | Path,
        videos: Sequence[str] | None = None,
        fps: float = 12,
        score_thr: float = 0.2,
        skeleton: Links | None = None,
        val: bool = False,
        trails: int = 30,
        panels: Sequence[str] = (),
    ) -> None:
        check_panels(panels)
        self.out_dir = Path(out_dir)
        self.videos = None if videos is None else set(videos)
        self.fps = fps
        self.score_thr = score_thr
        self.skeleton = skeleton
        self.val = val
        self.trails = trails
        self.panels = tuple(panels)
        self._tracker: PoseTracker | None = None
        self._steps: list[Step] = []
        self._drawn: tuple[str, int] | None = None
        self._current: str | None = None
        self._overlay: OverlayVideo | None = None
        self._panel_files: PanelFiles | None = None

    def before_test(self, runner: Runner) -> None:
        self._attach(runner.model, runner.test_dataloader.dataset)

    def before_val(self, runner: Runner) -> None:
        if self.val:
            self._attach(runner.model, runner.val_dataloader.dataset)

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[BaseDataElement]
    ) -> None:
        """Draws the frames of a batch, which may end one video and begin the next."""
        steps = self._steps or [None] * len(outputs)
        for image, sample, step in zip(data_batch['inputs'], outputs, steps, strict=True):
            number = sample.video_name, sample.frame_id
            if number == self._drawn:  # for another person
                continue
            self._drawn = number
            if sample.video_name != self._current:
                self._finish()
            if self.videos is not None and sample.video_name not in self.videos:
                continue
            if self._overlay is None:
                self._begin(sample)
            self._draw(image if isinstance(image, np.ndarray) else read_frame(sample.img_path), sample, step)
            if sample.frame_id == sample.video_length - 1:
                self._finish()
        self._steps.clear()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[BaseDataElement]
    ) -> None:
        if self.val:
            self.after_test_iter(runner, batch_idx, data_batch, outputs)

    def after_test(self, runner: Runner) -> None:
        self._finish()
        self._detach()

    def after_val(self, runner: Runner) -> None:
        self.after_test(runner)

    def _attach(self, model: nn.Module, dataset: BaseDataset) -> None:
        """From here on until `_detach`, the tracker's steps are collected."""
        if self.skeleton is None:
            self.skeleton = dataset.metainfo.get('skeleton_links')
        if not self.panels:
            return
        model = model.module if is_model_wrapper(model) else model
        tracker = getattr(model, 'tracker', None)
        if tracker is None:
            raise ValueError(f'panels {self.panels} need a VideoPoseTracker, the model is a {type(model).__name__}')
        check_panels(self.panels, tracker)
        self._tracker, tracker.observer = tracker, self._steps.append

    def _detach(self) -> None:
        if self._tracker is not None:
            self._tracker.observer = self._tracker = None
        self._drawn = None
        self._steps.clear()

    def _begin(self, sample: BaseDataElement) -> None:
        self._overlay = OverlayVideo(self.out_dir / f'{sample.video_name}.mp4', self.fps, sample.video_length)
        self._panel_files = PanelFiles(self.out_dir, sample.video_name, self.panels, self.fps)
        self._trails = Trails(self.trails, self.score_thr) if self.trails else None
        self._current = sample.video_name

    def _draw(self, frame: np.ndarray, sample: BaseDataElement, step: Step | None) -> None:
        tracked = tracks_of(sample)
        if self._trails is not None:
            self._trails.update(tracked, sample.frame_id)
        self._overlay.write(draw_tracks(frame, tracked, self.skeleton, self.score_thr, trails=self._trails))
        if self.panels:
            drawn = draw_panels(self.panels, frame, step, tracked, self._tracker, self.skeleton, self.score_thr)
            self._panel_files.write(drawn, sample.frame_id)

    def _finish(self) -> None:
        if self._overlay is not None:
            self._overlay.close()
            self._panel_files.close()
        self._overlay = self._current = None
