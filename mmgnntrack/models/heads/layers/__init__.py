from .message_passing import MessagePassing, mlp
from .motion import past, velocities
from .node_encoder import NodeEncoder

__all__ = ['MessagePassing', 'NodeEncoder', 'mlp', 'past', 'velocities']
