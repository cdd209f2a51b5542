"""Joints as MMPose describes those of a data set."""

import warnings
from pathlib import Path

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmgnntrack.posetrack import JOINTS, POSETRACK, Skeleton, mirrored, skeleton_of
from mmgnntrack.posetrack.errors import OneLineError, said

_COLORS = {'left': [0, 128, 255], 'right': [255, 128, 0]}


def _color(joint: str) -> list[int]:
    return _COLORS.get(joint.partition('_')[0], [51, 153, 255])


POSETRACK15 = dict(
    dataset_name='posetrack15',
    keypoint_info={
        index: dict(
            name=joint,
            id=index,
            color=_color(joint),
            type='lower' if joint.endswith(('hip', 'knee', 'ankle')) else 'upper',
            swap='' if mirrored(joint) == joint else mirrored(joint),
        )
        for index, joint in enumerate(JOINTS)
    },
    skeleton_info={
        index: dict(link=link, id=index, color=_color(link[0])) for index, link in enumerate(POSETRACK.links)
    },
    joint_weights=[1.5 if joint.endswith(('wrist', 'ankle')) else 1.2 if joint.endswith(('elbow', 'knee')) else 1.0
                   for joint in JOINTS],
    sigmas=list(POSETRACK.sigmas),
)  # fmt: skip


def read_skeleton(path: str | Path) -> Skeleton:
    """The joints that an MMPose metainfo file describes (`dataset_info` with `keypoint_info` and `sigmas`).

    Args:
        path: the file, or the name of one that MMPose has, such as `coco`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such file; names it and what it said.
    """
    path = Path(path)
    path = path if path.suffix else path.with_suffix('.py')
    try:
        with warnings.catch_warnings(), np.errstate(over='ignore'):  # what is used of it is checked below
            warnings.filterwarnings('ignore', 'The metainfo config file')  # that MMPose's own is taken, as documented
            info = parse_pose_metainfo(dict(from_file=str(path)))
        return _skeleton(info)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # such a file is a program, which may do anything
        if isinstance(error, FileNotFoundError) and not path.is_file():
            raise
        what = f'got a {type(error).__name__} reading it: {said(error)}'
        raise OneLineError(f'{path}: expected the metainfo of an MMPose data set, {what}') from error


def _skeleton(info: dict) -> Skeleton:
    """That of what MMPose makes of a metainfo file. Raises all kinds of errors for one that is wrong."""
    names = [info['keypoint_id2name'].get(index) for index in range(info['num_keypoints'])]
    if not all(isinstance(name, str) for name in names) or len(info['sigmas']) != len(names):
        raise ValueError(
            f'expected keypoint_info numbered from 0, with names, and as many sigmas, got {len(info["sigmas"])} sigmas '
            f'for {sorted(info["keypoint_id2name"], key=str)}'
        )
    if not (np.isfinite(info['sigmas']) & (info['sigmas'] > 0)).all():
        raise ValueError(f'expected sigmas above 0, got {info["sigmas"].tolist()}')
    links = tuple((names[start], names[end]) for start, end in info['skeleton_links'])
    swaps = tuple((names[one], names[other]) for one, other in enumerate(info['flip_indices']) if one < other)
    return Skeleton(tuple(names), tuple(info['sigmas'].tolist()), links, swaps)


def skeleton_for(joints: int, metainfo: str | None = None) -> Skeleton:
    """The skeleton of poses with so many joints: what a metainfo file describes, or the usual one.

    Raises:
        ValueError: if there is none, or the file's has another number of joints.
    """
    skeleton = read_skeleton(metainfo) if metainfo else skeleton_of(joints)
    if skeleton is None:
        raise ValueError(f'the poses have {joints} joints: expected --metainfo to say which')
    if len(skeleton.joints) != joints:
        raise ValueError(f'--metainfo {metainfo}: expected the {joints} joints of the model, got {skeleton.joints}')
    return skeleton
