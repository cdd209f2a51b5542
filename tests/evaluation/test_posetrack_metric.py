import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mmengine')
torch = pytest.importorskip('torch')

from mmengine.structures import BaseDataElement, InstanceData  # noqa: E402

from mmgnntrack.evaluation.functional import evaluate, filter_predictions  # noqa: E402
from mmgnntrack.evaluation.posetrack_metric import PoseTrackMetric  # noqa: E402
from mmgnntrack.posetrack import PoseVideo, read_folder  # noqa: E402
from mmgnntrack.registry import METRICS  # noqa: E402

GOLDEN = Path(__file__).parents[1] / 'data/poseval/tracks_come_and_go'


def samples(video: PoseVideo, *, keypoints: int = 15, tensors: bool = True) -> list[dict]:
    """The predictions of a video as a model gives them: all joints of a pose, whatever their scores."""
    found = []
    for index, frame in enumerate(video.frames):
        xy, scores = frame.keypoints, frame.keypoint_scores
        if keypoints == 17:
            xy, scores = np.insert(xy, [3, 3], -7, axis=1), np.insert(scores, [3, 3], 9, axis=1)
        poses = {'keypoints': xy, 'keypoint_scores': scores, 'instances_id': frame.track_ids}
        if tensors:
            poses = {name: torch.from_numpy(values) for name, values in poses.items()}
        path = f'elsewhere/{Path(frame.file_name).name}'
        sample = BaseDataElement(metainfo={'video_name': video.name, 'frame_id': index, 'img_path': path})
        sample.pred_track_instances = InstanceData(bboxes=np.zeros((len(frame), 4)), **poses)
        found.append(sample.to_dict())
    return found


@pytest.fixture
def pred() -> PoseVideo:
    (video,) = read_folder(GOLDEN / 'pred')
    for frame in video.frames:
        frame.annotated[:] = frame.visible[:] = True
    return video


def a_metric(**options: object) -> PoseTrackMetric:
    return METRICS.build({'type': 'PoseTrackMetric', 'ann_dir': str(GOLDEN / 'gt'), **options})


@pytest.mark.parametrize('tensors', [True, False])
@pytest.mark.parametrize('keypoints', [15, 17])
def test_same_figures_as_the_functions(pred: PoseVideo, keypoints: int, tensors: bool) -> None:
    metric = a_metric(joint_score_thr=0.4, pose_score_thr=0.5)
    metric.process(None, samples(pred, keypoints=keypoints, tensors=tensors))
    figures = metric.evaluate(size=len(pred))
    gt = read_folder(GOLDEN / 'gt')
    result, filtered = evaluate(gt, [pred]), evaluate(gt, [filter_predictions(pred, 0.4, 0.5)])
    assert figures['posetrack/mAP'] == result.ap[15] != filtered.ap[15]
    assert figures['posetrack/mAP_filtered'] == filtered.ap[15]
    assert figures['posetrack/MOTA'] == filtered.mota[15]
    assert figures['posetrack/IDF1'] == filtered.idf1[15]
    assert [figures[f'posetrack/{name}'] for name in ('HOTA', 'DetA', 'AssA', 'LocA')] == [
        values[15] for values in (filtered.hota, filtered.deta, filtered.assa, filtered.loca)
    ]
    assert figures['posetrack/AP/Ankl'] == pytest.approx((result.ap[0] + result.ap[5]) / 2)
    total = sum(figures[f'posetrack/{name}'] for name in ('MOTA', 'Miss', 'Switch', 'FP'))
    assert total == pytest.approx(100)
    assert all(isinstance(value, float) for value in figures.values())


