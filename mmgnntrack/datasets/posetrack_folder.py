"""What data sets over PoseTrack's files share."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.dataset import BaseDataset

from mmgnntrack.posetrack import PoseVideo, read_folder

from .metainfo import POSETRACK15


class PoseTrackFolder(BaseDataset):
    """A data set whose annotations are a folder of PoseTrack17, 18 or 21 files (or one file), one video each.

    Args:
        videos: names of the videos to read, None for all.

    The other arguments are mmengine's BaseDataset's.

    Raises:
        ValueError: for unknown videos.
    """

    METAINFO = POSETRACK15

    def __init__(self, *args: object, videos: Sequence[str] | None = None, **kwargs: object) -> None:
        self.videos = videos
        super().__init__(*args, **kwargs)

    def read_videos(self) -> list[PoseVideo]:
        """The videos, in the order of their names."""
        videos = read_folder(self.ann_file)
        if self.videos is None:
            return videos
        unknown = set(self.videos) - {video.name for video in videos}
        if unknown:
            raise ValueError(f'no such video in {self.ann_file}: {", ".join(sorted(unknown))}')
        return [video for video in videos if video.name in self.videos]

    def image_path(self, file_name: str) -> str:
        """Where a frame lies: below `data_prefix['img']`, or below the data root where that is not given."""
        return str(Path(self.data_prefix.get('img', self.data_root or '')) / file_name)
