from pathlib import Path

import pytest
from mmengine.registry import DATA_SAMPLERS
from videos import a_video, people_at

from mmgnntrack.datasets import PoseTrackVideoDataset, VideoSampler, samplers
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
