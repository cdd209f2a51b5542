"""The PoseTrack evaluation as an mmengine metric."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmgnntrack.evaluation.functional import (
    HOTAS,
    PoseTrackResult,
    column_means,
    evaluate,
    filter_predictions,
    format_table,
)
from mmgnntrack.posetrack import JOINTS, POSETRACK18_KEYPOINTS, PoseFrame, PoseVideo, read_folder, write_video
from mmgnntrack.registry import METRICS
from mmgnntrack.settings import one_of

_WITHOUT_EARS = [POSETRACK18_KEYPOINTS.index(name) for name in JOINTS]


@METRICS.register_module()
class PoseTrackMetric(BaseMetric):
    """mAP, MOTA and their companions as the PoseTrack benchmark computes them.

    Each data sample is one frame, a dict with `video_name` (the annotation file's stem), `frame_id` (the frame's
    position in that file, from 0), `img_path` (named as in that file, whatever its folder and ending, or empty), and
    `pred_track_instances` with `keypoints` (n, K, 2) in image pixels, `keypoint_scores` (n, K), `instances_id` (n,)
    and, if at hand, `bboxes` (n, 4) xyxy. K is 15 in the order of `JOINTS` or 17 in PoseTrack18's, whose ears are
    dropped. If the data set's metainfo names its `videos`, these alone are evaluated; if it says where the boxes of
    people are from (`boxes_from`), so does the printed table.

    Args:
        ann_dir: folder of PoseTrack JSON files, or one file.
        outfile_dir: where to write a PoseTrack18 result file per video; not written if None.
        joint_score_thr: joints below are dropped for `mAP_filtered` and the tracking figures.
        pose_score_thr: poses whose mean joint score is below are dropped for `mAP_filtered` and the tracking figures.
        allow_missing: frames that were never processed count as frames in which nobody was found, for pipelines that
            see no frame without boxes; otherwise they are an error.
        official_quirks: give the figures of the official evaluator with its oddities.
        hota: whose definition, one of `HOTAS`.
        collect_device: 'cpu' or 'gpu', over which results of several ranks are gathered.
        prefix: put before the names of the figures.

    Returns from `compute_metrics`:
        Percentages `mAP`, `mAP_filtered`, `MOTA`, `MOTP`, `Precision`, `Recall`, `Miss`, `Switch`, `FP`, `IDF1`,
        `HOTA`, `DetA`, `AssA`, `FragA`, `LocA`, counts `MT`, `ML`, `Frag`, and per group of joints `AP/Head`,
        `AP_filtered/Head`, `MOTA/Head` and so on.
    """

    default_prefix = 'posetrack'

    def __init__(
        self,
        ann_dir: str,
        outfile_dir: str | None = None,
        joint_score_thr: float = 0.0,
        pose_score_thr: float = 0.0,
        allow_missing: bool = False,
        official_quirks: bool = True,
        hota: str = 'trackeval',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        one_of('PoseTrackMetric', 'hota', hota, HOTAS)
        self.ann_dir = ann_dir
        self.outfile_dir = outfile_dir
        self.joint_score_thr = joint_score_thr
        self.pose_score_thr = pose_score_thr
        self.allow_missing = allow_missing
        self.official_quirks = official_quirks
        self.hota = hota

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the poses of a batch of frames.

        Raises:
            ValueError: for poses with neither 15 nor 17 keypoints.
        """
        for sample in data_samples:
            frame = _frame(sample)
            self.results.append((sample['video_name'], int(sample['frame_id']), frame))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the frames of all ranks and evaluate them.

        Args:
            size: the length of the data set. Not used: cutting the gathered results to it, as mmengine does, would drop
                frames where samplers share whole videos out and repeat some; `compute_metrics` drops repeated frames.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list[tuple[str, int, PoseFrame]]) -> dict[str, float]:
        """Evaluate all frames, log the tables of the papers and return their figures.

        Args:
            results: (video name, position of the frame, its poses) of all ranks; the same frame may come twice.

        Raises:
            ValueError: naming the video, if frames of it were never processed, do not exist, or are of other images.
        """
        meta = self.dataset_meta or {}
        gt = [video for video in read_folder(self.ann_dir) if video.name in meta.get('videos', [video.name])]
        frames: dict[tuple[str, int], PoseFrame] = {}
        for name, index, frame in results:
            frames.setdefault((name, index), frame)
        pred = _videos(gt, frames, self.allow_missing)
        if self.outfile_dir is not None:
            folder = Path(self.outfile_dir)
            folder.mkdir(parents=True, exist_ok=True)
            for video in pred:
                write_video(folder / f'{video.name}.json', video)
        how = dict(official_quirks=self.official_quirks, hota=self.hota)
        result = evaluate(gt, pred, **how)
        kept = [filter_predictions(video, self.joint_score_thr, self.pose_score_thr) for video in pred]
        filtered = evaluate(gt, kept, **how)
        source = f'boxes of people from: {meta["boxes_from"]}\n' if 'boxes_from' in meta else ''
        table = format_table(result, filtered, (self.joint_score_thr, self.pose_score_thr))
        MMLogger.get_current_instance().info(f'{source}\n{table}')
        return _figures(result, filtered)


