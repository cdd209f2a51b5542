"""The pure core: numpy, scipy and torch, no framework. One OKS, one assignment, one image <-> cell conversion."""

from .assignment import Matches, assign
from .crops import cut_crops
from .device import upload
from .heatmaps import fuse_heatmaps, gaussian_heatmaps, resample_heatmaps, sample_at
from .one_euro import OneEuroFilter
from .peaks import dark_peaks, quarter_peaks, udp_peaks
from .pose_nms import pose_nms
from .regions import (
    SearchGeometry,
    bbox_areas,
    cells_to_image,
    centred_regions,
    crop_boxes,
    followed_bboxes,
    grid_regions,
    image_to_cells,
    pose_bboxes,
    region_warp,
)
from .similarity import bbox_iou, joint_likelihood, joint_nearness, oks
from .uncertainty import combined, distance_within, probability_within

__all__ = [
    'Matches',
    'OneEuroFilter',
    'SearchGeometry',
    'assign',
    'bbox_areas',
    'bbox_iou',
    'cells_to_image',
    'centred_regions',
    'combined',
    'crop_boxes',
    'cut_crops',
    'dark_peaks',
    'distance_within',
    'followed_bboxes',
    'fuse_heatmaps',
    'gaussian_heatmaps',
    'grid_regions',
    'image_to_cells',
    'joint_likelihood',
    'joint_nearness',
    'oks',
    'pose_bboxes',
    'pose_nms',
    'probability_within',
    'quarter_peaks',
    'region_warp',
    'resample_heatmaps',
    'sample_at',
    'udp_peaks',
    'upload',
]
