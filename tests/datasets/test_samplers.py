from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, DefaultSampler
from mmengine.registry import DATA_SAMPLERS
from videos import a_video, people_at

from mmgnntrack.datasets import FrameBatchSampler, PoseTrackVideoDataset, VideoSampler, samplers
from mmgnntrack.posetrack import write_video

LENGTHS = {'a': 3, 'b': 7, 'c': 1, 'd': 5, 'e': 4}


@pytest.fixture
def dataset(tmp_path: Path) -> PoseTrackVideoDataset:
    for name, length in LENGTHS.items():
        write_video(tmp_path / f'{name}.json', a_video(*length * [people_at(1)], name=name))
    return PoseTrackVideoDataset(str(tmp_path))


def shards(dataset: PoseTrackVideoDataset, ranks: int, monkeypatch: pytest.MonkeyPatch) -> list[VideoSampler]:
    found = []
    for rank in range(ranks):
        monkeypatch.setattr(samplers, 'get_dist_info', lambda rank=rank: (rank, ranks))
        found.append(VideoSampler(dataset, seed=rank))
    return found


@pytest.mark.parametrize('ranks', [1, 2, 3, 8])
def test_whole_videos_in_order(dataset: PoseTrackVideoDataset, ranks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for shard in shards(dataset, ranks, monkeypatch):
        infos = [dataset.get_data_info(index) for index in shard]
        assert len(shard) == len(infos)
        names = list(dict.fromkeys(info['video_name'] for info in infos))
        frames = [(info['video_name'], info['frame_id']) for info in infos]
        assert frames == [(name, frame_id) for name in names for frame_id in range(LENGTHS[name])]
        seen += names
    assert sorted(seen) == sorted(LENGTHS)


@pytest.mark.parametrize(('ranks', 'sizes'), [(1, [20]), (2, [10, 10]), (3, [7, 6, 7]), (8, [7, 5, 4, 3, 1, 0, 0, 0])])
def test_balance(dataset: PoseTrackVideoDataset, ranks: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(map(len, shards(dataset, ranks, monkeypatch))) == sorted(sizes)


def test_every_epoch_is_the_same(dataset: PoseTrackVideoDataset) -> None:
    sampler = DATA_SAMPLERS.build(dict(type='mmgnntrack.VideoSampler', dataset=dataset, seed=1))
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) == first and len(first) == 20


class People(BaseDataset):
    """Samples of single people, in any order."""

    def load_data_list(self) -> list[dict]:
        shuffled = np.random.default_rng(0).permutation(40)
        return [
            dict(img_id=int(i) // 2, img_path=f'images/{"abc"[i // 2 % 3]}/{i // 6:03}.jpg') for i in shuffled.tolist()
        ]


@pytest.mark.parametrize('ranks', [1, 2, 4])
def test_batches_are_frames(ranks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = People('')
    seen = []
    for rank in range(ranks):
        monkeypatch.setattr(samplers, 'get_dist_info', lambda rank=rank: (rank, ranks))
        batches = FrameBatchSampler(DefaultSampler(dataset, shuffle=True), batch_size=32)
        paths = [{dataset.get_data_info(index)['img_path'] for index in batch} for batch in batches]
        assert len(batches) == len(paths) and all(len(images) == 1 for images in paths)
        own = [path for images in paths for path in images]
        videos = list(dict.fromkeys(path.split('/')[1] for path in own))
        assert own == sorted(own, key=lambda path: (videos.index(path.split('/')[1]), path))
        seen += own
    assert len(seen) == len(set(seen)) == 20
