"""Training samples for the dynamics head: tubes, that is one person over T frames.

A tube travels through the pipeline as a dict; its L = T - 1 poses of the past come first, the current pose last:
    - img_paths, images: T
    - keypoints (T, K, 2): image px; annotated (T, K): which of them are known (none where the history is short)
    - ages (L,): frames since each pose of the past
    - to_image: (2, 3) affine matrix from file px to image px, the augmentation of the whole tube
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import PoseDataSample

from mmgnntrack.functional import SearchGeometry, grid_regions, image_to_cells, pose_bboxes, region_warp
from mmgnntrack.images import read_frame
from mmgnntrack.posetrack import POSETRACK
from mmgnntrack.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleTube(BaseTransform):
    """Chooses the frames of a tube that ends with the current pose: every g-th before it, as far as the person is
    annotated there. Adds the `ages` (T - 1,) of the history's poses, in units of g: what a tracker that sees every g-th
    frame counts as frames.

    Args:
        length: T.
        gaps: smallest and largest g, in frames of the video.
        ahead: smallest and largest age of the last pose, of those at which the person is annotated; if it is at none,
            the last pose is the nearest in time to the smallest age.
        near: draw gaps and ages in inverse proportion to them, instead of all as often.
    """

    def __init__(
        self, length: int = 4, gaps: tuple[int, int] = (1, 4), ahead: tuple[int, int] = (1, 1), near: bool = False
    ) -> None:
        self.length = length
        self.gaps = gaps
        self.ahead = ahead
        self.near = near

    def transform(self, results: dict) -> dict:
        frames, current = results['frames'], results['current']
        back = frames[current] - frames[:current]
        gap = self._draw(np.arange(self.gaps[0], self.gaps[1] + 1))
        in_step = back % gap == 0
        possible = np.flatnonzero(in_step & (back >= self.ahead[0] * gap) & (back <= self.ahead[1] * gap))
        if len(possible):
            age = self._draw(back[possible[::-1]] // gap)
            last = np.flatnonzero(back == age * gap)[0]
        else:
            age = self.ahead[0]
            last = len(back) - 1 - np.abs(back - age * gap)[::-1].argmin()
        history = in_step & (back >= age * gap) & (back < (age + self.length - 1) * gap)
        history[last:] = False
        history[last] = True
        index = np.append(np.flatnonzero(history)[1 - self.length :], current)
        missing = self.length - len(index)

        results['img_paths'] = [None] * missing + [results['track_img_paths'][i] for i in index]
        results['keypoints'] = _pad_front(results['track_keypoints'][index].astype(np.float64), missing)
        results['annotated'] = _pad_front(results['track_annotated'][index], missing)
        ages = back[index[:-1]] / gap
        results['ages'] = np.concatenate([ages[0] + np.arange(missing, 0, -1), ages])
        return results

    def _draw(self, values: np.ndarray) -> int:
        """One of ascending values."""
        if len(values) == 1:
            return int(values[0])
        if not self.near:
            return int(values[np.random.randint(len(values))])
        shares = np.cumsum(1 / values)
        return int(values[np.searchsorted(shares, np.random.rand() * shares[-1])])


def _pad_front(array: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([np.zeros((count, *array.shape[1:]), array.dtype), array])


@TRANSFORMS.register_module()
class LoadTube(BaseTransform):
    """Adds `images`, the frames of the tube (None where the history is short)."""

    def transform(self, results: dict) -> dict:
        results['images'] = [path and read_frame(path) for path in results['img_paths']]
        return results


@TRANSFORMS.register_module()
class AugmentTube(BaseTransform):
    """Rotates and flips the whole tube about the last pose, and draws the scale of its crops.

    Args:
        rotation: largest angle in degrees, either way.
        scale: largest relative change of the crops' size, either way.
        flip: probability.
        flip_indices: for each joint the index of the one that takes its place in a mirrored image; PoseTrack's by
            default.
    """

    def __init__(
        self,
        rotation: float = 45.0,
        scale: float = 0.35,
        flip: float = 0.5,
        flip_indices: Sequence[int] = POSETRACK.flip_indices,
    ) -> None:
        self.rotation = rotation
        self.scale = scale
        self.flip = flip
        self.flip_indices = list(flip_indices)

    def transform(self, results: dict) -> dict:
        last = results['keypoints'][-2][results['annotated'][-2]]
        angle = np.random.uniform(-self.rotation, self.rotation)
        matrix = cv2.getRotationMatrix2D(last.mean(0), angle, 1.0)
        flipped = np.random.rand() < self.flip
        if flipped:
            mirror_x = 2 * last[:, 0].mean()
            matrix = np.array([[-1, 0, mirror_x], [0, 1, 0]]) @ np.vstack([matrix, [0, 0, 1]])
        results['to_image'] = matrix
        results['keypoints'] = results['keypoints'] @ matrix[:, :2].T + matrix[:, 2]
        if flipped:
            results['keypoints'] = results['keypoints'][:, self.flip_indices]
            results['annotated'] = results['annotated'][:, self.flip_indices]
        results['crop_scale'] = np.random.uniform(1 - self.scale, 1 + self.scale)
        return results


@TRANSFORMS.register_module()
class PackTubeInputs(BaseTransform):
    """Cuts the crops and the search region, draws the target heatmaps and packs it all for `VideoPoseTracker`.

    Args:
        codec: MMPose codec of the pose estimator; its sigma draws the target.
        search: `padding`, `scale` and `coarsen` of `functional.SearchGeometry`; the rest follows from the codec.
        images: whether crops are cut; False for poses alone.
        heatmaps: whether target heatmaps are drawn; False for a head that predicts `offsets`.
    """

    def __init__(self, codec: dict, search: dict | None = None, images: bool = True, heatmaps: bool = True) -> None:
        self.geometry = SearchGeometry(tuple(codec['input_size']), tuple(codec['heatmap_size']), **(search or {}))
        sizes = dict(input_size=self.geometry.search_input_size, heatmap_size=self.geometry.search_grid_size)
        self.codec = KEYPOINT_CODECS.build({**codec, **sizes})
        self.images = images
        self.heatmaps = heatmaps

    def transform(self, results: dict) -> dict:
        annotated = results['annotated']
        bboxes = pose_bboxes(results['history'], annotated[:-1])
        crops = self.geometry.crops(bboxes)
        crops[:, 2:] *= results.get('crop_scale', 1.0)
        last = crops[-1:]
        region = self.geometry.search_grids(last)
        history = InstanceData(
            keypoints=_tensor(results['history'])[None],
            keypoint_scores=_tensor(results['history_scores'])[None],
            valid=torch.from_numpy(annotated[None, :-1].copy()),
            ages=_tensor(results['ages'])[None],
            crops=_tensor(last),
            regions=_tensor(region),
        )
        if self.images:
            cell = np.divide(self.geometry.input_size, self.geometry.heatmap_size)
            cells = image_to_cells(results['history'], grid_regions(crops, self.geometry.input_size, cell))
            history.cells = _tensor(cells)[None]
        sample = PoseDataSample(
            history=history, metainfo=dict(img_path=results['img_paths'][-1], geometry=self.geometry)
        )
        weights = annotated[None, -1].astype(np.float32)
        if self.heatmaps:
            target = image_to_cells(results['keypoints'][None, -1], region) * self.codec.scale_factor
            encoded = self.codec.encode(target.astype(np.float32), weights)
            sample.gt_fields = PixelData(heatmaps=_tensor(encoded['heatmaps']))
            weights = encoded['keypoint_weights']
        sample.gt_instance_labels = InstanceData(
            keypoints=_tensor(results['keypoints'][None, -1]), keypoint_weights=_tensor(weights)
        )
        return dict(inputs=self._cut(results, crops) if self.images else {}, data_samples=sample)

    def _cut(self, results: dict, crops: np.ndarray) -> dict[str, torch.Tensor]:
        """The crops (L, 3, h, w) of the history and the search region (3, H, W) of the current frame, BGR uint8."""
        size, search_size = self.geometry.input_size, self.geometry.search_input_size
        history = [self._warp(results, i, crop, size) for i, crop in enumerate(crops)]
        search = self._warp(results, -1, self.geometry.search_boxes(crops[-1:])[0], search_size)
        return dict(history=torch.stack(history), search=search)

    @staticmethod
    def _warp(results: dict, index: int, box: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
        image = results['images'][index]
        if image is None:
            return torch.zeros(3, *size[::-1], dtype=torch.uint8)
        to_image = np.vstack([results.get('to_image', np.eye(2, 3)), [0, 0, 1]])
        warped = cv2.warpAffine(image, region_warp(box, size) @ to_image, size, flags=cv2.INTER_LINEAR)
        return torch.from_numpy(warped).permute(2, 0, 1)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
