import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmgnntrack.datasets.metainfo import POSETRACK15
from mmgnntrack.posetrack.joints import FLIP_INDICES, JOINTS, SIGMAS, SKELETON


def test_mmpose_reads_it() -> None:
    meta = parse_pose_metainfo(POSETRACK15)
    assert meta['flip_indices'] == list(FLIP_INDICES)
    assert meta['num_keypoints'] == 15 and list(meta['keypoint_name2id']) == list(JOINTS)
    np.testing.assert_allclose(meta['sigmas'], SIGMAS, rtol=1e-6)
    links = [(JOINTS[a], JOINTS[b]) for a, b in meta['skeleton_links']]
    assert links == list(SKELETON)
    assert len(meta['keypoint_colors']) == 15 and len(meta['dataset_keypoint_weights']) == 15


def test_mirrored_joints_are_on_the_other_side() -> None:
    other_side = {'left': 'right', 'right': 'left'}
    for index, other in enumerate(FLIP_INDICES):
        side, _, rest = JOINTS[index].partition('_')
        assert JOINTS[other] == (f'{other_side[side]}_{rest}' if side in other_side else JOINTS[index])
