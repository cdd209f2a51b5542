"""The full video model."""

import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor

from mmgnntrack.functional import SearchGeometry, sample_at
from mmgnntrack.registry import MODELS
from mmgnntrack.settings import share_out

from .instance_cache import InstanceCache
from .speed import Speed

#: What poses have that takes much memory.
MAPS = ('heatmaps', 'feature_maps')


@MODELS.register_module()
class VideoPoseTracker(BaseModel):
    """Detector, pose estimator and tracker in one model: frames in, tracked poses out.

    In training it sees tubes of one person and learns the dynamics head; everything else is frozen. In testing it sees
    the frames of videos one by one, in order, and starts anew with frame 0 of each.

    Args:
        tracker: `PoseTracker`.
        pose_estimator: `TopDownEstimator`; None where the dynamics of poses alone are trained, and the tracker has its
            own `codec` and `search`.
        detector: `PersonDetector`; None where only the dynamics head is trained, or all frames come with boxes.
        bbox_score_thr: whoever has a box with a lower score is not tracked.
        untracked: whether poses that are nobody's are given out too, with the id -1, as AP counts them. If not, the
            pose estimator looks at no box below the threshold.
        cache_dir: folder for what detector and pose estimator find, so that later runs take it from there, heatmaps and
            features in half precision; None for no cache. A log line says how much a person takes. The features of the
            search regions depend on the tracks and are computed always.
        **settings: see `Speed`.
    """

    FROZEN = ('detector', 'pose_estimator')

    def __init__(
        self,
        tracker: dict,
        pose_estimator: dict | None = None,
        detector: dict | None = None,
        bbox_score_thr: float = 0.0,
        untracked: bool = False,
        cache_dir: str | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
        **settings: object,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmgnntrack.SamplePreprocessor'), init_cfg)
        self.detector = MODELS.build(detector) if detector else None
        self.pose_estimator = MODELS.build(pose_estimator) if pose_estimator else None
        estimator = dict(codec=self.pose_estimator.codec, search=self.pose_estimator.geometry) if pose_estimator else {}
        self.tracker = MODELS.build(tracker, default_args=estimator)
        for part in self.FROZEN:
            if getattr(self, part) is not None:
                getattr(self, part).requires_grad_(False)
        named = ('tracker', 'pose_estimator', 'detector', 'bbox_score_thr', 'untracked', 'cache_dir')
        (settings,) = share_out('VideoPoseTracker', settings, Speed, besides=named)
        self.speed = Speed(**settings)
        if self.pose_estimator is not None:
            self.speed.prepare(self.pose_estimator)
        self.bbox_score_thr = bbox_score_thr
        self.untracked = untracked
        self._check_channels()
        self._caches = {}
        if cache_dir is not None:
            for part, config in dict(detector=detector, pose_estimator=pose_estimator).items():
                self._caches[part] = InstanceCache(Path(cache_dir) / part, getattr(self, part), config)
            self._announce(Path(cache_dir))
        self._video: str | None = None

    def init_weights(self) -> None:
        """Of the dynamics head alone: frozen parts come from files (`PartCheckpointHook`), and to initialise them would
        download what their configs name."""
        self.tracker.init_weights()

    def train(self, mode: bool = True) -> 'VideoPoseTracker':
        """Frozen parts stay in eval mode."""
        super().train(mode)
        for part in self.FROZEN:
            if getattr(self, part) is not None:
                getattr(self, part).eval()
        return self

    def forward(
        self, inputs: list | dict, data_samples: Sequence[BaseDataElement], mode: str = 'tensor'
    ) -> dict[str, Tensor] | list[BaseDataElement] | Tensor:
        """Training takes tubes (`PackTubeInputs`), testing one frame a sample (`PackFrameInputs`)."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        history, search_features = self._tubes(inputs, data_samples)
        return self.tracker.dynamics_head(history, self.tracker.geometry.search_grid_size, search_features)

    def loss(self, inputs: dict, data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The dynamics head's loss on tubes."""
        history, search_features = self._tubes(inputs, data_samples)
        head = self.tracker.dynamics_head
        truth = InstanceData.cat([sample.gt_instance_labels for sample in data_samples])
        if head.needs_heatmaps:
            if not all('gt_fields' in sample for sample in data_samples):
                name = type(head).__name__
                raise ValueError(f'{name} learns from target heatmaps: PackTubeInputs(heatmaps=True) draws them')
            truth.heatmaps = torch.stack([sample.gt_fields.heatmaps for sample in data_samples])
        return head.loss(history, search_features, truth)

    def predict(
        self, inputs: Sequence[np.ndarray], data_samples: Sequence[BaseDataElement]
    ) -> Sequence[BaseDataElement]:
        """Adds `pred_track_instances` to each frame's sample.

        Args:
            inputs: BGR frames (H, W, 3) uint8.
            data_samples: with `video_name` and `frame_id`, frames in order, and, where the detector is not asked,
                `proposals` with bboxes (n, 4) xyxy image px and bbox_scores (n,).
        """
        for image, sample in zip(inputs, data_samples):
            if sample.frame_id == 0 or sample.video_name != self._video:
                self.tracker.reset()
                self._video = sample.video_name
            sample.pred_track_instances = self.track(image, sample.frame_id, sample.get('proposals'))
        return data_samples

    def track(
        self, image: np.ndarray, frame_id: int, people: InstanceData | None = None, detect: bool = True
    ) -> InstanceData:
        """The poses of the next frame of a video (see `PoseTracker.step`), those that are nobody's if `untracked`.

        Args:
            image: (H, W, 3) BGR uint8.
            frame_id: number of the frame in its video.
            people: bboxes (n, 4) xyxy image px and bbox_scores (n,); None to ask the detector.
            detect: False to look for known people alone, where they are expected, without the detector.
        """
        with self.speed.running(next(self.parameters()).device):
            return self._track(image, frame_id, people, detect)

    def _track(self, image: np.ndarray, frame_id: int, people: InstanceData | None, detect: bool) -> InstanceData:
        frame = self.pose_estimator.on_device(image) if self.pose_estimator else None

        def search_features(crops: np.ndarray) -> Tensor:
            return self.pose_estimator.search_features(frame, crops)

        size, reference, doubtful = image.shape[1::-1], None, None
        if detect:
            people = self.detect(image) if people is None else people
            sure = people.bbox_scores >= self.bbox_score_thr
            estimated, doubtful = self.estimate(image, people[sure], frame=frame), people[~sure]
        else:
            self.tracker.begin(frame_id)
            reference = self.tracker.reference(frame_id, search_features)
            sure = np.ones(len(reference), np.float32)
            estimated = self.estimate(image, InstanceData(bboxes=reference.bboxes, bbox_scores=sure), frame=frame)
            # A box says nothing of whether somebody is there: whoever is not seen clearly counts as missed.
            estimated = estimated[self.tracker.life_cycle.seen(estimated.keypoint_scores)]
        poses = self.tracker.step(estimated, frame_id, search_features, reference, size)
        if not self.untracked:
            return poses[poses.instances_id >= 0]
        if doubtful is None or not len(doubtful):
            return poses
        nobodys = self.estimate(image, doubtful, maps=False, frame=frame)
        return InstanceData.cat([poses, self.tracker.untracked(nobodys, poses)])

    def detect(self, image: np.ndarray) -> InstanceData:
        """The people of an image (see `PersonDetector.predict`), from the cache if they are there."""
        if self.detector is None:
            raise ValueError('VideoPoseTracker has no detector: it needs one, or frames with `proposals`')
        if not self._caches:
            return self.detector.predict(image)
        return self._caches['detector'](image, compute=lambda: self.detector.predict(image))

    def estimate(
        self, image: np.ndarray, people: InstanceData, maps: bool = True, frame: Tensor | None = None
    ) -> InstanceData:
        """The poses of people (see `TopDownEstimator.predict`), without their heatmaps and feature maps if `maps` is
        False, from the cache if they are there. `frame` is the image on the device, if it is there already."""

        def compute() -> InstanceData:
            poses = self.pose_estimator.predict(image if frame is None else frame, people)
            for field in () if maps else MAPS:
                poses.pop(field)
            return poses

        if self.pose_estimator is None:
            raise ValueError('VideoPoseTracker has no pose_estimator: tools/track_poses.py tracks poses without images')
        if not self._caches:
            return compute()
        inputs = image, people.bboxes, people.bbox_scores, np.array(maps)
        unread = () if self.tracker.mode.predicts else MAPS
        return self._caches['pose_estimator'](*inputs, compute=compute, without=unread)

    def _tubes(self, inputs: dict, data_samples: Sequence[BaseDataElement]) -> tuple[InstanceData, Tensor | None]:
        """Histories with the visual features at their joints, and the features of the search regions."""
        history = InstanceData.cat([sample.history for sample in data_samples])
        self._check_tubes(history, data_samples[0].get('geometry'))
        if not self.tracker.dynamics_head.visual_channels:
            return history, None
        estimator, crops = self.pose_estimator, torch.cat(inputs['history'])
        there = history.valid.any(-1)  # nobody listens to the joints of a pose that is missing
        maps = estimator.features(crops[there.flatten()], estimator.geometry.heatmap_size)
        found = sample_at(maps, history.cells[there].to(maps.device))
        history.features = found.new_zeros(*history.cells.shape[:3], found.shape[-1])
        history.features[there] = found
        return history, estimator.features(inputs['search'], estimator.geometry.search_grid_size)

    def _check_tubes(self, history: InstanceData, geometry: SearchGeometry | None) -> None:
        """What is trained is what will track: as long a history, the same crops and search regions."""
        length, remembered = history.valid.shape[1], self.tracker.memory.length
        if length != remembered:
            raise ValueError(
                f'the pipeline gives histories of {length} poses (SampleTube has length={length + 1}), but '
                f'tracker.memory has length={remembered}'
            )
        for field in fields(geometry) if geometry is not None and self.tracker.geometry is not None else ():
            given, own = (getattr(source, field.name) for source in (geometry, self.tracker.geometry))
            if not np.array_equal(given, own):
                raise ValueError(
                    f"the pipeline's PackTubeInputs has {field.name}={given}, but the model has {own}: crops and "
                    'search regions would be others in training than in tracking'
                )

    def _announce(self, cache: Path) -> None:
        """Says how much disk the cache takes."""
        if self.pose_estimator is None:
            return
        channels = self.pose_estimator.visual_channels + self.pose_estimator.model.head.out_channels
        size = 2e-6 * channels * np.prod(self.pose_estimator.geometry.heatmap_size)
        there = next(folder for folder in (cache, *cache.absolute().parents) if folder.exists())
        free = shutil.disk_usage(there).free / 1e9
        print_log(
            f'cache {cache}: {size:.2g} MB for each person in each frame, {6 * size:.2g} GB for 1000 frames of 6 '
            f'people; {free:.0f} GB are free',
            'current',
        )

    def _check_channels(self) -> None:
        head = self.tracker.dynamics_head
        if self.pose_estimator is None:
            if head is not None and head.visual_channels:
                raise ValueError('VideoPoseTracker has no pose_estimator, which the visual cue of the head comes from')
            return
        joints, sigmas = self.pose_estimator.model.head.out_channels, len(self.tracker.sigmas)
        if joints != sigmas:
            raise ValueError(f'the pose estimator has {joints} keypoints, but tracker.sigmas has {sigmas} values')
        if head is None or not head.visual_channels:
            return
        channels, layers = self.pose_estimator.visual_channels, self.pose_estimator.feature_layers
        if channels != head.visual_channels:
            raise ValueError(
                f'the dynamics head has visual_channels={head.visual_channels}, but feature_layers={layers} of the '
                f'pose estimator give {channels} channels: set tracker.dynamics_head.visual_channels={channels}'
            )
