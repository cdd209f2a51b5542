"""Pictures of tracked poses."""

from .colors import PALETTE, identity_color
from .drawing import draw_tracks
from .overlay_video import OverlayVideo, PanelFiles
from .panels import attention_panel, fusion_panel, heatmap_panel
from .step_panels import PANELS, check_panels, draw_panels
from .track_visualizer import TrackVisualizer
from .trails import Trails

__all__ = [
    'PALETTE',
    'PANELS',
    'OverlayVideo',
    'PanelFiles',
    'TrackVisualizer',
    'Trails',
    'attention_panel',
    'check_panels',
    'draw_panels',
    'draw_tracks',
    'fusion_panel',
    'heatmap_panel',
    'identity_color',
]
