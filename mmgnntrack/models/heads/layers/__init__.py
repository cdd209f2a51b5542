from .message_passing import MessagePassing, mlp
from .motion import carried, past, velocities
from .node_encoder import NodeEncoder

__all__ = ['MessagePassing', 'NodeEncoder', 'carried', 'mlp', 'past', 'velocities']
