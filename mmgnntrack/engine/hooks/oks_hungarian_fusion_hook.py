"""Tracking in MMPose's own pipelines."""

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch import nn

from mmgnntrack.datasets.image_frames import ImageFrame, image_frames
from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.images import read_frame
from mmgnntrack.models import PoseTracker, TopDownEstimator
from mmgnntrack.models.given_poses import as_estimated
from mmgnntrack.models.top_down_estimator import (
    HRNET_STAGES,
    captured,
    distinct_poses,
    exact_heatmaps,
    has_heatmaps,
)
from mmgnntrack.models.tracker import MODES
from mmgnntrack.registry import HOOKS, MODELS

#: The tracker that brings its own weights.
PRETRAINED = 'mmgnntrack.PretrainedTracker'


@HOOKS.register_module()
class OKSHungarianFusionHook(Hook):
    """Makes a stock MMPose top-down test pipeline track, by two entries in its config::

        custom_hooks = [dict(type='mmgnntrack.OKSHungarianFusionHook')]
        test_dataloader = dict(batch_sampler=dict(type='mmgnntrack.FrameBatchSampler'))

    The poses that `test_step` returns are matched with those of the frames before, and, for `matching='full'`, fused
    with the predicted ones, before the evaluator, the visualizer and later hooks see them:
        - each sample's `pred_instances` has the final pose and its `instances_id`, -1 for poses that are not tracked:
          those that NMS drops, and new ones whose joints have low scores
        - its `pred_track_instances` has all tracked people of the frame, also those whom the detector missed, and last,
          with the id -1, the poses that are nobody's; its metainfo `video_name`, `frame_id` and `video_length`, for
          `PoseTrackMetric` and `TrackVisualizationHook`

    The model sees crops only; where the dynamics head has a visual cue, the frame is read from `img_path`. A frame
    without boxes is never seen, but counts: ages are in frames of the annotation file (see `image_frames`).

    Args:
        tracker: config of a `PoseTracker`, without its codec, which comes from the model; its `sigmas` are the data
            set's, its `search` as in `TopDownEstimator`, the one that the weights were trained with. Without a
            `dynamics_head` it is a `PretrainedTracker`, which brings its own weights; then heatmaps that a model does
            not have are drawn around its joints.
        checkpoint: file or URL with the tracker's weights.
        padding: of the boxes, as in the pipeline's GetBBoxCenterScale.
        feature_layers: see `TopDownEstimator`; used where the dynamics head has a visual cue.
        nms_thr: poses that are at least this similar to a better one are not tracked.

    Raises:
        ValueError: where a batch is not the people of one whole frame, in order; for a model without heatmaps and a
            dynamics head of one's own.
    """

    def __init__(
        self,
        tracker: dict | None = None,
        checkpoint: str | None = None,
        padding: float = 1.25,
        feature_layers: Sequence[str] = HRNET_STAGES,
        nms_thr: float = 0.5,
    ) -> None:
        if checkpoint and not tracker:
            raise ValueError(f'OKSHungarianFusionHook: the checkpoint {checkpoint} needs a `tracker` to load it into')
        own = 'dynamics_head' in (tracker or {})
        self.tracker_config = dict(type='mmgnntrack.PoseTracker' if own else PRETRAINED) | (tracker or {})
        self.checkpoint = checkpoint
        self.padding = padding
        self.feature_layers = feature_layers
        self.nms_thr = nms_thr
        self._attached = ExitStack()

    def before_val(self, runner: Runner) -> None:
        self._attach(runner.model, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        self._attach(runner.model, runner.test_dataloader.dataset)

    def after_val(self, runner: Runner) -> None:
        self._attached.close()

    def after_test(self, runner: Runner) -> None:
        self._attached.close()

    def _attach(self, model: nn.Module, dataset: BaseDataset) -> None:
        """From here on until `_attached` closes, the model's predictions are tracked."""
        model = model.module if is_model_wrapper(model) else model
        self._frames = image_frames(dataset)
        self._people = Counter(dataset.get_data_info(index)['img_id'] for index in range(len(dataset)))
        self._frame: ImageFrame | None = None
        config = dict(self.tracker_config)
        config.setdefault('sigmas', dataset.metainfo['sigmas'])
        if config['type'] == PRETRAINED:
            names = dataset.metainfo['keypoint_id2name']
            config.setdefault('joints', [names[index] for index in range(len(names))])
        self._estimator, outputs = None, {}
        keeps_heatmaps = bool(model.test_cfg.get('output_heatmaps'))
        mode = MODES.get(config.get('matching', 'full'))
        if mode and mode.predicts and (has_heatmaps(model) or config['type'] != PRETRAINED):
            search = config.pop('search', None)
            self._estimator = TopDownEstimator(model, self.padding, search, feature_layers=self.feature_layers)
            self._attached.callback(model.test_cfg.update, output_heatmaps=keeps_heatmaps)
            self._attached.enter_context(exact_heatmaps(model))
            config.update(codec=self._estimator.codec, search=self._estimator.geometry)
        self._tracker: PoseTracker = MODELS.build(config).to(next(model.parameters()).device).eval()
        if self._estimator and self._tracker.mode.predicts and self._tracker.dynamics_head.visual_channels:
            outputs = self._attached.enter_context(captured(model, self.feature_layers))
        if self.checkpoint:
            load_part(self._tracker, 'tracker', self.checkpoint, prefix='tracker.')
        elif self._tracker.needs_weights:
            print_log(
                'OKSHungarianFusionHook: no checkpoint, the dynamics head is untrained', 'current', logging.WARNING
            )

        def track(_: nn.Module, args: tuple, kwargs: dict, results: list[PoseDataSample]) -> None:
            if kwargs.get('mode') == 'predict':
                self._track(results, outputs)
                for sample in results:
                    if not keeps_heatmaps:
                        sample.pop('pred_fields', None)
            for calls in outputs.values():
                calls.clear()

        self._attached.callback(model.register_forward_hook(track, with_kwargs=True).remove)

    def _track(self, results: list[PoseDataSample], outputs: dict) -> None:
        """Tracks the people of one frame, and writes what is found into their samples."""
        frame = self._next_frame(results)
        estimated = InstanceData.cat([sample.pred_instances for sample in results])
        if self._estimator:
            estimated = self._estimator.gather(results, outputs)
        elif self._tracker.mode.fuses:
            drawn = as_estimated(estimated.keypoints, estimated.keypoint_scores, self._tracker)
            estimated.set_data(dict(drawn.items()))
        kept = distinct_poses(estimated, self.nms_thr)
        tracked = self._tracker.step(
            estimated[kept],
            frame.number,
            lambda crops: self._estimator.search_features(read_frame(results[0].img_path), crops),
        )
        for sample in results:
            sample.pred_instances.instances_id = np.array([-1])
            sample.pred_track_instances = tracked
            sample.set_metainfo(dict(video_name=frame.video, frame_id=frame.number, video_length=frame.video_length))
        for row in np.flatnonzero(tracked.sources >= 0):
            instance = results[kept[tracked.sources[row]]].pred_instances
            for field in ('keypoints', 'keypoint_scores', 'instances_id'):
                instance.set_field(tracked[field][[row]], field)

    def _next_frame(self, results: list[PoseDataSample]) -> ImageFrame:
        """The frame whose people a batch has, which must be a later one than the last."""
        images = {sample.img_id for sample in results}
        frame, last = self._frames[results[0].img_id], self._frame
        if len(images) > 1 or len(results) != self._people[results[0].img_id]:
            found = f'{len(results)} people of {len(images)} images'
        elif last and last.video == frame.video and last.number >= frame.number:
            found = f'frame {frame.number} of {frame.video} after frame {last.number}'
        else:
            if not last or last.video != frame.video:
                self._tracker.reset()
            self._frame = frame
            return frame
        raise ValueError(
            f'{results[0].img_path}: expected all people of one frame in a batch, frames in order, got {found}: set '
            "batch_sampler=dict(type='mmgnntrack.FrameBatchSampler') in the dataloader"
        )
