"""What the tracker remembers of each person."""

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import bbox_areas, upload
from mmgnntrack.posetrack.errors import LARGEST
from mmgnntrack.registry import MODELS
from mmgnntrack.settings import in_range


@MODELS.register_module()
class TrackMemory:
    """The last L poses of every tracklet, as arrays over all tracklets. Its size is bounded by the number of people,
    whatever the length of the video, and it alone gives out ids.

    Attributes:
        tracklets: InstanceData of M tracklets, newest pose last:
            - instances_id (M,)
            - keypoints (M, L, K, 2) image px, keypoint_scores (M, L, K), valid (M, L, K)
            - frame_ids (M, L) numbers of the poses' frames, those of missing poses just before the first one
            - bboxes (M, 4) xyxy of the last pose, image px
            - areas (M,) px^2 of the box of the last pose that a detection confirmed
            - features (M, L, K, C) visual features at the joints
            - first_seen, last_seen (M,) numbers of the frames in which a detection first and last confirmed it

    Args:
        num_keypoints: K.
        visual_channels: C, 0 for none.
        length: L, 3 for the paper's four frames.
        max_lost: frames that a tracklet lives on without a detection.
        joint_score_thr: joints below it count as missing; the tracker sets it.
    """

    def __init__(
        self,
        num_keypoints: int,
        visual_channels: int = 0,
        length: int = 3,
        max_lost: int = 15,
        joint_score_thr: float = 0.0,
    ) -> None:
        in_range('TrackMemory', 1, length=length)
        in_range('TrackMemory', 0, max_lost=max_lost)
        self.num_keypoints = num_keypoints
        self.visual_channels = visual_channels
        self.length = length
        self.max_lost = max_lost
        self.joint_score_thr = joint_score_thr
        self.reset()

    def reset(self) -> None:
        """Forgets everyone; ids start at 0 again."""
        self.tracklets = self._blank(np.zeros(0, np.int64), torch.zeros(0))
        self._next_id = 0

    def __len__(self) -> int:
        return len(self.tracklets)

    def new_ids(self, count: int) -> np.ndarray:
        """(count,) ids that nobody had before."""
        self._next_id += count
        return np.arange(self._next_id - count, self._next_id)

    def expire(self, frame_id: int) -> None:
        """Ends the tracklets that no detection has confirmed for more than `max_lost` frames before this one."""
        alive = frame_id - self.tracklets.last_seen <= self.max_lost + 1
        if not alive.all():
            self.tracklets = self.tracklets[alive]

    def end(self, ids: np.ndarray) -> None:
        """Ends the tracklets with these ids."""
        if len(ids):
            self.tracklets = self.tracklets[~np.isin(self.tracklets.instances_id, ids)]

    def last_poses(self) -> InstanceData:
        """The newest pose of each tracklet: instances_id, keypoints (M, K, 2), keypoint_scores (M, K), bboxes."""
        tracklets = self.tracklets
        return InstanceData(
            instances_id=tracklets.instances_id.copy(),
            keypoints=tracklets.keypoints[:, -1].copy(),
            keypoint_scores=tracklets.keypoint_scores[:, -1].copy(),
            bboxes=tracklets.bboxes.copy(),
        )

    def update(self, tracked: InstanceData, features: Tensor, frame_id: int) -> None:
        """Appends final poses to their tracklets, and starts tracklets for new ids.

        Args:
            tracked: n poses with instances_id (n,), keypoints (n, K, 2), keypoint_scores (n, K), bboxes (n, 4) and
                `predicted` (n,), True where no detection confirms the pose.
            features: (n, K, C) visual features at their joints.
            frame_id: number of the frame.
        """
        known = self._rows(tracked) >= 0
        if not known.all():
            started = self._blank(tracked.instances_id[~known], features)
            started.first_seen[:] = frame_id
            started.frame_ids[:] = frame_id - np.arange(self.length, 0, -1)
            self.tracklets.features = self.tracklets.features.to(features)
            self.tracklets = InstanceData.cat([self.tracklets, started])
        tracklets = self.tracklets
        rows = self._rows(tracked)
        for fifo, newest in (
            (tracklets.keypoints, tracked.keypoints),
            (tracklets.keypoint_scores, tracked.keypoint_scores),
            (tracklets.valid, (tracked.keypoint_scores > 0) & (tracked.keypoint_scores >= self.joint_score_thr)),
            (tracklets.frame_ids, frame_id),
        ):
            fifo[rows, :-1] = fifo[rows, 1:]
            fifo[rows, -1] = newest
        if self.visual_channels:
            tracklets.features = tracklets.features.to(features)  # restored on another device, perhaps
            there = upload(rows, features)
            tracklets.features[there] = torch.cat([tracklets.features[there, 1:], features[:, None]], dim=1)
        tracklets.bboxes[rows] = tracked.bboxes
        seen = rows[~tracked.predicted]
        tracklets.last_seen[seen] = frame_id
        tracklets.areas[seen] = bbox_areas(tracklets.bboxes[seen])

    def state(self) -> dict[str, Tensor | int]:
        """All that is remembered, as tensors; `restore` takes it back."""
        fields = {field: torch.as_tensor(values).clone() for field, values in self.tracklets.items()}
        return dict(fields, next_id=self._next_id)

    def restore(self, state: dict[str, Tensor | int]) -> None:
        """Goes on where another memory of the same kind was when its `state` was taken.

        Raises:
            ValueError: if the state holds other fields, as that of another version does, or other kinds of values.
        """
        fields = {field: values for field, values in state.items() if field != 'next_id'}
        if set(fields) != set(self.tracklets.keys()):
            raise ValueError(f'expected tracklets with {sorted(self.tracklets.keys())}, got {sorted(fields)}')
        count, blank = len(fields['instances_id']), self._blank(np.zeros(0, np.int64), fields['features'])
        for field, values in fields.items():
            one = torch.as_tensor(blank[field])
            shape = (count, *one.shape[1:])
            if values.dtype != one.dtype or values.shape != shape or not (values.double().abs() <= LARGEST).all():
                expected = f'{one.dtype} {shape} of at most {LARGEST:g}'
                raise ValueError(f'{field}: expected {expected}, got {values.dtype} {(*values.shape,)}')
        newest, next_id = fields['instances_id'].max().item() if count else -1, state['next_id']
        if type(next_id) is not int or next_id <= newest:
            raise ValueError(f'next_id: expected an integer above {newest}, got {next_id!r}')
        self.tracklets = InstanceData(
            **{field: values if field == 'features' else values.numpy() for field, values in fields.items()}
        )
        self._next_id = next_id

    def ages(self, tracked: InstanceData, frame_id: int) -> np.ndarray:
        """(n,) frames since the people of n remembered poses were first seen."""
        return frame_id - self.tracklets.first_seen[self._rows(tracked)]

    def _rows(self, poses: InstanceData) -> np.ndarray:
        """(n,) which tracklet has the id of each of n poses, -1 where none has."""
        rows = {number: row for row, number in enumerate(self.tracklets.instances_id.tolist())}
        return np.array([rows.get(number, -1) for number in poses.instances_id.tolist()], int)

    def _blank(self, ids: np.ndarray, like: Tensor) -> InstanceData:
        """Tracklets without a pose yet, their features of the type and device of `like`."""
        shape = (len(ids), self.length, self.num_keypoints)
        return InstanceData(
            instances_id=ids,
            keypoints=np.zeros((*shape, 2), np.float32),
            keypoint_scores=np.zeros(shape, np.float32),
            valid=np.zeros(shape, bool),
            frame_ids=np.zeros(shape[:2], np.int64),
            bboxes=np.zeros((len(ids), 4), np.float32),
            areas=np.zeros(len(ids), np.float32),
            features=like.new_zeros(*shape, self.visual_channels),
            first_seen=np.zeros(len(ids), np.int64),
            last_seen=np.zeros(len(ids), np.int64),
        )
