"""SynthTrack: a procedural data set of moving people in PoseTrack18's layout, so that everything runs without data."""

from .config import SynthTrackConfig
from .dataset import make_dataset, videos

__all__ = ['SynthTrackConfig', 'make_dataset', 'videos']
