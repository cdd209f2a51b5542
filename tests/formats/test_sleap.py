import builtins
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.formats import read
from mmgnntrack.formats.sleap import write_sleap
from mmgnntrack.posetrack import COCO, PoseTrackFormatError, PoseVideo, Skeleton

FLY = ('head', 'thorax', 'wingL', 'wingR')


def test_sleap_io_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracked: Callable[..., PoseVideo]) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: object, **keywords: object) -> object:
        if name == 'sleap_io':
            raise ModuleNotFoundError("No module named 'sleap_io'", name='sleap_io')
        return imported(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, '__import__', without)
    message = r"flies\.slp: SLEAP's files need sleap_io: pip install sleap-io$"
    with pytest.raises(ValueError, match=message):
        read(tmp_path / 'flies.slp')
    with pytest.raises(ValueError, match=message):
        write_sleap(tmp_path / 'flies.slp', tracked())


def test_read(tmp_path: Path) -> None:
    """Predictions, a correction of one of them, and joints that are not visible."""
    sio = pytest.importorskip('sleap_io')
    skeleton = sio.Skeleton(nodes=[*FLY], edges=[('head', 'thorax'), ('thorax', 'wingL')])
    images = sio.Video(filename='flies.mp4', open_backend=False)
    track = sio.Track('one')

    def predicted(x: float) -> sio.PredictedInstance:
        points = np.array([[x, 1], [x + 1, 2], [np.nan, np.nan], [x + 3, 4]])
        scores = np.array([0.5, 0.25, 0, 1])
        return sio.PredictedInstance.from_numpy(points, skeleton=skeleton, point_scores=scores, score=0.7, track=track)

    wrong = predicted(50)
    right = sio.Instance.from_numpy(np.array([[60.0, 1], [61, 2], [62, 3], [63, 4]]), skeleton=skeleton)
    right.from_predicted = wrong
    frames = [
        sio.LabeledFrame(video=images, frame_idx=9, instances=[predicted(10)]),
        sio.LabeledFrame(video=images, frame_idx=4, instances=[wrong, right]),
    ]
    sio.Labels(frames).save(str(tmp_path / 'flies.slp'))

    video = read(tmp_path / 'flies.slp')
    assert video.name == 'flies' and video.skeleton.joints == FLY
    assert video.skeleton.links == (('head', 'thorax'), ('thorax', 'wingL'))
    assert [(frame.frame_id, len(frame)) for frame in video.frames] == [(0, 0), (4, 1), (9, 1)]
    assert video.frames[1].keypoints[0, :, 0].tolist() == [60, 61, 62, 63]
    assert np.isnan(video.frames[1].keypoint_scores).all() and video.frames[1].annotated.all()
    assert video.frames[2].keypoints.tolist() == [[[10, 1], [11, 2], [0, 0], [13, 4]]]
    assert video.frames[2].annotated.tolist() == [[True, True, False, True]]
    assert video.frames[2].keypoint_scores.tolist() == [[0.5, 0.25, 0, 1]]


@pytest.mark.parametrize('skeleton', [COCO, Skeleton(FLY, (0.1,) * 4)])
def test_write_and_read(
    tmp_path: Path, skeleton: Skeleton, tracked: Callable[..., PoseVideo], same_poses: Callable
) -> None:
    sio = pytest.importorskip('sleap_io')
    write_sleap(tmp_path / 'dance.slp', tracked(skeleton))
    same_poses(read(tmp_path / 'dance.slp'), tracked(skeleton))
    labels = sio.load_slp(str(tmp_path / 'dance.slp'), open_videos=False)
    assert sorted(track.name for track in labels.tracks) == ['track2', 'track5']
    tracks = {frame.frame_idx: [pose.track.name for pose in frame.instances] for frame in labels.labeled_frames}
    assert tracks == {0: ['track5', 'track2'], 1: [], 3: ['track2']}
    assert [(*names,) for names in labels.skeletons[0].edge_names] == [*skeleton.links]
    assert [video.filename for video in labels.videos] == ['dance.mp4']


def test_bad_files(tmp_path: Path) -> None:
    sio = pytest.importorskip('sleap_io')
    (tmp_path / 'bad.slp').write_text('no labels')
    with pytest.raises(PoseTrackFormatError, match="bad.slp, field 'file': expected SLEAP's labels, got"):
        read(tmp_path / 'bad.slp')
    videos = [sio.Video(filename=f'{name}.mp4', open_backend=False) for name in 'ab']
    skeleton = sio.Skeleton(nodes=['a'])
    sio.Labels([], videos=videos, skeletons=[skeleton]).save(str(tmp_path / 'two.slp'))
    with pytest.raises(PoseTrackFormatError, match="two.slp, field 'videos': expected one, got 2"):
        read(tmp_path / 'two.slp')
    sio.Labels([], videos=videos[:1]).save(str(tmp_path / 'none.slp'))
    with pytest.raises(PoseTrackFormatError, match="none.slp, field 'skeletons': expected one, got 0"):
        read(tmp_path / 'none.slp')
