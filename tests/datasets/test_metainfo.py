from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmgnntrack.datasets.metainfo import POSETRACK15, read_skeleton
from mmgnntrack.posetrack import COCO, JOINTS, POSETRACK, SIGMAS, Skeleton


def test_mmpose_reads_it() -> None:
    meta = parse_pose_metainfo(POSETRACK15)
    assert meta['flip_indices'] == list(POSETRACK.flip_indices)
    assert meta['num_keypoints'] == 15 and list(meta['keypoint_name2id']) == list(JOINTS)
    np.testing.assert_allclose(meta['sigmas'], SIGMAS, rtol=1e-6)
    links = [(JOINTS[a], JOINTS[b]) for a, b in meta['skeleton_links']]
    assert links == list(POSETRACK.links)
    assert len(meta['keypoint_colors']) == 15 and len(meta['dataset_keypoint_weights']) == 15


def test_mirrored_joints_are_on_the_other_side() -> None:
    other_side = {'left': 'right', 'right': 'left'}
    for index, other in enumerate(POSETRACK.flip_indices):
        side, _, rest = JOINTS[index].partition('_')
        assert JOINTS[other] == (f'{other_side[side]}_{rest}' if side in other_side else JOINTS[index])


CAT = """
dataset_info = dict(
    dataset_name='cat',
    keypoint_info={0: dict(name='nose', id=0), 1: dict(name='paw', id=1)},
    skeleton_info={},
    joint_weights=[1.0, 1.0],
    sigmas=[0.25, 0.5],
)
"""


def test_skeleton_of_a_file(tmp_path: Path) -> None:
    (tmp_path / 'cat.py').write_text(CAT)
    assert read_skeleton(tmp_path / 'cat.py') == Skeleton(('nose', 'paw'), (0.25, 0.5))


@pytest.mark.parametrize(('name', 'skeleton'), [('coco.py', COCO), ('posetrack18.py', POSETRACK)])
def test_skeletons_that_mmpose_has(name: str, skeleton: Skeleton) -> None:
    found = read_skeleton(name)
    assert {frozenset(pair) for pair in found.swaps} >= {frozenset(pair) for pair in skeleton.swaps}
    if skeleton is COCO:
        assert found.flip_indices == skeleton.flip_indices
        assert set(map(frozenset, found.links)) == set(map(frozenset, skeleton.links))
    found = found.in_posetrack()
    assert found.joints == skeleton.joints
    np.testing.assert_allclose(found.sigmas, skeleton.sigmas, rtol=1e-6)


def test_no_metainfo(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='nowhere.py'):
        read_skeleton(tmp_path / 'nowhere.py')
    bad = {
        'a = 1': 'expected the metainfo',
        'dataset_info = 1 +': 'expected the metainfo',
        CAT.replace('sigmas=', 'sigma='): 'expected the metainfo',
        CAT.replace('0.25, ', ''): r'got 1 sigmas for \[0, 1\]',
        CAT.replace('{0:', '{2:'): r'got 2 sigmas for \[1, 2\]',
        CAT.replace("'paw'", '3'): 'expected keypoint_info numbered from 0, with names',
        CAT.replace("'paw'", "'nose'"): 'expected the metainfo',
        CAT.replace('0.25', '-0.25'): 'expected sigmas above 0',
        CAT.replace('0.25', 'float("nan")'): 'expected sigmas above 0',
        'x = 1 / 0': 'got a ZeroDivisionError reading it: division by zero',
        'import sys\nsys.exit(3)': 'got a SystemExit reading it: 3',
        'raise RuntimeError("no\\nmore")': 'got a RuntimeError reading it: no$',
        "open('nothing_there.txt')": 'got a FileNotFoundError reading it',
    }
    for index, (text, message) in enumerate(bad.items()):
        path = tmp_path / f'{index}.py'
        path.write_text(text)
        with pytest.raises(ValueError, match=f'{path}: .*{message}'):
            read_skeleton(path)
