"""Tracked poses of any video, frame by frame."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.infer import BaseInferencer
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement, InstanceData

from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.engine.configs import merge_options, read_config
from mmgnntrack.engine.downloads import fetched, is_url
from mmgnntrack.functional import OneEuroFilter
from mmgnntrack.models import Step, VideoPoseTracker
from mmgnntrack.posetrack.errors import LARGEST
from mmgnntrack.visualization import Trails, check_panels, draw_panels, draw_tracks
from mmgnntrack.visualization.poses import Links

from .frame_source import Frame, FrameSource

#: Public models of COCO's joints, and the package's own dynamics.
DEFAULT_CONFIG = 'full_rtmdet-tiny_hrnet-w32_coco'


class PoseTrackInferencer(BaseInferencer):
    """Detects, estimates and tracks the people of a video::

        inferencer = PoseTrackInferencer()
        for result in inferencer('video.mp4'):
            tracks = result['predictions'][0].pred_track_instances

    Args:
        model: config of a `VideoPoseTracker`, as a file, the name of one of this package's configs, or a Config.
        weights: file or URL of a checkpoint of the dynamics head; a `PretrainedTracker`, or matching by iou, oks or
            distance, needs none.
        detector_weights: of the detector; None for what the config names (`PartCheckpointHook`).
        pose_weights: of the pose estimator; None for what the config names (`PartCheckpointHook`).
        device: 'cpu', 'cuda:0', ...; None for what is there.
        cfg_options: settings that override the config's.
        show_progress: not used: results come frame by frame.
        weights_dir: folder of files that the config would download, fetched by hand.

    Raises:
        FileNotFoundError: for a config or a checkpoint that is not there.
        ValueError: for a model that cannot be built, weights that do not fit, or that are missing where poses are
            predicted, or a device that is not there.
    """

    visualize_kwargs = {'return_vis', 'skeleton', 'score_thr'}

    def __init__(
        self,
        model: str | Path | Config | dict = DEFAULT_CONFIG,
        weights: str | None = None,
        detector_weights: str | None = None,
        pose_weights: str | None = None,
        device: str | None = None,
        cfg_options: dict | None = None,
        show_progress: bool = False,
        weights_dir: str | Path | None = None,
    ) -> None:
        config = find_config(model)
        if 'untracked' in config.get('model', {}):
            config.model.untracked = False  # a video is about people, AP about tests
        merge_options(config, cfg_options or {}, model if isinstance(model, str | Path) else 'config')
        self._parts = part_weights(config) | {
            part: file
            for part, file in dict(detector=detector_weights, pose_estimator=pose_weights).items()
            if file is not None
        }
        init_default_scope(config.get('default_scope') or 'mmpose')
        if weights_dir is not None:
            self._parts = {part: _local(file, weights_dir) for part, file in self._parts.items()}
            weights = _local(weights, weights_dir)
        self._weights = weights
        self._smoother = OneEuroFilter(25.0)
        try:
            torch.device(device or 'cpu')
        except RuntimeError as error:
            raise ValueError(f'device {device}: expected cpu, cuda or cuda:N') from error
        if device is not None and device.startswith('cuda') and not torch.cuda.is_available():
            raise ValueError(f'device {device}: there is no GPU that torch can use')
        try:
            # mmengine's own loading would want all weights in one file.
            super().__init__(config, None, device, 'mmgnntrack', show_progress)
        except (TypeError, KeyError) as error:  # a field or a type that is not there
            raise ValueError(f'cannot build the model of the config: {error}') from error

    def __call__(
        self,
        inputs: str | Path | FrameSource,
        start: int = 0,
        every: int = 1,
        max_people: int | None = None,
        smooth: bool = False,
        panels: Sequence[str] = (),
        **kwargs: object,
    ) -> Iterator[dict]:
        """Tracks a video.

        Args:
            inputs: a video, or what `FrameSource` takes.
            start: number of the first frame; beyond 0 the tracker goes on as it is, otherwise it begins anew.
            every: the detector looks at every so many frames; between them people are looked for where they are
                expected.
            max_people: no more boxes a frame than these many, the surest ones; whom the tracker recovers without a box
                comes on top.
            smooth: take the jitter out of the poses that are given out (`OneEuroFilter`); the tracker sees them as
                they are.
            panels: some of `PANELS`, drawn of what the tracker did in each frame.
            **kwargs: of `visualize`: `return_vis`, `skeleton`, `score_thr`.

        Yields:
            a dict for each frame: `predictions`, a list of one data sample with `pred_track_instances` (see
            `PoseTracker.step`) and the metainfo `video_name`, `frame_id`, `img_path` (the frame's name);
            `visualization`, a list of the drawn frame if `return_vis`, else empty; and `panels`, pictures by name. Of a
            frame that cannot be decoded the sample has no people, and nothing is drawn.

        Raises:
            ValueError: for unknown panels, or those that show what the model's matching does not do.
        """
        check_panels(panels, self.model.tracker)
        _, _, visualize_kwargs, _ = self._dispatch_kwargs(**kwargs)
        source = inputs if isinstance(inputs, FrameSource) else FrameSource(inputs)
        if start == 0:
            self.reset()
        self._smoother.fps = source.fps or 25.0
        self._trails = Trails()
        drawing = {name: value for name, value in visualize_kwargs.items() if name != 'return_vis'}
        steps: list[Step] = []
        tracker, observer = self.model.tracker, self.model.tracker.observer
        if panels:
            tracker.observer = steps.append
        try:
            for frame in source.frames(start):
                sample = self.forward(frame, every, max_people)
                sample.set_metainfo(dict(video_name=source.name))
                tracks, drawn = sample.pred_track_instances, {}
                if steps:
                    drawn = draw_panels(panels, frame.image, steps.pop(), tracks, tracker, **drawing)
                if smooth and frame.image is not None:
                    sizes = np.linalg.norm(tracks.bboxes[:, 2:] - tracks.bboxes[:, :2], axis=-1)
                    tracks.keypoints = self._smoother(tracks.instances_id, tracks.keypoints, sizes).astype(np.float32)
                yield self.postprocess([sample], self.visualize([frame], [sample], **visualize_kwargs), drawn)
        finally:
            tracker.observer = observer

    def reset(self) -> None:
        """Begins a new video."""
        self.model.tracker.reset()
        self._smoother.restore({})

    def state(self) -> dict[str, object]:
        """What was remembered of the video so far, as tensors; `restore` takes it back."""
        smoothed = {identity: torch.as_tensor(np.stack(both)) for identity, both in self._smoother.state().items()}
        return dict(memory=self.model.tracker.memory.state(), smoothed=smoothed)

    def restore(self, state: dict[str, object]) -> None:
        """Lets `__call__` with a `start` go on where another inferencer was when its `state` was taken.

        Raises:
            ValueError: for what is none.
        """
        self.model.tracker.memory.restore(state['memory'])
        shape = (2, len(self.model.tracker.sigmas), 2)
        for identity, both in state['smoothed'].items():
            if type(identity) is not int or both.shape != shape or not (both.abs() <= LARGEST).all():
                expected = f'ids, and joints and speeds {shape} of at most {LARGEST:g}'
                raise ValueError(f'smoothed: expected {expected}, got {identity!r} and {(*both.shape,)}')
        self._smoother.restore({identity: tuple(both.numpy()) for identity, both in state['smoothed'].items()})

    @torch.no_grad()
    def forward(self, frame: Frame, every: int = 1, max_people: int | None = None) -> BaseDataElement:
        """The sample of one frame."""
        sample = BaseDataElement(metainfo=dict(frame_id=frame.number, img_path=frame.name))
        if frame.image is None:
            joints = len(self.model.tracker.sigmas)
            sample.pred_track_instances = nobody(joints)
            return sample
        people = None
        detect = frame.number % every == 0
        if detect and max_people is not None:
            people = self.model.detect(frame.image)[:max_people]
        sample.pred_track_instances = self.model.track(frame.image, frame.number, people, detect)
        return sample

    def visualize(
        self,
        inputs: Sequence[Frame],
        preds: Sequence[BaseDataElement],
        return_vis: bool = False,
        skeleton: Links | None = None,
        score_thr: float = 0.2,
    ) -> list[np.ndarray]:
        """The frames with their tracks drawn, where asked for."""
        pictures = []
        for frame, sample in zip(inputs, preds):
            if return_vis and frame.image is not None:
                tracks = sample.pred_track_instances
                self._trails.update(tracks, frame.number)
                pictures.append(draw_tracks(frame.image, tracks, skeleton, score_thr, trails=self._trails))
        return pictures

    def postprocess(
        self, preds: list[BaseDataElement], visualization: list[np.ndarray], panels: dict[str, np.ndarray]
    ) -> dict:
        """What `__call__` yields."""
        return dict(predictions=preds, visualization=visualization, panels=panels)

    def _load_weights_to_model(self, model: VideoPoseTracker, checkpoint: dict | None, cfg: ConfigDict) -> None:
        """Each part from its own file."""
        if not isinstance(model, VideoPoseTracker):
            raise ValueError(f'expected a config of a VideoPoseTracker, got one of a {type(model).__name__}')
        for part, file in self._parts.items():
            if getattr(model, part) is not None and file is not None:
                load_part(getattr(model, part).model, part, file)
        if self._weights is not None:
            load_part(model.tracker, 'tracker', self._weights, prefix='tracker.')
        elif model.tracker.needs_weights:
            raise ValueError(
                f'matching={model.tracker.matching!r} predicts poses: expected weights of the dynamics head'
            )

    def _init_pipeline(self, cfg: ConfigDict) -> None:
        """None: the model's parts resize for themselves."""

    def _init_collate(self, cfg: ConfigDict) -> None:
        """None: one frame at a time."""

    def _init_visualizer(self, cfg: ConfigDict) -> None:
        """None: frames are drawn by `draw_tracks`."""


def find_config(model: str | Path | Config | dict) -> Config:
    """A config by its file or by its name among this package's, or as it is.

    Raises:
        FileNotFoundError: if there is none, or several of that name.
    """
    if not isinstance(model, str | Path):
        return Config(dict(model)) if isinstance(model, dict) else model.copy()
    if Path(model).is_file():
        return read_config(model)
    folder = Path(BaseInferencer._get_repo_or_mim_dir('mmgnntrack')) / 'configs'
    configs = [path for path in folder.rglob('*.py') if path.parent.name != '_base_']
    name = Path(model).stem
    found = [path for path in configs if path.stem == name]
    if len(found) != 1:
        near = difflib.get_close_matches(name, [path.stem for path in configs], n=3)
        hint = f'; did you mean {" or ".join(near)}?' if near else ''
        raise FileNotFoundError(f'{model}: no such config file, and {len(found)} of that name in {folder}{hint}')
    return read_config(found[0])


def _local(file: str | None, folder: str | Path) -> str | None:
    return str(fetched(file, folder)) if file is not None and is_url(file) else file


def part_weights(config: Config) -> dict[str, str | None]:
    """The files of the detector and the pose estimator that a config names."""
    for hook in config.get('custom_hooks') or []:
        if hook['type'].endswith('PartCheckpointHook'):
            return {part: hook.get(part) for part in VideoPoseTracker.FROZEN}
    return {}


def nobody(joints: int) -> InstanceData:
    """Tracks of a frame without people."""
    return InstanceData(
        instances_id=np.zeros(0, np.int64),
        keypoints=np.zeros((0, joints, 2), np.float32),
        keypoint_scores=np.zeros((0, joints), np.float32),
        bboxes=np.zeros((0, 4), np.float32),
        ages=np.zeros(0, np.int64),
        sources=np.zeros(0, np.int64),
        predicted=np.zeros(0, bool),
    )
