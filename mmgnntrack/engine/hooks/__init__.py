from .part_checkpoint_hook import PartCheckpointHook, load_part
from .track_visualization_hook import TrackVisualizationHook

__all__ = ['PartCheckpointHook', 'TrackVisualizationHook', 'load_part']
