from .channels_last_hook import ChannelsLastHook
from .oks_hungarian_fusion_hook import OKSHungarianFusionHook
from .part_checkpoint_hook import PartCheckpointHook
from .track_visualization_hook import TrackVisualizationHook

__all__ = [
    'ChannelsLastHook',
    'OKSHungarianFusionHook',
    'PartCheckpointHook',
    'TrackVisualizationHook',
]
