import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmgnntrack.models import TrackMemory

K, C = 2, 3


def see(memory: TrackMemory, frame_id: int, people: dict[int, float], predicted: tuple[int, ...] = ()) -> None:
    """Updates a memory with people given by id and the one value of all their numbers."""
    values = np.array(list(people.values()), np.float32)
    tracked = InstanceData(
        instances_id=np.array(list(people), np.int64),
        keypoints=np.broadcast_to(values[:, None, None], (len(people), K, 2)).copy(),
        keypoint_scores=np.broadcast_to(values[:, None], (len(people), K)) / 100,
        bboxes=np.broadcast_to(values[:, None], (len(people), 4)).copy(),
        predicted=np.isin(list(people), predicted),
    )
    features = torch.from_numpy(values)[:, None, None].expand(-1, K, C)
    memory.expire(frame_id)
    memory.update(tracked, features, frame_id)


def remembered(memory: TrackMemory) -> dict[int, list[float]]:
    """The x of every tracklet's valid poses, oldest first; all fields must tell the same story."""
    tracklets = memory.tracklets
    found = {}
    for row, identity in enumerate(tracklets.instances_id.tolist()):
        valid = tracklets.valid[row]
        assert (valid == valid[:, :1]).all()
        xs = tracklets.keypoints[row, valid[:, 0], 0, 0]
        assert (tracklets.keypoints[row, valid] == xs.repeat(K)[:, None]).all()
        np.testing.assert_allclose(tracklets.keypoint_scores[row, valid], xs.repeat(K) / 100)
        np.testing.assert_allclose(tracklets.features[row][torch.from_numpy(valid)][:, -1], xs.repeat(K))
        assert (tracklets.bboxes[row] == xs[-1]).all()
        found[identity] = xs.tolist()
    return found


def test_a_life() -> None:
    memory = TrackMemory(K, C, length=3, max_lost=2)
    assert len(memory) == 0 and memory.new_ids(2).tolist() == [0, 1]
    see(memory, 0, {0: 10, 1: 50})
    assert remembered(memory) == {0: [10], 1: [50]}
    assert memory.tracklets.valid[0].tolist() == [[False] * K, [False] * K, [True] * K]
    see(memory, 1, {1: 51, 0: 11})  # in another order
    assert remembered(memory) == {0: [10, 11], 1: [50, 51]}
    see(memory, 2, {0: 12})
    assert remembered(memory) == {0: [10, 11, 12], 1: [50, 51]}
    (new,) = memory.new_ids(1)
    see(memory, 3, {new: 90, 0: 13})
    assert new == 2 and remembered(memory) == {0: [11, 12, 13], 1: [50, 51], 2: [90]}
    see(memory, 4, {1: 54})  # seen last in frame 1: lost in frames 2 and 3, and back
    assert remembered(memory) == {0: [11, 12, 13], 1: [50, 51, 54], 2: [90]}
    see(memory, 7, {})  # 0 and 2, last seen in 3, were away in 4, 5 and 6; 1 in 5 and 6
    assert remembered(memory) == {1: [50, 51, 54]}
    assert memory.new_ids(1).tolist() == [3]
    memory.reset()
    assert len(memory) == 0 and memory.new_ids(1).tolist() == [0]


@pytest.mark.parametrize(('frame_id', 'alive'), [(8, True), (9, False), (100, False)])
def test_expiry_counts_frames_and_not_calls(frame_id: int, alive: bool) -> None:
    memory = TrackMemory(K, C, max_lost=2)
    see(memory, 5, {0: 10})
    for _ in range(10):
        memory.expire(6)
    assert len(memory) == 1
    memory.expire(frame_id)
    assert len(memory) == alive


def test_nobody_may_be_lost() -> None:
    memory = TrackMemory(K, C, max_lost=0)
    see(memory, 0, {0: 10})
    see(memory, 1, {})
    assert len(memory) == 1  # frame 1 could still have confirmed it
    see(memory, 2, {})
    assert len(memory) == 0


def test_a_prediction_is_remembered_but_confirms_nothing() -> None:
    memory = TrackMemory(K, C, max_lost=2)
    see(memory, 0, {0: 10, 1: 50})
    for frame_id in (1, 2, 3):
        see(memory, frame_id, {0: 10 + frame_id, 1: 50}, predicted=(0,))
    assert remembered(memory)[0] == [11, 12, 13]
    memory.expire(4)
    assert list(remembered(memory)) == [1]


def test_it_does_not_grow_with_the_video() -> None:
    memory = TrackMemory(K, C, length=3, max_lost=4)
    sizes = []
    for frame_id in range(1000):
        if frame_id % 3 == 0:
            oldest = memory.new_ids(1)[0]
        see(memory, frame_id, {identity: frame_id for identity in range(max(oldest - 1, 0), oldest + 1)})
        arrays = [v for v in memory.tracklets.values() if isinstance(v, np.ndarray)]
        sizes.append(sum(v.size for v in arrays) + memory.tracklets.features.numel())
        assert len(memory) <= 4
    assert oldest == 333 and max(sizes[500:]) == max(sizes[:50])


