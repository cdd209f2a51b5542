"""Online multi-person pose tracking that learns how people move, as an OpenMMLab plugin."""

from .version import __version__

__all__ = ['__version__']
