"""Single people, for training the pose estimator."""

from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from mmgnntrack.registry import DATASETS

from .metainfo import POSETRACK15


@DATASETS.register_module()
class PoseTrackPersonDataset(BaseCocoStyleDataset):
    """MMPose's top-down data set over a COCO-style file with PoseTrack's 15 joints, as
    `tools/dataset_converters/posetrack_to_coco.py` writes it."""

    METAINFO = POSETRACK15
