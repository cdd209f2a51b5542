"""The poses of a video alone, with more joints than images are labelled with, and nobody hidden."""

import numpy as np

from ..posetrack import PoseFrame, PoseVideo
from ..posetrack.named_joints import NAMED_JOINTS
from .config import SPLITS, SynthTrackConfig
from .scene import Actor, make_scene
from .skeleton import POINT_INDEX

#: Where joints that nothing is drawn at lie: from a drawn point, so many heights of the body up, to the front, and to
#: their own side of it.
_BESIDE = dict(eye=('nose', 0.022, -0.012, 0.018), ear=('head', -0.005, -0.005, 0.045))
_TOES = dict(big_toe=-0.01, small_toe=0.028)


def pose_video(config: SynthTrackConfig, split: str, index: int) -> PoseVideo:
    """A video's people in all its frames, in image pixels, with the joints of `NAMED_JOINTS` that lie in the image.

    Args:
        config: the settings; what is drawn does not count.
        split: 'train' or 'val'.
        index: of the video in its split.
    """
    rng = np.random.default_rng([config.seed, SPLITS.index(split), index])
    scene = make_scene(rng, config, split)
    people = [actor for actor in scene.actors if actor.labelled]
    points = [_joints(actor) for actor in people]
    frames = []
    for number in range(config.frames):
        step = number * config.steps_per_frame + config.shutter_centre
        xy = np.stack([scene.camera.project(joints[step], step)[0] for joints in points])
        inside = ((xy >= 0.01) & (xy <= np.array(config.size) - 1)).all(-1)
        ids = np.flatnonzero(inside.any(-1))
        instances = dict(keypoints=xy[ids], keypoint_scores=np.ones(xy[ids].shape[:2]), instances_id=ids)
        frame = PoseFrame.of(instances, f'{number:06}.jpg', number)
        frame.annotated = frame.visible = inside[ids]
        frames.append(frame)
    return PoseVideo(f'{split}_{index:06}', frames, skeleton=NAMED_JOINTS)


def _joints(actor: Actor) -> np.ndarray:
    """(S, K, 3) world space."""
    points, height = actor.motion.points, actor.body.height
    to_left = [np.stack([np.cos(heading), 0 * heading, np.sin(heading)], -1) for heading in actor.motion.headings.T]
    pelvis_left, _, head_left = to_left
    up = points[:, POINT_INDEX['head_top']] - points[:, POINT_INDEX['head_bottom']]
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    front = np.cross(head_left, up)
    named = {name: points[:, index] for name, index in POINT_INDEX.items()}
    for side, sign in (('left', 1), ('right', -1)):
        for part, (of, higher, farther, beside) in _BESIDE.items():
            offset = higher * up + farther * front + sign * beside * head_left
            named[f'{side}_{part}'] = named[of] + offset * height
        for part, outward in _TOES.items():
            named[f'{side}_{part}'] = named[f'{side}_toe'] + sign * outward * pelvis_left * height
    return np.stack([named[joint] for joint in NAMED_JOINTS.joints], axis=1)
