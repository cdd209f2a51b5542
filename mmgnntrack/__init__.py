"""Online multi-person pose tracking that learns how people move, as an OpenMMLab plugin."""

from importlib import import_module

from .version import __version__

#: The public names that need more than the standard library, and where they are: each is imported when it is asked for,
#: so that the evaluation works without torch, and importing this package takes no time.
_HOMES = {
    'GNNDynamicsHead': 'models',
    'KeypointTracker': 'apis',
    'OKSHungarianFusionHook': 'engine.hooks',
    'PersonDetector': 'models',
    'PoseTrackInferencer': 'apis',
    'PoseTracker': 'models',
    'TopDownEstimator': 'models',
    'TrackMemory': 'models',
    'VideoPoseTracker': 'models',
    'evaluate': 'evaluation.functional',
}

__all__ = ['__version__', *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f'{__name__}.{_HOMES[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
