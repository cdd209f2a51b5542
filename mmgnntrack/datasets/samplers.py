"""How frames reach the model: whole videos, in order."""

from collections.abc import Iterator

from mmengine.dataset import BaseDataset
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmgnntrack.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class VideoSampler(Sampler):
    """Gives each rank whole videos, so that no track is cut, balanced by their length; frames in order.

    Args:
        dataset: a data set whose data infos have `video_name`, frames of a video one after the other.
    """

    def __init__(self, dataset: BaseDataset, seed: int | None = None) -> None:
        rank, world_size = get_dist_info()
        videos: dict[str, list[int]] = {}
        for index in range(len(dataset)):
            videos.setdefault(dataset.get_data_info(index)['video_name'], []).append(index)
        shards: list[list[int]] = [[] for _ in range(world_size)]
        for frames in sorted(videos.values(), key=len, reverse=True):
            min(shards, key=len).extend(frames)
        self.indices = sorted(shards[rank])

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def set_epoch(self, epoch: int) -> None:
        """Every epoch is the same."""
