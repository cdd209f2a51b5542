"""What data sets over PoseTrack's files share."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.dataset import BaseDataset

from mmgnntrack.posetrack import NAMED_JOINTS, POSETRACK, PoseVideo, read_folder
from mmgnntrack.settings import one_of

from .metainfo import POSETRACK15

#: Which joints a data set reads: PoseTrack's 15, or those that the package's weights know by name.
SKELETONS = dict(posetrack=POSETRACK, named=NAMED_JOINTS)


class PoseTrackFolder(BaseDataset):
    """A data set whose annotations are a folder of PoseTrack17, 18 or 21 files (or one file), one video each.

    Args:
        videos: names of the videos to read, None for all.
        joints: key of `SKELETONS`, which joints to read.

    The other arguments are mmengine's BaseDataset's.

    Raises:
        ValueError: for unknown videos or joints.
    """

    METAINFO = POSETRACK15

    def __init__(
        self, *args: object, videos: Sequence[str] | None = None, joints: str = 'posetrack', **kwargs: object
    ) -> None:
        one_of(type(self).__name__, 'joints', joints, SKELETONS)
        self.videos = videos
        self.skeleton = SKELETONS[joints]
        super().__init__(*args, **kwargs)

    def read_videos(self) -> list[PoseVideo]:
        """The videos, in the order of their names."""
        videos = read_folder(self.ann_file, skeleton=self.skeleton)
        if self.videos is None:
            return videos
        unknown = set(self.videos) - {video.name for video in videos}
        if unknown:
            raise ValueError(f'no such video in {self.ann_file}: {", ".join(sorted(unknown))}')
        return [video for video in videos if video.name in self.videos]

    def image_path(self, file_name: str) -> str:
        """Where a frame lies: below `data_prefix['img']`, or below the data root where that is not given."""
        return str(Path(self.data_prefix.get('img', self.data_root or '')) / file_name)
