from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import save_checkpoint

from mmgnntrack.apis import PoseTrackInferencer
from mmgnntrack.models import VideoPoseTracker
from mmgnntrack.registry import MODELS
from mmgnntrack.visualization import PANELS

NAME = 'gnn_hrnet-mini_synthtrack'
#: Whatever poses random weights give are people, and go on as one another.
ANYONE = {
    'model.tracker.init_score_thr': 0.0,
    'model.tracker.min_similarity': 0.0,
    'model.detector.model.test_cfg.rcnn.max_per_img': 3,
}


@pytest.fixture(scope='module')
def weights(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files with random weights, in the places of the parts."""
    config = Config.fromfile(repository / f'configs/mini/{NAME}.py')
    torch.manual_seed(0)
    model: VideoPoseTracker = MODELS.build(config.model)
    folder = tmp_path_factory.mktemp('weights')
    parts = dict(weights=model, detector_weights=model.detector.model, pose_weights=model.pose_estimator.model)
    for part, module in parts.items():
        save_checkpoint(dict(state_dict=module.state_dict()), str(folder / f'{part}.pth'))
    return {part: str(folder / f'{part}.pth') for part in parts}


@pytest.fixture(scope='module')
def inferencer(weights: dict[str, str]) -> PoseTrackInferencer:
    return PoseTrackInferencer(NAME, **weights, device='cpu', cfg_options=ANYONE)


@pytest.fixture
def frames(synthtrack: Path) -> Path:
    return next((synthtrack / 'images/val').iterdir())


def tracks_of(results: object) -> list:
    return [result['predictions'][0].pred_track_instances for result in results]


def test_frame_by_frame(inferencer: PoseTrackInferencer, frames: Path) -> None:
    results = inferencer(frames, return_vis=True)
    first = next(results)
    (sample,), (picture,) = first['predictions'], first['visualization']
    assert (sample.video_name, sample.frame_id, sample.img_path) == (frames.name, 0, '000000.jpg')
    assert len(sample.pred_track_instances.keypoints) and picture.ndim == 3
    rest = list(results)
    assert [result['predictions'][0].frame_id for result in rest] == list(range(1, 8))
    assert len(rest[-1]['predictions'][0].pred_track_instances.ages)


def test_each_call_is_a_video(inferencer: PoseTrackInferencer, frames: Path) -> None:
    once, again = (tracks_of(inferencer(frames)) for _ in range(2))
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one.instances_id, other.instances_id)
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


def test_the_detector_rests(inferencer: PoseTrackInferencer, frames: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    detect = inferencer.model.detect
    monkeypatch.setattr(inferencer.model, 'detect', lambda image: seen.append(1) or detect(image))
    tracks = tracks_of(inferencer(frames, every=3))
    assert len(seen) == 3 and len(tracks) == 8
    kept = set(tracks[0].instances_id.tolist())
    assert kept & set(tracks[1].instances_id.tolist()) and kept & set(tracks[2].instances_id.tolist())


def test_max_people(inferencer: PoseTrackInferencer, frames: Path) -> None:
    found = next(inferencer(frames, max_people=1))['predictions'][0].pred_track_instances
    assert len(found.keypoints) == 1


def test_smoothing_is_for_the_eye_alone(inferencer: PoseTrackInferencer, frames: Path) -> None:
    raw, smooth = (tracks_of(inferencer(frames, smooth=smooth)) for smooth in (False, True))
    np.testing.assert_array_equal(raw[-1].instances_id, smooth[-1].instances_id)
    np.testing.assert_array_equal(raw[0].keypoints, smooth[0].keypoints)
    assert not np.array_equal(raw[1].keypoints, smooth[1].keypoints)


def test_panels(inferencer: PoseTrackInferencer, frames: Path) -> None:
    *_, last = inferencer(frames, panels=list(PANELS), smooth=True)
    assert last['panels'].keys() == PANELS.keys() and not last['visualization']
    assert all(picture.dtype == np.uint8 and np.ptp(picture) > 100 for picture in last['panels'].values())
    assert next(inferencer(frames))['panels'] == {}
    seen: list = []
    inferencer.model.tracker.observer = observer = seen.append  # somebody else's
    begun = inferencer(frames, panels=['fusion'])
    next(begun)
    begun.close()
    next(inferencer(frames))
    assert inferencer.model.tracker.observer is observer and len(seen) == 1
    inferencer.model.tracker.observer = None
    with pytest.raises(ValueError, match='panels must be some of .*attention.*, got .*pose'):
        next(inferencer(frames, panels=['pose']))


def test_broken_frames(inferencer: PoseTrackInferencer, frames: Path, tmp_path: Path) -> None:
    """Nobody is in them, and the tracks live on."""
    for path in sorted(frames.iterdir())[:4]:
        data = path.read_bytes()
        (tmp_path / path.name).write_bytes(data[:20] if path.name == '000001.jpg' else data)
    with pytest.warns(UserWarning, match='frame 1 is skipped'):
        results = list(inferencer(tmp_path, return_vis=True, panels=['fusion']))
    tracks = tracks_of(results)
    assert [(len(result['visualization']), len(result['panels'])) for result in results] == [
        (1, 1),
        (0, 0),
        *2 * [(1, 1)],
    ]
    assert len(tracks) == 4 and not len(tracks[1].instances_id)
    assert set(tracks[0].instances_id.tolist()) & set(tracks[2].instances_id.tolist())


def test_weights_that_are_missing(weights: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="matching='full' predicts poses: expected weights of the dynamics head"):
        PoseTrackInferencer(NAME, **dict(weights, weights=None))
    with pytest.raises(FileNotFoundError, match='hrnet-mini_synthtrak: no such config file.*did you mean .*synthtrack'):
        PoseTrackInferencer('gnn_hrnet-mini_synthtrak')
    with pytest.raises(ValueError, match='cannot build .* PoseTracker has no setting matchings, did you mean matching'):
        PoseTrackInferencer(NAME, cfg_options={'model.tracker.matchings': 'oks'})


def test_matching_by_oks_needs_no_weights_of_the_tracker(weights: dict[str, str], frames: Path) -> None:
    options = ANYONE | {'model.tracker.matching': 'oks'}
    inferencer = PoseTrackInferencer(NAME, **dict(weights, weights=None), cfg_options=options)
    assert len(tracks_of(inferencer(frames))) == 8
    with pytest.raises(ValueError, match="panel 'heatmaps' needs matching 'full', the tracker has 'oks'"):
        next(inferencer(frames, panels=['heatmaps']))


@pytest.mark.parametrize('device', ['abc', 'cuda:x', 'cpu:'])
def test_no_such_device(device: str, weights: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f'device {device}: expected cpu, cuda or cuda:N'):
        PoseTrackInferencer(NAME, **weights, device=device)
