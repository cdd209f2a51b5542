"""What can be done when a video is over, for those who may look ahead."""

from .joining import TrackletJoiner, join_tracklets
from .tracklets import Tracklet

__all__ = ['Tracklet', 'TrackletJoiner', 'join_tracklets']
