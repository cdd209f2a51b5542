"""Models of how people move: where the joints of tracked people will be."""

from mmgnntrack.registry import MODELS
from mmgnntrack.settings import one_of

from .base import DynamicsHead, Prediction
from .candidates import GNNDynamicsHead
from .graph import GraphHead
from .kalman import KalmanDynamics, KalmanFilter
from .offsets import GNNOffsetsHead
from .pretrained import pretrained_dynamics

__all__ = [
    'DynamicsHead',
    'GNNDynamicsHead',
    'GNNOffsetsHead',
    'GraphHead',
    'KalmanDynamics',
    'KalmanFilter',
    'Prediction',
    'gnn_dynamics_head',
    'pretrained_dynamics',
]

#: The heads by their `output`, and the settings that each has alone.
OUTPUTS = dict(candidates=GNNDynamicsHead, offsets=GNNOffsetsHead)
_ALONE = dict(candidates=('num_prediction_layers', 'motion_prior'), offsets=('sigma', 'tolerance'))


@MODELS.register_module(name='GNNDynamicsHead')
def gnn_dynamics_head(output: str = 'candidates', **settings: object) -> GraphHead:
    """What configs call `mmgnntrack.GNNDynamicsHead`: `GNNDynamicsHead` for `candidates`, `GNNOffsetsHead` for
    `offsets`. Settings that only the other one has are left out, as a config may inherit them.

    Raises:
        ValueError: for another output.
    """
    one_of('GNNDynamicsHead', 'output', output, OUTPUTS)
    others = {name for kind, names in _ALONE.items() if kind != output for name in names}
    return OUTPUTS[output](**{name: value for name, value in settings.items() if name not in others})
