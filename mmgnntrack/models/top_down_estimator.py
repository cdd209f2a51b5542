"""Poses and visual features from any heatmap-based MMPose top-down estimator."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import numpy as np
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from mmpose.registry import MODELS as POSE_MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmgnntrack.functional import SearchGeometry, cut_crops, grid_regions, pose_nms, upload
from mmgnntrack.posetrack import POSETRACK
from mmgnntrack.registry import MODELS

from .cuda_graphs import CUDAGraphs
from .decoding import batched_decoding, cell_size, pixel_size

#: The stages of MMPose's HRNet whose first output is its highest-resolution branch.
HRNET_STAGES = ('backbone.stage2', 'backbone.stage3', 'backbone.stage4')


class _AllThere(Exception):  # noqa: N818  (no error, as StopIteration is none)
    """Ends a call of a model of which nothing more is wanted."""


def has_heatmaps(model: nn.Module) -> bool:
    """Whether an MMPose model is one of heatmaps."""
    return hasattr(getattr(model.head, 'decoder', None), 'heatmap_size')


@contextmanager
def captured(model: nn.Module, layers: Sequence[str], only: bool = False) -> Iterator[dict[str, list[Tensor]]]:
    """While open, collects what the named layers of a model put out, call by call. Of a layer with several outputs, as
    HRNet's stages are, the first is taken: the one of highest resolution. If `only` they are wanted, the model goes no
    further than it must, and the block ends there."""
    outputs: dict[str, list[Tensor]] = {layer: [] for layer in layers}

    def keep(layer: str, module: nn.Module, args: tuple, output: Tensor | Sequence[Tensor]) -> None:
        outputs[layer].append(output if torch.is_tensor(output) else output[0])
        if only and all(outputs.values()):
            raise _AllThere

    handles = [model.get_submodule(layer).register_forward_hook(partial(keep, layer)) for layer in layers]
    try:
        yield outputs
    except _AllThere:
        pass
    finally:
        for handle in handles:
            handle.remove()


def exact_heatmaps(model: nn.Module) -> AbstractContextManager:
    """While open, a model's heatmaps are float32 under autocast too: MMPose decodes them with numpy, which has no
    bfloat16, and OpenCV, which has no float16. A head without a `final_layer` is left alone."""
    layer = getattr(model.head, 'final_layer', None)
    return nullcontext() if layer is None else layer.register_forward_hook(_as_float32)


def _as_float32(module: nn.Module, args: tuple, output: Tensor) -> Tensor:
    return output.float()


def distinct_poses(poses: InstanceData, threshold: float) -> np.ndarray:
    """Indices of the poses that pose NMS keeps, best first (see `functional.pose_nms`)."""
    scores = poses.bbox_scores * poses.keypoint_scores.mean(-1)
    return pose_nms(poses.keypoints, poses.keypoint_scores, poses.bboxes, scores, threshold)


def picked(poses: InstanceData, rows: np.ndarray) -> InstanceData:
    """Some of the poses, as `poses[rows]` without waiting for a GPU."""
    return InstanceData(
        **{field: values[upload(rows, values) if torch.is_tensor(values) else rows] for field, values in poses.items()}
    )


@MODELS.register_module()
class TopDownEstimator(BaseModule):
    """An MMPose top-down estimator that also answers with its heatmaps and visual features, all on one grid.

    Args:
        model: an MMPose `TopdownPoseEstimator` with a heatmap head, or its config.
        padding: of the boxes, as in MMPose's GetBBoxCenterScale.
        search: `scale` and `coarsen` of `functional.SearchGeometry`; the rest follows from the model.
        feature_layers: submodules whose outputs, concatenated, are the visual features; none for poses alone.
        flip_indices: for flip test: the joint that takes each one's place in a mirrored image; PoseTrack's by default.
        nms_thr: pose NMS drops poses that are at least this similar to a better one.
        max_batch: crops or search regions that go through the network at once, which is most of the memory; None for 8
            on a CPU and 32 on a GPU.
    """

    def __init__(
        self,
        model: dict | nn.Module,
        padding: float = 1.25,
        search: dict | None = None,
        feature_layers: Sequence[str] = HRNET_STAGES,
        flip_indices: Sequence[int] = POSETRACK.flip_indices,
        nms_thr: float = 0.5,
        max_batch: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.model = POSE_MODELS.build(model) if isinstance(model, dict) else model
        self.codec = getattr(self.model.head, 'decoder', None)
        if not has_heatmaps(self.model):
            raise ValueError(f'TopDownEstimator needs a head with a heatmap codec, got {type(self.codec).__name__}')
        self.model.test_cfg['output_heatmaps'] = True
        self.geometry = SearchGeometry(
            tuple(self.codec.input_size), tuple(self.codec.heatmap_size), padding, **(search or {})
        )
        self.feature_layers = tuple(feature_layers)
        self.flip_indices = flip_indices
        self.nms_thr = nms_thr
        self.max_batch = max_batch
        self.graphs: CUDAGraphs | None = None

    @torch.no_grad()
    def predict(self, image: np.ndarray | Tensor, people: InstanceData) -> InstanceData:
        """The poses of detected people.

        Args:
            image: (H, W, 3) BGR uint8, or what `on_device` made of it.
            people: bboxes (n, 4) xyxy image px, bbox_scores (n,).

        Returns:
            N <= n poses after pose NMS, best first: keypoints (N, K, 2) image px, keypoint_scores (N, K), bboxes,
            bbox_scores, heatmaps (N, K, H, W) on regions (N, 4), feature_maps (N, C, H, W) on the same grid.
        """
        image = self.on_device(image)
        batches = [self._estimate(image, people[some]) for some in self._batches(len(people))]
        estimated = InstanceData.cat([self._nothing(), *batches])
        return picked(estimated, distinct_poses(estimated, self.nms_thr))

    @torch.no_grad()
    def search_features(self, image: np.ndarray | Tensor, crops: np.ndarray) -> Tensor:
        """Visual features (n, C, H, W) of the search regions around crops (n, 4) cx, cy, w, h of an image, which is
        given as in `predict`."""
        image, size = self.on_device(image), self.geometry.search_input_size
        pixels = grid_regions(self.geometry.search_boxes(crops), size, (1, 1))
        batches = (cut_crops(image, pixels[some], size) for some in self._batches(len(crops)))
        return self._features(batches, self.geometry.search_grid_size)

    @torch.no_grad()
    def features(self, inputs: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Visual features (n, C, H, W) of network inputs (3, h, w) BGR uint8, on a grid of `size` (W, H)."""
        return self._features((inputs[some] for some in self._batches(len(inputs))), size)

    def on_device(self, image: np.ndarray | Tensor) -> Tensor:
        """An image (H, W, 3) as the (3, H, W) float32 tensor that crops are cut from; a tensor is one already."""
        if torch.is_tensor(image):
            return image
        return upload(image, next(self.model.parameters())).permute(2, 0, 1).float()

    def record(self) -> None:
        """From now on a GPU replays what the backbone told it, see `CUDAGraphs`."""
        wanted = [self.model.get_submodule(layer) for layer in self.feature_layers if layer.startswith('backbone.')]
        self.graphs = CUDAGraphs(self.model.backbone, wanted)

    def _replaying(self) -> AbstractContextManager:
        return self.graphs.replaying() if self.graphs else nullcontext()

    def _batches(self, count: int) -> list[slice]:
        size = self.max_batch or (32 if next(self.model.parameters()).is_cuda else 8)
        return [slice(start, start + size) for start in range(0, count, size)]

    def _features(self, batches: Iterable[Tensor | Sequence[Tensor]], size: tuple[int, int]) -> Tensor:
        maps = [self._zeros(0, self.visual_channels, *size[::-1])]
        return torch.cat([*maps, *(self._feature_maps(batch, size) for batch in batches)])

    def _feature_maps(self, inputs: Tensor | Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        samples = [PoseDataSample() for _ in inputs]
        batch = self.model.data_preprocessor(dict(inputs=inputs, data_samples=samples), False)
        with self._replaying(), captured(self.model, self.feature_layers, only=True) as outputs:
            self.model(batch['inputs'], None, mode='tensor')
        return self._stacked(outputs, len(inputs), size)

    def _estimate(self, image: Tensor, people: InstanceData) -> InstanceData:
        size, crops = self.geometry.input_size, self.geometry.crops(people.bboxes)
        inputs = cut_crops(image, grid_regions(crops, size, pixel_size(self.codec)), size)
        swaps = upload(self.flip_indices, inputs)
        samples = [self._sample(*of_one, swaps) for of_one in zip(crops, people.bboxes, people.bbox_scores)]
        batch = self.model.data_preprocessor(dict(inputs=inputs, data_samples=samples), False)
        exact = exact_heatmaps(self.model)
        decoding, collected = batched_decoding(self.model.head), captured(self.model, self.feature_layers)
        with self._replaying(), exact, decoding, collected as outputs:
            results = self.model(**batch, mode='predict')
        return self.gather(results, outputs)

    def _sample(self, crop: np.ndarray, bbox: np.ndarray, score: float, flip_indices: Tensor) -> PoseDataSample:
        """What MMPose's transforms tell a model of a crop (4,) cx, cy, w, h."""
        sample = PoseDataSample(
            metainfo=dict(
                input_center=crop[:2],
                input_scale=crop[2:],
                input_size=self.geometry.input_size,
                flip_indices=flip_indices,
            )
        )
        sample.gt_instances = InstanceData(bboxes=bbox[None], bbox_scores=np.array([score], np.float32))
        return sample

    def gather(self, results: Sequence[PoseDataSample], outputs: dict[str, list[Tensor]]) -> InstanceData:
        """What the model says of several crops as the poses that `predict` returns, before NMS.

        Args:
            results: n samples of one person each, with predicted heatmaps.
            outputs: of the feature layers meanwhile (see `captured`).
        """
        centers, scales, sizes = (
            np.stack([result.metainfo[key] for result in results])
            for key in ('input_center', 'input_scale', 'input_size')
        )
        crops = np.concatenate([centers, scales], axis=-1)
        heatmaps = torch.stack([result.pred_fields.heatmaps for result in results])
        poses = InstanceData.cat([result.pred_instances for result in results])
        cell = cell_size(self.codec, heatmaps.shape[:-3:-1])
        return InstanceData(
            keypoints=poses.keypoints.astype(np.float32),
            keypoint_scores=poses.keypoint_scores.astype(np.float32),
            bboxes=poses.bboxes.astype(np.float32),
            bbox_scores=poses.bbox_scores.astype(np.float32),
            heatmaps=heatmaps,
            regions=grid_regions(crops, sizes, cell).astype(np.float32),
            feature_maps=self._stacked(outputs, len(results), heatmaps.shape[:-3:-1]),
        )

    def _stacked(self, outputs: dict[str, list[Tensor]], count: int, size: tuple[int, int]) -> Tensor:
        """The first call's outputs (the second one's input is flipped), concatenated on one grid of `size` (W, H)."""
        if not outputs:
            return self._zeros(count, 0, *size[::-1])
        maps = [
            interpolate(calls[0], size[::-1], mode='bilinear', align_corners=True)
            if calls[0].shape[-2:] != size[::-1]
            else calls[0]
            for calls in outputs.values()
        ]
        return torch.cat(maps, dim=1)

    def _nothing(self) -> InstanceData:
        """No poses, with all fields that poses have."""
        width, height = self.geometry.heatmap_size
        joints = self.model.head.out_channels
        return InstanceData(
            keypoints=np.zeros((0, joints, 2), np.float32),
            keypoint_scores=np.zeros((0, joints), np.float32),
            bboxes=np.zeros((0, 4), np.float32),
            bbox_scores=np.zeros(0, np.float32),
            heatmaps=self._zeros(0, joints, height, width),
            regions=np.zeros((0, 4), np.float32),
            feature_maps=self._zeros(0, self.visual_channels, height, width),
        )

    @property
    def visual_channels(self) -> int:
        """Channels of the visual features, as one look at a blank input shows."""
        if not hasattr(self, '_visual_channels'):
            blank = torch.zeros(3, *self.geometry.input_size[::-1], dtype=torch.uint8)
            training = self.model.training
            self.model.eval()
            with torch.no_grad():
                self._visual_channels = self._feature_maps([blank], self.geometry.heatmap_size).shape[1]
            self.model.train(training)
        return self._visual_channels

    def _zeros(self, *shape: int) -> Tensor:
        return next(self.model.parameters()).new_zeros(shape)
