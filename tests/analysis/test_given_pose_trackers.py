from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.analysis.given_pose_trackers import (
    OURS,
    Track,
    choices,
    mmdet_tracker,
    norfair_tracker,
    our_tracker,
    score,
    tracked,
)
from mmgnntrack.posetrack import PoseVideo, read_folder


@pytest.fixture(scope='module')
def videos(synthtrack: Path) -> list[PoseVideo]:
    return read_folder(synthtrack / 'annotations/val')


def track_of(name: str) -> Track:
    if name == 'norfair':
        pytest.importorskip('norfair')
        return norfair_tracker(threshold=1.0, hit_counter_max=15)
    if name in ('SORT', 'ByteTrack'):
        pytest.importorskip('lap')
        pytest.importorskip('motmetrics')
        return mmdet_tracker(name)
    codec = dict(type='mmpose.MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
    search = dict(input_size=codec['input_size'], heatmap_size=codec['heatmap_size'])
    settings = dict(type='mmgnntrack.PoseTracker', codec=codec, search=search)
    return our_tracker(settings, next(choices(OURS[name])), {})


@pytest.mark.parametrize('name', ['iou', 'oks', 'distance', 'Kalman filter, distance', 'norfair', 'SORT', 'ByteTrack'])
def test_annotated_people_keep_their_identities(videos: list[PoseVideo], name: str) -> None:
    found = tracked(track_of(name), videos)
    assert [len(video) for video in found] == [len(video) for video in videos]
    figures = score(videos, found)
    assert figures['IDF1'] > 90 and figures['FP'] < 1, figures
    # Whose poses they are has not changed.
    for truth, own in zip(videos[0].frames, found[0].frames):
        distances = np.abs(own.keypoints[:, None] - truth.keypoints[None]).max((2, 3))
        assert not len(distances) or (distances.min(1) < 1e-3).all()


def test_choices_are_all_combinations() -> None:
    assert list(choices(dict(a=(1, 2), b=('x',)))) == [dict(a=1, b='x'), dict(a=2, b='x')]
