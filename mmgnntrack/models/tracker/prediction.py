"""From tracklets to the poses that people are predicted to have."""

from collections.abc import Callable
from functools import partial

import numpy as np
from mmengine.structures import InstanceData
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from mmgnntrack.functional import SearchGeometry, image_to_cells
from mmgnntrack.models.decoding import decode_heatmaps
from mmgnntrack.models.heads import DynamicsHead

#: Crops (M, 4) cx, cy, w, h of tracked people to the visual features (M, C, H, W) of their search regions.
SearchFeatures = Callable[[np.ndarray], Tensor]


class Predictor:
    """Asks a head where tracked people are.

    Args:
        head: the model of motion.
        geometry: where people are looked for.
        codec: makes poses of heatmaps.
    """

    def __init__(self, head: DynamicsHead, geometry: SearchGeometry, codec: BaseKeypointCodec) -> None:
        self.head = head
        self.geometry = geometry
        self.codec = codec

    def history(self, tracklets: InstanceData, frame_id: int) -> InstanceData:
        """What a head gets of tracklets (see `DynamicsHead` and `TrackMemory`) for the prediction of a frame."""
        crops = self.geometry.crops(tracklets.bboxes)
        return InstanceData(
            **{field: tracklets[field] for field in ('keypoints', 'keypoint_scores', 'valid', 'features')},
            ages=frame_id - tracklets.frame_ids,
            crops=crops,
            regions=self.geometry.search_grids(crops),
        )

    def predict(
        self, tracklets: InstanceData, frame_id: int, search_features: SearchFeatures | None, heatmaps: bool
    ) -> InstanceData:
        """The poses that tracked people are predicted to have in a frame.

        Args:
            tracklets: M of them, see `TrackMemory`.
            frame_id: number of the frame.
            search_features: asked for where the head has a visual cue.
            heatmaps: whether heatmaps are wanted.

        Returns:
            instances_id, keypoints, keypoint_scores, regions (M, 4), and, where there are any, the joints' `scales` and
            `certainty` (see `Prediction`), heatmaps (M, K, H, W) and feature_maps (M, C, H, W) on the regions.
        """
        history = self.history(tracklets, frame_id)
        visual = search_features(history.crops) if self.head.visual_channels else None
        decode = partial(decode_heatmaps, self.codec)
        found = self.head.predict(history, self.geometry.search_grid_size, visual, decode, heatmaps)
        predicted = InstanceData(
            instances_id=tracklets.instances_id,
            regions=history.regions,
            keypoints=found.keypoints,
            keypoint_scores=found.keypoint_scores,
        )
        optional = dict(scales=found.scales, certainty=found.certainty, heatmaps=found.heatmaps, feature_maps=visual)
        for field, values in optional.items():
            if values is not None:
                predicted.set_field(values, field)
        return predicted

    def attention(self, tracklets: InstanceData, frame_id: int, predicted: InstanceData) -> Tensor:
        """(M, K, K) how much the joints predicted of tracklets in a frame listen to those of their last poses
        (see `DynamicsHead.attention`)."""
        cells = image_to_cells(predicted.keypoints, predicted.regions)
        visual = predicted.get('feature_maps')
        return self.head.attention(self.history(tracklets, frame_id), self.geometry.search_grid_size, visual, cells)
