"""What mmengine finds by itself, in a process that has imported nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path

TYPES = {
    'MODELS': [
        'VideoPoseTracker',
        'PoseTracker',
        'TrackMemory',
        'GNNDynamicsHead',
        'KalmanDynamics',
        'PretrainedDynamics',
        'PretrainedTracker',
        'SamplePreprocessor',
        'StudentLoss',
        'TopDownEstimator',
        'PersonDetector',
    ],
    'DATASETS': ['PoseTrackVideoDataset', 'PoseTrackTubeDataset', 'PoseTrackPersonDataset'],
    'TRANSFORMS': [
        'LoadFrame',
        'PackFrameInputs',
        'TakeFrame',
        'SampleTube',
        'LoadTube',
        'AugmentTube',
        'ChooseJoints',
        'DropHistory',
        'JitterHistory',
        'PackTubeInputs',
    ],
    'DATA_SAMPLERS': ['FrameBatchSampler', 'VideoSampler'],
    'METRICS': ['PoseTrackMetric'],
    'HOOKS': ['ChannelsLastHook', 'PartCheckpointHook', 'TrackVisualizationHook', 'OKSHungarianFusionHook'],
    'VISUALIZERS': ['TrackVisualizer'],
}

SCRIPT = """
import json, sys
import mmengine.registry as root

assert not any(name.startswith('mmgnntrack') for name in sys.modules)
types = json.loads(sys.argv[1])
root.init_default_scope('mmpose')
print(json.dumps([
    f'{registry}: {name}' for registry, names in types.items() for name in names
    if getattr(root, registry).get(f'mmgnntrack.{name}') is None
]))
"""


def test_types_resolve_from_the_root_registries(repository: Path) -> None:
    command = [sys.executable, '-W', 'ignore', '-c', SCRIPT, json.dumps(TYPES)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_no_type_is_left_out() -> None:
    """Every class that we register is in the list above; the tools may register more."""
    from mmgnntrack import registry

    for name, types in TYPES.items():
        ours = getattr(registry, name)
        ours.import_from_location()
        own = [name for name, kind in ours.module_dict.items() if kind.__module__.startswith('mmgnntrack.')]
        assert sorted(own) == sorted(types)
