"""PoseTrack's measures as plain functions on poses in memory."""

from .clear_mot import MotCounts
from .evaluate import PoseTrackResult, evaluate
from .filtering import filter_predictions
from .summary import COLUMNS, column_means, format_table

__all__ = [
    'COLUMNS',
    'MotCounts',
    'PoseTrackResult',
    'column_means',
    'evaluate',
    'filter_predictions',
    'format_table',
]
