import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack import disk_list
from mmgnntrack.disk_list import DiskList

FRAMES = a_video(people_at(10, 50), {}, people_at(12)).frames


@pytest.mark.parametrize('small', [1, 1 << 24])
def test_items_come_back_as_often_as_one_likes(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_list, '_SMALL', small)
    store = DiskList(FRAMES[:2])
    one = iter(store)
    first = next(one)
    store.extend(FRAMES[2:])
    for frame, expected in zip([first, *one], FRAMES, strict=True):
        assert frame.file_name == expected.file_name
        np.testing.assert_array_equal(frame.keypoints, expected.keypoints)
    assert len(store) == 3 and [len(frame) for frame in store] == [2, 0, 1]
    assert store[-1].file_name == FRAMES[2].file_name and [len(frame) for frame in store[::2]] == [2, 1]
    store[0].keypoints += 1
    np.testing.assert_array_equal(store[0].keypoints, FRAMES[0].keypoints)


def test_items_are_sorted_by_keys() -> None:
    store = DiskList('cab')
    store.sort([2, 0, 1])
    store.append('d')
    assert [*store] == [*'abcd'] and [*DiskList()] == []
    store.sort([0, 1, 0, 0])
    assert [*store] == [*'acdb']
