"""Frames from disk, and how they are packed for the video model."""

from pathlib import Path

from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement, InstanceData

from mmgnntrack.images import read_frame
from mmgnntrack.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadFrame(BaseTransform):
    """Adds `img`, the frame at `img_path`, and its `ori_shape` (h, w)."""

    def transform(self, results: dict) -> dict:
        results['img'] = read_frame(results['img_path'])
        results['ori_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class TakeFrame(BaseTransform):
    """Makes of what MMDet's video data sets give in testing under `TrackImgSampler`, lists of one frame's values, that
    frame as `PoseTrackVideoDataset` gives it. The video's name is that of the frame's folder."""

    def transform(self, results: dict) -> dict:
        if len(results['img_path']) != 1:
            raise ValueError(
                f'TakeFrame: expected one frame, got {len(results["img_path"])} of video {results["video_id"][0]}: use '
                "sampler=dict(type='mmdet.TrackImgSampler')"
            )
        frame = {key: values[0] for key, values in results.items()}
        return dict(
            img_path=frame['img_path'],
            video_name=Path(frame['img_path']).parent.name,
            frame_id=frame['frame_id'],
            video_length=frame['ori_video_length'],
        )


@TRANSFORMS.register_module()
class PackFrameInputs(BaseTransform):
    """Packs a frame for `VideoPoseTracker`: the image as it is, since each part of the model resizes for itself, and
    the boxes that the data set gives it, if any, as the sample's `proposals`."""

    META = ('video_name', 'frame_id', 'video_length', 'img_path', 'ori_shape')

    def transform(self, results: dict) -> dict:
        sample = BaseDataElement(metainfo={key: results[key] for key in self.META})
        if 'bboxes' in results:
            sample.proposals = InstanceData(bboxes=results['bboxes'], bbox_scores=results['bbox_scores'])
        return dict(inputs=results['img'], data_samples=sample)
