"""The online loop: predict, match, fuse, remember."""

from .association import SIMILARITIES, Association
from .fusion import FUSIONS, HeatmapFusion
from .life_cycle import LifeCycle
from .memory import TrackMemory
from .modes import MODES, Mode
from .pose_tracker import PoseTracker
from .prediction import Predictor
from .pretrained import pretrained_tracker
from .step import Step

__all__ = [
    'FUSIONS',
    'MODES',
    'SIMILARITIES',
    'Association',
    'HeatmapFusion',
    'LifeCycle',
    'Mode',
    'PoseTracker',
    'Predictor',
    'Step',
    'TrackMemory',
    'pretrained_tracker',
]