def test_the_data_set_says_which_videos_and_boxes(
    pred: PoseVideo, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    """Validation on some videos, and a table that tells the protocol."""
    whole = a_metric()
    whole.process(None, samples(pred))
    expected = whole.evaluate(size=len(pred))
    (gt,) = read_folder(GOLDEN / 'gt')
    for name in (gt.name, 'another'):
        (tmp_path / f'{name}.json').write_bytes(gt.path.read_bytes())
    metric = a_metric(ann_dir=str(tmp_path))
    metric.dataset_meta = dict(videos=[gt.name], boxes_from='annotations')
    metric.process(None, samples(pred))
    assert metric.evaluate(size=len(pred)) == expected
    assert 'boxes of people from: annotations\n' in log.text


def test_frames_may_come_in_any_order_and_twice(pred: PoseVideo) -> None:
    once, shuffled = a_metric(), a_metric(prefix='posetrack')
    frames = samples(pred)
    once.process(None, frames)
    order = np.random.default_rng(0).permutation(len(frames))
    for index in [*order, *order[:5]]:
        shuffled.process(None, [frames[index]])
    assert shuffled.evaluate(size=len(frames)) == once.evaluate(size=len(frames))


def test_repeated_frames_do_not_push_others_out(pred: PoseVideo) -> None:
    metric = a_metric()
    frames = samples(pred)
    metric.process(None, frames[:5] + frames)
    metric.evaluate(size=len(frames))  # would lack the last five, were the results cut to this size


def test_missing_frames(pred: PoseVideo) -> None:
    metric = a_metric()
    metric.process(None, samples(pred)[:-3])
    with pytest.raises(ValueError, match=rf'video {pred.name}: .*{len(pred)} frames, 3 are missing.*{len(pred) - 3}'):
        metric.evaluate(size=len(pred))


def test_missing_frames_may_count_as_empty(pred: PoseVideo) -> None:
    metric, expected = a_metric(allow_missing=True), a_metric()
    frames = samples(pred)
    metric.process(None, frames[:-3])
    for frame in frames[-3:]:
        frame['pred_track_instances'] = {field: values[:0] for field, values in frame['pred_track_instances'].items()}
    expected.process(None, frames)
    assert metric.evaluate(size=len(pred)) == expected.evaluate(size=len(pred))


def test_unknown_video(pred: PoseVideo) -> None:
    metric = a_metric()
    metric.process(None, samples(pred))
    metric.process(None, samples(PoseVideo('other', pred.frames[:1])))
    with pytest.raises(ValueError, match='video other: .*got frame 0'):
        metric.evaluate(size=len(pred))


def test_other_images(pred: PoseVideo) -> None:
    """As where frames are counted otherwise than in the annotations."""
    metric = a_metric()
    metric.process(None, samples(PoseVideo(pred.name, [*pred.frames[:3], *pred.frames[4:], pred.frames[3]])))
    with pytest.raises(ValueError, match='frame 3: expected the image .*/000003.jpg, got elsewhere/000004.jpg'):
        metric.evaluate(size=len(pred))


def test_images_of_no_or_another_kind(pred: PoseVideo) -> None:
    metric, expected = a_metric(), a_metric()
    expected.process(None, samples(pred))
    for frame, path in zip(samples(pred), ['', None, *(f'{index:06}.png' for index in range(2, len(pred)))]):
        metric.process(None, [frame | dict(img_path=path)])
    assert metric.evaluate(size=len(pred)) == expected.evaluate(size=len(pred))


def test_wrong_number_of_keypoints(pred: PoseVideo) -> None:
    sample = samples(pred)[4]
    poses = sample['pred_track_instances']
    poses['keypoints'] = poses['keypoints'][:, :14]
    with pytest.raises(ValueError, match=r'frame 4: expected poses of 15 keypoints .* or 17 .*, got 14'):
        a_metric().process(None, [sample])


def test_result_files(pred: PoseVideo, tmp_path: Path) -> None:
    metric = a_metric(outfile_dir=str(tmp_path / 'new' / 'results'))
    metric.process(None, samples(pred, keypoints=17))
    figures = metric.evaluate(size=len(pred))
    (written,) = read_folder(tmp_path / 'new' / 'results')
    (gt,) = read_folder(GOLDEN / 'gt')
    assert written.name == pred.name
    assert [frame.file_name for frame in written.frames] == [frame.file_name for frame in gt.frames]
    np.testing.assert_allclose(written.frames[3].keypoints, pred.frames[3].keypoints, atol=1e-4)
    assert evaluate([gt], [written]).ap_recall[15] == pytest.approx(figures['posetrack/Recall'], abs=10)


def test_the_table_is_logged(pred: PoseVideo, log: pytest.LogCaptureFixture) -> None:
    metric = a_metric(official_quirks=False)
    metric.process(None, samples(pred))
    metric.evaluate(size=len(pred))
    assert 'Head    Shou     Elb' in log.text
    assert 'AP filtered' in log.text
    assert 'not the benchmark' in log.text


RANK = """
import pickle, sys
import torch.distributed as dist
from mmgnntrack.evaluation.posetrack_metric import PoseTrackMetric
rank, folder, ann_dir = int(sys.argv[1]), sys.argv[2], sys.argv[3]
dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
with open(f'{folder}/samples.pkl', 'rb') as file:
    samples = pickle.load(file)
metric = PoseTrackMetric(ann_dir, joint_score_thr=0.4)
# Unequal shares, and a frame that both have.
metric.process(None, samples[:8] if rank == 0 else samples[7:])
print(sorted(metric.evaluate(size=len(samples)).items()))
dist.destroy_process_group()
"""


def test_two_ranks_give_the_figures_of_one(pred: PoseVideo, tmp_path: Path) -> None:
    frames = samples(pred)
    metric = a_metric(joint_score_thr=0.4)
    metric.process(None, frames)
    alone = metric.evaluate(size=len(frames))
    (tmp_path / 'samples.pkl').write_bytes(pickle.dumps(frames))
    ranks = [
        subprocess.Popen(
            [sys.executable, '-c', RANK, str(rank), str(tmp_path), str(GOLDEN / 'gt')],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for rank in ranks:
        output, _ = rank.communicate(timeout=120)
        assert rank.returncode == 0
        assert output.splitlines()[-1] == str(sorted(alone.items()))
