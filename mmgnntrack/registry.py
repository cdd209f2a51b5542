"""The project's registries: children of mmengine's, so that `mmgnntrack.X` resolves from any OpenMMLab config.

mmengine imports this module by itself when it meets the scope `mmgnntrack`, and the modules in `locations` when it
looks for a type in them.
"""

from mmengine import registry as mmengine_registry

from .compat import allow_mmengine_checkpoints, warn_untested_versions

_SCOPE = 'mmgnntrack'


def _child(parent: mmengine_registry.Registry, *locations: str) -> mmengine_registry.Registry:
    return mmengine_registry.Registry(
        parent.name, parent=parent, scope=_SCOPE, locations=[f'{_SCOPE}.{location}' for location in locations]
    )


MODELS = _child(mmengine_registry.MODELS, 'models')
DATASETS = _child(mmengine_registry.DATASETS, 'datasets')
TRANSFORMS = _child(mmengine_registry.TRANSFORMS, 'datasets')
DATA_SAMPLERS = _child(mmengine_registry.DATA_SAMPLERS, 'datasets')
METRICS = _child(mmengine_registry.METRICS, 'evaluation.posetrack_metric')
HOOKS = _child(mmengine_registry.HOOKS, 'engine.hooks')
VISUALIZERS = _child(mmengine_registry.VISUALIZERS, 'visualization')

warn_untested_versions()
allow_mmengine_checkpoints()
