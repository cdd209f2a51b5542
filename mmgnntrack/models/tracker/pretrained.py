"""The tracker that needs no training: the package's own dynamics, with the settings that suit them."""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from mmpose.codecs.base import BaseKeypointCodec

from mmgnntrack.functional import SearchGeometry
from mmgnntrack.models.heads.pretrained import DEFAULT_WEIGHTS
from mmgnntrack.posetrack import POSETRACK, named_joints, skeleton_of
from mmgnntrack.registry import MODELS

from .modes import MODES
from .pose_tracker import PoseTracker

#: Of heads that see poses alone.
_SETTINGS = dict(
    similarity='distance',
    predicted_weight=0.25,
    confidence_power=2.0,
    # The head itself says how sure it is of people who were not seen lately.
    unseen_power=0.0,
    predicted_score_thr=0.4,
)
#: Poses that the head listens to.
_LENGTH = 8
#: What heatmaps are drawn like where there is no pose estimator: as those of a small one, twice as large are as good.
_CODEC = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, unbiased=True)


@MODELS.register_module(name='PretrainedTracker')
def pretrained_tracker(
    sigmas: Sequence[float] = POSETRACK.sigmas,
    joints: Sequence[str] | None = None,
    codec: dict | BaseKeypointCodec | None = None,
    search: dict | SearchGeometry | None = None,
    matching: str = 'full',
    weights: str = DEFAULT_WEIGHTS,
    **settings: object,
) -> PoseTracker:
    """A `PoseTracker` that predicts with the package's weights (`PretrainedDynamics`), nothing to train.

    Where a joint's name says nothing it cannot, and matches poses with the last ones by their distance; one line says
    so, and another which joints are taken for near ones.

    Args:
        sigmas: (K,) OKS standard deviations of the joints; PoseTrack's by default.
        joints: (K,) their names; None for PoseTrack's or COCO's, by their number.
        codec: see `PoseTracker`; None for that of poses without an estimator.
        search: likewise.
        matching: one of `MODES`.
        weights: of `PretrainedDynamics`.
        **settings: of `PoseTracker`.
    """
    memory = settings.pop('memory', None) or {}
    if matching in MODES and MODES[matching].predicts and 'dynamics_head' not in settings:
        joints = joints or getattr(skeleton_of(len(sigmas)), 'joints', ())
        known = named_joints(joints)
        if known and len(known) == len(sigmas):
            near = [f'{name} for {joint}' for name, (joint, same) in zip(joints, known) if not same]
            if near:
                few = ', '.join(near[:5]) + (', ...' if len(near) > 5 else '')
                print_log(f'joints that the weights do not know: {few} were taken', 'current', logging.WARNING)
            memory = dict(length=_LENGTH) | memory
            head = dict(type='mmgnntrack.PretrainedDynamics', joints=tuple(joints), weights=weights)
            settings = _SETTINGS | dict(dynamics_head=head) | settings
        else:
            matching = 'distance'
            what = f'{len(sigmas)} joints, {[*joints]}' if joints else f'{len(sigmas)} joints without names'
            print_log(
                f'the package has no weights for {what}: poses are matched by distance, nobody is predicted',
                'current',
                logging.WARNING,
            )
    if codec is None and search is None:
        codec = _CODEC
        search = dict(input_size=codec['input_size'], heatmap_size=codec['heatmap_size'])
    memory = dict(type='mmgnntrack.TrackMemory') | memory
    return PoseTracker(codec=codec, search=search, sigmas=sigmas, memory=memory, matching=matching, **settings)
