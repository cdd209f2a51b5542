"""Videos, frame by frame."""

import numpy as np

from mmgnntrack.posetrack import PoseFrame
from mmgnntrack.registry import DATASETS

from .boxes import annotated_boxes, read_bbox_file
from .posetrack_folder import PoseTrackFolder


@DATASETS.register_module()
class PoseTrackVideoDataset(PoseTrackFolder):
    """The frames of all videos, video by video in order, labelled or not.

    Args:
        ann_file: folder of annotation files, or one file, relative to `data_root`.
        data_prefix: `img`: the folder that the files' image names are relative to, `data_root` by default.
        videos: names of the videos to read, None for all.
        max_videos: read no more than these many, spread evenly over all; None for all.
        bbox_file: boxes that take the detector's place, in MMPose's format (see `read_bbox_file`).
        bbox_score_thr: boxes of the file below it are dropped.
        gt_bboxes: let the boxes of the annotated people take the detector's place.

    The other arguments are mmengine's BaseDataset's. A frame is a dict with `img_path`, `video_name` (the annotation
    file's stem), `frame_id` (its index in the video, from 0), `video_length`, and, where boxes are given, `bboxes`
    (n, 4) xyxy image px and `bbox_scores` (n,). The metainfo has the names of the `videos`, and `boxes_from` says where
    the boxes of people come from: `detector`, `annotations` or the file's name.

    Raises:
        ValueError: for unknown videos, for two sources of boxes, and see `read_bbox_file`.
    """

    def __init__(
        self,
        *args: object,
        max_videos: int | None = None,
        bbox_file: str | None = None,
        bbox_score_thr: float = 0.0,
        gt_bboxes: bool = False,
        **kwargs: object,
    ) -> None:
        if bbox_file and gt_bboxes:
            raise ValueError(f'expected either a bbox_file or gt_bboxes, got {bbox_file!r} and True')
        self.max_videos = max_videos
        self.bbox_file = bbox_file
        self.bbox_score_thr = bbox_score_thr
        self.gt_bboxes = gt_bboxes
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        videos = self.read_videos()
        if self.max_videos is not None and self.max_videos < len(videos):
            spread = np.linspace(0, len(videos) - 1, self.max_videos).round().astype(int)
            videos = [videos[index] for index in spread]
        source = 'annotations' if self.gt_bboxes else self.bbox_file or 'detector'
        self._metainfo |= dict(videos=[video.name for video in videos], boxes_from=source)
        self._detected = read_bbox_file(self.bbox_file, videos) if self.bbox_file else {}
        return [
            dict(
                img_path=self.image_path(frame.file_name),
                video_name=video.name,
                frame_id=index,
                video_length=len(video),
                **self._boxes(frame),
            )
            for video in videos
            for index, frame in enumerate(video.frames)
        ]

    def _boxes(self, frame: PoseFrame) -> dict[str, np.ndarray]:
        if self.gt_bboxes:
            bboxes = annotated_boxes(frame)
            return dict(bboxes=bboxes, bbox_scores=np.ones(len(bboxes), np.float32))
        if not self.bbox_file:
            return {}
        nobody = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        bboxes, scores = self._detected.get(frame.file_name, self._detected.get(frame.frame_id, nobody))
        kept = scores >= self.bbox_score_thr
        return dict(bboxes=bboxes[kept], bbox_scores=scores[kept])
