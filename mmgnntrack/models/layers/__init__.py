from .message_passing import MessagePassing, mlp
from .node_encoder import NodeEncoder

__all__ = ['MessagePassing', 'NodeEncoder', 'mlp']
