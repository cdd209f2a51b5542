"""SynthTrack: a procedural data set of moving people in PoseTrack18's layout, so that everything runs without data."""

from .config import HARD, SynthTrackConfig
from .dataset import make_dataset, videos

__all__ = ['HARD', 'SynthTrackConfig', 'make_dataset', 'videos']
