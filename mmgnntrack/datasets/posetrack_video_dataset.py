"""Videos, frame by frame."""

from pathlib import Path

from mmengine.dataset import BaseDataset

from mmgnntrack.posetrack import PoseVideo, read_folder
from mmgnntrack.registry import DATASETS

from .metainfo import POSETRACK15


class _PoseTrackFolder(BaseDataset):
    """Reads a folder of PoseTrack17, 18 or 21 annotation files (or one file), one video each."""

    METAINFO = POSETRACK15

    def read_videos(self) -> list[PoseVideo]:
        return read_folder(self.ann_file)

    def image_path(self, file_name: str) -> str:
        """Where a frame lies: below `data_prefix['img']`, or below the data root where that is not given."""
        return str(Path(self.data_prefix.get('img', self.data_root or '')) / file_name)


@DATASETS.register_module()
class PoseTrackVideoDataset(_PoseTrackFolder):
    """The frames of all videos, video by video in order, labelled or not.

    Args:
        ann_file: folder of annotation files, or one file, relative to `data_root`.
        data_prefix: `img`: the folder that the files' image names are relative to, `data_root` by default.
        videos: names of the videos to read, None for all.

    The other arguments are mmengine's BaseDataset's. A frame is a dict with `img_path`, `video_name` (the annotation
    file's stem), `frame_id` (its index in the video, from 0) and `video_length`.
    """

    def __init__(self, *args: object, videos: list[str] | None = None, **kwargs: object) -> None:
        self.videos = videos
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        videos = self.read_videos()
        if self.videos is not None:
            unknown = set(self.videos) - {video.name for video in videos}
            if unknown:
                raise ValueError(f'no such video in {self.ann_file}: {", ".join(sorted(unknown))}')
            videos = [video for video in videos if video.name in self.videos]
        return [
            dict(
                img_path=self.image_path(frame.file_name),
                video_name=video.name,
                frame_id=index,
                video_length=len(video),
            )
            for video in videos
            for index, frame in enumerate(video.frames)
        ]