def _array(values: Any) -> np.ndarray:
    """A tensor or an array as a numpy array in memory."""
    return np.asarray(values.detach().cpu() if hasattr(values, 'detach') else values)


def _frame(sample: dict) -> PoseFrame:
    poses = sample['pred_track_instances']
    keypoints, scores = _array(poses['keypoints']), _array(poses['keypoint_scores'])
    count = len(keypoints)
    if keypoints.size == 0:  # frames without people may carry any shape
        keypoints, scores = np.zeros((0, len(JOINTS), 2)), np.zeros((0, len(JOINTS)))
    elif keypoints.shape[1] == len(POSETRACK18_KEYPOINTS):
        keypoints, scores = keypoints[:, _WITHOUT_EARS], scores[:, _WITHOUT_EARS]
    elif keypoints.shape[1] != len(JOINTS):
        raise ValueError(
            f'video {sample["video_name"]}, frame {sample["frame_id"]}: expected poses of {len(JOINTS)} keypoints (the '
            f"benchmark's) or {len(POSETRACK18_KEYPOINTS)} (PoseTrack18's), got {keypoints.shape[1]}"
        )
    instances = dict(
        keypoints=keypoints[..., :2], keypoint_scores=scores, instances_id=_array(poses['instances_id']).reshape(count)
    )
    if 'bboxes' in poses:
        instances['bboxes'] = _array(poses['bboxes']).reshape(count, 4)
    return PoseFrame.of(instances, str(sample['img_path'] or ''), int(sample['frame_id']))


def _videos(gt: Sequence[PoseVideo], frames: dict[tuple[str, int], PoseFrame], allow_missing: bool) -> list[PoseVideo]:
    """The predictions of each annotated video; their frames are named and numbered as the annotations name them."""
    unknown = frames.keys() - {(video.name, index) for video in gt for index in range(len(video))}
    if unknown:
        name, index = min(unknown)
        raise ValueError(f'video {name}: expected frames of {[video.name for video in gt]}, got frame {index} of it')
    videos = []
    for video in gt:
        missing = [index for index in range(len(video)) if (video.name, index) not in frames]
        if missing and not allow_missing:
            raise ValueError(
                f'video {video.name}: expected predictions for {len(video)} frames, {len(missing)} are missing, the '
                f'first of them frame {missing[0]}'
            )
        own = []
        for index, truth in enumerate(video.frames):
            frame = frames.get((video.name, index), PoseFrame(truth.file_name, truth.frame_id))
            # Frames that are counted otherwise than in the annotations would give figures, and wrong ones.
            if frame.file_name and Path(frame.file_name).stem != Path(truth.file_name).stem:
                raise ValueError(
                    f'video {video.name}, frame {index}: expected the image {truth.file_name}, got {frame.file_name}'
                )
            frame.file_name, frame.frame_id, frame.is_labeled = truth.file_name, truth.frame_id, truth.is_labeled
            own.append(frame)
        videos.append(PoseVideo(name=video.name, frames=own))
    return videos


def _figures(result: PoseTrackResult, filtered: PoseTrackResult) -> dict[str, float]:
    figures = {'mAP': result.ap, 'mAP_filtered': filtered.ap}
    figures |= {'MOTA': filtered.mota, 'MOTP': filtered.motp, 'Precision': filtered.precision}
    figures |= {'Recall': filtered.recall, 'Miss': filtered.miss_rate, 'Switch': filtered.switch_rate}
    figures |= {'FP': filtered.false_positive_rate, 'IDF1': filtered.idf1, 'HOTA': filtered.hota}
    figures |= {'DetA': filtered.deta, 'AssA': filtered.assa, 'FragA': filtered.fraga, 'LocA': filtered.loca}
    figures |= {'MT': filtered.mostly_tracked, 'ML': filtered.mostly_lost, 'Frag': filtered.fragments}
    totals = {name: float(values[-1]) for name, values in figures.items()}
    rows = {'AP': result.ap, 'AP_filtered': filtered.ap, 'MOTA': filtered.mota}
    groups = {f'{row}/{name}': value for row, values in rows.items() for name, value in column_means(values).items()}
    return totals | groups
