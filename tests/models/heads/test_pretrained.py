from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmgnntrack.models import GNNOffsetsHead
from mmgnntrack.models.heads import pretrained_dynamics
from mmgnntrack.models.heads.pretrained import WEIGHTS, read_weights
from mmgnntrack.posetrack import COCO, NAMED_JOINTS, POSETRACK, Skeleton
from mmgnntrack.synthetic.config import SynthTrackConfig
from mmgnntrack.synthetic.poses import pose_video

LENGTH = 8


@pytest.fixture(scope='module')
def walkers() -> tuple[InstanceData, np.ndarray]:
    """Histories of people of SynthTrack with all 26 joints, and where these joints are a frame later. Its validation
    videos of another seed: none of them was trained on."""
    video = pose_video(SynthTrackConfig(seed=9, frames=30), 'val', 1)
    tracks: dict[int, list[np.ndarray]] = {}
    for frame in video.frames:
        for identity, keypoints in zip(frame.track_ids.tolist(), frame.keypoints):
            tracks.setdefault(identity, []).append(keypoints)
    windows = np.stack([
        track[start : start + LENGTH + 1]
        for track in tracks.values()
        for start in range(0, len(track) - LENGTH, LENGTH)
    ])  # fmt: skip
    return a_history(windows[:, :-1]), windows[:, -1]


def a_history(poses: np.ndarray) -> InstanceData:
    """Tracklets of poses (M, L, K, 2)."""
    count, length = poses.shape[:2]
    return InstanceData(
        keypoints=poses.astype(np.float32),
        keypoint_scores=np.ones(poses.shape[:3], np.float32),
        valid=np.ones(poses.shape[:3], bool),
        ages=np.tile(np.arange(length, 0, -1.0), (count, 1)),
    )


def columns(skeleton: Skeleton) -> list[int]:
    return [NAMED_JOINTS.joints.index(joint) for joint in skeleton.joints]


def error(head: GNNOffsetsHead, history: InstanceData, truth: np.ndarray) -> float:
    with torch.no_grad():
        return float(np.linalg.norm(head(history).keypoints.numpy() - truth, axis=-1).mean())


@pytest.mark.parametrize('skeleton', [NAMED_JOINTS, COCO, POSETRACK], ids=['all', 'coco', 'posetrack'])
@pytest.mark.parametrize('weights', sorted(path.stem for path in WEIGHTS.glob('*.pth')))
def test_predicts_better_than_the_last_pose(
    weights: str, skeleton: Skeleton, walkers: tuple[InstanceData, np.ndarray]
) -> None:
    history, truth = walkers
    own = a_history(history.keypoints[:, :, columns(skeleton)])
    head = pretrained_dynamics(len(skeleton.joints), skeleton.joints, weights)
    moved = np.linalg.norm(own.keypoints[:, -1] - truth[:, columns(skeleton)], axis=-1).mean()
    assert error(head, own, truth[:, columns(skeleton)]) < 0.6 * moved


def test_the_order_of_the_joints_does_not_matter(walkers: tuple[InstanceData, np.ndarray]) -> None:
    history, _ = walkers
    order = np.random.default_rng(0).permutation(26)
    with torch.no_grad():
        usual = pretrained_dynamics(26, NAMED_JOINTS.joints)(history).keypoints
        shuffled = a_history(history.keypoints[:, :, order])
        found = pretrained_dynamics(26, np.array(NAMED_JOINTS.joints)[order].tolist())(shuffled).keypoints
    torch.testing.assert_close(found, usual[:, order], rtol=1e-4, atol=1e-3)


def test_names_count(walkers: tuple[InstanceData, np.ndarray]) -> None:
    """As other joints the same poses are expected elsewhere."""
    history, _ = walkers
    with torch.no_grad():
        usual, other = (
            pretrained_dynamics(26, names)(history).keypoints for names in (NAMED_JOINTS.joints, ('nose',) * 26)
        )
    assert (usual - other).norm(dim=-1).mean() > 0.05


def test_what_the_number_of_joints_says() -> None:
    coco = pretrained_dynamics(17)
    named = pretrained_dynamics(17, COCO.joints)
    torch.testing.assert_close(coco.state_dict(), named.state_dict())
    with pytest.raises(ValueError, match='expected the names of 16 joints, got'):
        pretrained_dynamics(16)


def test_bad_names_and_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names that say which joints they are, got \\['nose', 'wing'\\]"):
        pretrained_dynamics(2, ('nose', 'wing'))
    with pytest.raises(FileNotFoundError, match='no such weights: .*none.pth; there are dynamics'):
        pretrained_dynamics(17, weights='none')


@pytest.mark.parametrize(
    ('content', 'message'),
    [(dict(state_dict={}, meta={}), r"got a checkpoint with \['meta', 'state_dict'\]"), ('text', 'got no checkpoint')],
)
def test_files_that_are_no_such_weights(content: dict | str, message: str, tmp_path: Path) -> None:
    file = tmp_path / 'a.pth'
    if isinstance(content, dict):
        torch.save(content, file)
    else:
        file.write_text(content)
    with pytest.raises(ValueError, match=f'a.pth: expected weights that train_weights.py has written, {message}'):
        pretrained_dynamics(17, weights=str(file))


def test_weights_of_ones_own(tmp_path: Path) -> None:
    found = read_weights(WEIGHTS / 'dynamics.pth')
    state = {key: value.clone() for key, value in found['state_dict'].items()}
    state['inertia'] += 1
    torch.save(dict(found, state_dict=state), tmp_path / 'own.pth')
    head = pretrained_dynamics(17, weights=str(tmp_path / 'own.pth'))
    torch.testing.assert_close(head.inertia.detach(), pretrained_dynamics(17).inertia.detach() + 1)


def test_are_small() -> None:
    files = list(WEIGHTS.glob('*.pth'))
    assert files and sum(file.stat().st_size for file in files) < 1e6


def test_skeletons_do_not_share_weights() -> None:
    """What one head learns further, another does not see."""
    one, other = pretrained_dynamics(17), pretrained_dynamics(17)
    with torch.no_grad():
        one.encoder.embedding.weight += 1
        one.inertia += 1
    assert not torch.equal(one.inertia, other.inertia)
    assert not torch.equal(one.encoder.embedding.weight, other.encoder.embedding.weight)
