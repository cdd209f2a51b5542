"""Pictures of tracked poses."""

from .colors import PALETTE, identity_color
from .drawing import POSETRACK_LINKS, draw_tracks
from .overlay_video import OverlayVideo
from .track_visualizer import TrackVisualizer

__all__ = ['PALETTE', 'POSETRACK_LINKS', 'OverlayVideo', 'TrackVisualizer', 'draw_tracks', 'identity_color']
