"""Dynamics that are trained already: the package's own weights, for any skeleton whose joints have names."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from mmgnntrack.posetrack import named_joints, skeleton_of
from mmgnntrack.registry import MODELS

from .offsets import GNNOffsetsHead

#: What comes with the package, see docs/weights.md.
WEIGHTS = Path(__file__).parents[2] / 'weights'
DEFAULT_WEIGHTS = 'dynamics'
#: The one parameter that has a row for each joint.
_EMBEDDING = 'encoder.embedding.weight'


@cache
def read_weights(file: Path) -> dict:
    """A file of weights: its `joints`, the `head`'s settings and the `state_dict`.

    Raises:
        ValueError: if it is none.
    """
    try:
        found = torch.load(file, map_location='cpu', weights_only=True)
    except Exception as error:  # the unpickler stumbles in many ways
        raise ValueError(f'{file}: expected weights that train_weights.py has written, got no checkpoint') from error
    if not isinstance(found, dict) or not {'joints', 'head', 'state_dict'} <= found.keys():
        got = f'a checkpoint with {sorted(map(str, found))}' if isinstance(found, dict) else f'a {type(found).__name__}'
        raise ValueError(f'{file}: expected weights that train_weights.py has written, got {got}: '
                         'checkpoints of a training go with their config')  # fmt: skip
    return found


@MODELS.register_module(name='PretrainedDynamics')
def pretrained_dynamics(
    num_keypoints: int, joints: Sequence[str] | None = None, weights: str = DEFAULT_WEIGHTS
) -> GNNOffsetsHead:
    """A dynamics head that needs no training: poses alone, joints that it knows by their names.

    Args:
        num_keypoints: K.
        joints: (K,) the names of the poses' joints, see `named_joints`; None for PoseTrack's or COCO's, by their
            number.
        weights: a file in `WEIGHTS`, without its suffix, or one elsewhere, with it.

    Raises:
        FileNotFoundError: if there are no such weights.
        ValueError: for other numbers of joints, or names that say nothing.
    """
    names = joints or getattr(skeleton_of(num_keypoints), 'joints', ())
    if len(names) != num_keypoints:
        raise ValueError(f'PretrainedDynamics: expected the names of {num_keypoints} joints, got {[*names]}')
    known = named_joints(names)
    if known is None:
        raise ValueError(f'PretrainedDynamics: expected names that say which joints they are, got {[*names]}')
    file = Path(weights) if Path(weights).suffix else WEIGHTS / f'{weights}.pth'
    if not file.is_file():
        own = ', '.join(sorted(path.stem for path in WEIGHTS.glob('*.pth')))
        raise FileNotFoundError(f'PretrainedDynamics: no such weights: {file}; there are {own}')
    found = read_weights(file)
    head = GNNOffsetsHead(num_keypoints, **found['head'])
    rows = [found['joints'].index(joint) for joint, _ in known]
    head.load_state_dict(found['state_dict'] | {_EMBEDDING: found['state_dict'][_EMBEDDING][rows]})
    head.pretrained = True
    return head.eval()
