"""Pictures of tracked poses."""

from .colors import PALETTE, identity_color
from .drawing import POSETRACK_LINKS, draw_tracks
from .overlay_video import OverlayVideo
from .panels import attention_panel, fusion_panel, heatmap_panel
from .track_visualizer import TrackVisualizer
from .trails import Trails

__all__ = [
    'PALETTE',
    'POSETRACK_LINKS',
    'OverlayVideo',
    'TrackVisualizer',
    'Trails',
    'attention_panel',
    'draw_tracks',
    'fusion_panel',
    'heatmap_panel',
    'identity_color',
]
