import copy
import multiprocessing
import pickle
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack import disk_list
from mmgnntrack.disk_list import DiskList

FORK = multiprocessing.get_context('fork')
FRAMES = a_video(people_at(10, 50), {}, people_at(12)).frames


@pytest.fixture(params=[1, 100, 1 << 22], autouse=True)
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_list, '_SMALL', request.param)


def test_items_come_back_as_often_as_one_likes() -> None:
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
    keys = np.random.default_rng(0).integers(0, 3, 300)
    store = DiskList(enumerate(keys.tolist()))
    store.sort(keys)
    assert [*store] == sorted(enumerate(keys.tolist()), key=lambda item: item[1])


def test_copies() -> None:
    store = DiskList([[1], [2]])
    for other in (copy.copy(store), copy.deepcopy(store), pickle.loads(pickle.dumps(store))):
        other.append([3])
        assert [*other] == [[1], [2], [3]] and [*store] == [[1], [2]]


def test_readers_at_the_same_time() -> None:
    store = DiskList(range(500))

    def read(start: int) -> bool:
        return all(store[number % 500] == number % 500 for number in range(start, start + 5000))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(4)))
    processes = [FORK.Process(target=lambda start=start: sys.exit(not read(start))) for start in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


def _fill(complaints: multiprocessing.SimpleQueue) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        DiskList(b'x' * 100_000 for _ in range(100))
    except OSError as error:
        complaints.put(str(error))


def test_a_full_disk_is_named() -> None:
    complaints = FORK.SimpleQueue()
    process = FORK.Process(target=_fill, args=(complaints,))
    process.start()
    process.join()
    assert 'cannot keep data in ' in complaints.get() and process.exitcode == 0
