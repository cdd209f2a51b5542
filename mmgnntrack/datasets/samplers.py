"""How frames reach the model: whole videos, in order."""

from collections.abc import Hashable, Iterator, Mapping

from mmengine.dataset import BaseDataset
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmgnntrack.registry import DATA_SAMPLERS

from .image_frames import image_frames


def own_videos(videos: Mapping[Hashable, list]) -> list[list]:
    """The videos of this rank, of all videos by name: whole ones, so that no track is cut, balanced by their length."""
    rank, world_size = get_dist_info()
    shards: list[list[list]] = [[] for _ in range(world_size)]
    for video in sorted(videos.values(), key=len, reverse=True):
        min(shards, key=lambda shard: sum(map(len, shard))).append(video)
    return shards[rank]


@DATA_SAMPLERS.register_module()
class VideoSampler(Sampler):
    """Gives each rank whole videos, so that no track is cut, balanced by their length; frames in order.

    Args:
        dataset: a data set whose data infos have `video_name`, frames of a video one after the other.
    """

    def __init__(self, dataset: BaseDataset, seed: int | None = None) -> None:
        videos: dict[str, list[int]] = {}
        for index in range(len(dataset)):
            videos.setdefault(dataset.get_data_info(index)['video_name'], []).append(index)
        self.indices = sorted(index for video in own_videos(videos) for index in video)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def set_epoch(self, epoch: int) -> None:
        """Every epoch is the same."""


@DATA_SAMPLERS.register_module()
class FrameBatchSampler(Sampler):
    """Makes a batch of the people of one frame, frames in order, video by video, for `OKSHungarianFusionHook`.

    Stock top-down data sets have one sample per person, and their batches mix people of several frames and videos::

        test_dataloader = dict(batch_sampler=dict(type='mmgnntrack.FrameBatchSampler'))

    A folder of images is a video (see `image_frames`). Each rank gets whole videos.

    Args:
        sampler: what mmengine builds from `dataloader.sampler`; only its data set counts, not its order.
        batch_size: of the dataloader; not used, a frame has as many people as it has.
    """

    def __init__(self, sampler: Sampler, batch_size: int | None = None) -> None:
        self.sampler = sampler
        frames = image_frames(sampler.dataset)
        videos: dict[str, dict[int, list[int]]] = {}
        for index in range(len(sampler.dataset)):
            frame = frames[sampler.dataset.get_data_info(index)['img_id']]
            videos.setdefault(frame.video, {}).setdefault(frame.number, []).append(index)
        ordered = {name: [people for _, people in sorted(video.items())] for name, video in videos.items()}
        self.batches = [people for video in own_videos(ordered) for people in video]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)