def test_memories_do_not_share_ids() -> None:
    one, two = TrackMemory(K, C), TrackMemory(K, C)
    assert one.new_ids(3).tolist() == two.new_ids(3).tolist() == [0, 1, 2]
    see(one, 0, {0: 1})
    assert len(two) == 0


def test_updates_with_nobody() -> None:
    memory = TrackMemory(K, C)
    see(memory, 0, {})
    assert len(memory) == 0 and memory.last_poses().keypoints.shape == (0, K, 2)
    assert memory.new_ids(0).tolist() == []
    see(memory, 1, {0: 10})
    see(memory, 2, {})
    assert remembered(memory) == {0: [10]}


def test_last_poses() -> None:
    memory = TrackMemory(K, C)
    see(memory, 0, {0: 10, 1: 50})
    see(memory, 1, {1: 51})
    last = memory.last_poses()
    assert last.instances_id.tolist() == [0, 1] and last.keypoints[:, 0, 0].tolist() == [10, 51]
    assert last.bboxes[:, 0].tolist() == [10, 51]
    np.testing.assert_allclose(last.keypoint_scores[:, 0], [0.1, 0.51])


def test_without_features() -> None:
    memory = TrackMemory(K)
    poses = InstanceData(
        instances_id=memory.new_ids(1),
        keypoints=np.ones((1, K, 2)),
        keypoint_scores=np.ones((1, K)),
        bboxes=np.ones((1, 4)),
        predicted=np.zeros(1, bool),
    )
    memory.update(poses, torch.zeros(1, K, 0), 0)
    assert memory.tracklets.features.shape == (1, 3, K, 0)


def test_length_must_be_positive() -> None:
    with pytest.raises(ValueError, match='length must be a finite number from 1, got 0'):
        TrackMemory(K, length=0)


def people(*ids: int) -> InstanceData:
    return InstanceData(instances_id=np.array(ids, np.int64))


def test_ages() -> None:
    memory = TrackMemory(K, C)
    memory.new_ids(2)
    see(memory, 3, {0: 10})
    see(memory, 5, {1: 50, 0: 11})
    assert memory.ages(people(1, 0), 7).tolist() == [2, 4]
    assert memory.ages(people(), 7).tolist() == []


def test_another_memory_goes_on() -> None:
    """Its state is made of tensors and numbers, which may be loaded from files without trusting them."""
    one, other = TrackMemory(K, C, max_lost=2), TrackMemory(K, C, max_lost=2)
    one.new_ids(2)
    see(one, 0, {0: 10, 1: 50})
    see(one, 1, {0: 11})
    state = one.state()
    assert all(isinstance(value, torch.Tensor | int) for value in state.values())
    other.restore(state)
    for memory in (one, other):
        see(memory, 3, {0: 13})
        assert remembered(memory) == {0: [10, 11, 13], 1: [50]}
        assert memory.new_ids(1).tolist() == [2]
        see(memory, 4, {})
        assert remembered(memory) == {0: [10, 11, 13]}
        assert memory.ages(people(0), 4).tolist() == [4]


def test_a_state_of_another_version() -> None:
    state = TrackMemory(K, C).state()
    del state['frame_ids']
    with pytest.raises(ValueError, match="expected tracklets with .*'frame_ids'.*, got"):
        TrackMemory(K, C).restore(state)


HARM = {
    'shape': dict(keypoints=torch.zeros(1, 3, K + 1, 2)),
    'count': dict(areas=torch.zeros(2)),
    'NaN': dict(bboxes=torch.full((1, 4), torch.nan)),
    'type': dict(frame_ids=torch.zeros(1, 3)),
    'next_id': dict(next_id=0),
}


@pytest.mark.parametrize(('field', 'harm'), [(*harm, harm) for harm in HARM.values()], ids=HARM)
def test_a_state_of_other_values(field: str, harm: dict) -> None:
    memory, other = TrackMemory(K, C), TrackMemory(K, C)
    memory.new_ids(1)
    see(memory, 0, {0: 10})
    with pytest.raises(ValueError, match=f'^{field}: expected .*, got'):
        other.restore(memory.state() | harm)
    assert not len(other)
    other.restore(memory.state())


def test_frames_of_the_poses() -> None:
    """Those of poses that are missing are just before the first one."""
    memory = TrackMemory(K, C)
    memory.new_ids(2)
    see(memory, 5, {0: 10})
    see(memory, 9, {0: 11, 1: 50})
    assert memory.tracklets.frame_ids.tolist() == [[4, 5, 9], [7, 8, 9]]
