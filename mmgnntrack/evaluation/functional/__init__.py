"""PoseTrack's measures as plain functions on poses in memory."""

from .alignment import aligned
from .clear_mot import MotCounts
from .evaluate import HOTAS, EvaluationCounts, PoseTrackResult, count_video, evaluate, figures
from .filtering import filter_predictions, tracked_predictions
from .summary import COLUMNS, column_means, format_sequences, format_table

__all__ = [
    'COLUMNS',
    'HOTAS',
    'EvaluationCounts',
    'MotCounts',
    'PoseTrackResult',
    'aligned',
    'column_means',
    'count_video',
    'evaluate',
    'figures',
    'filter_predictions',
    'format_sequences',
    'format_table',
    'tracked_predictions',
]
