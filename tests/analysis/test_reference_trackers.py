import numpy as np
import pytest
from mmengine.structures import InstanceData

from mmgnntrack.analysis.reference_trackers import Identify, mmdet_tracker, norfair_tracker

POSE = np.array([[0.0, 0], [20, 40], [-20, 40], [0, 80]])


def make(name: str) -> Identify:
    if name == 'norfair':
        pytest.importorskip('norfair')
        return norfair_tracker(threshold=0.3, score_thr=0.3, hit_counter_max=15)
    pytest.importorskip('lap')
    pytest.importorskip('motmetrics')
    settings = {
        'SORTTracker': dict(obj_score_thr=0.3, match_iou_thr=0.3, reid=None, num_tentatives=1, num_frames_retain=5),
        'ByteTracker': dict(
            obj_score_thrs=dict(high=0.5, low=0.1),
            init_track_thr=0.6,
            match_iou_thrs=dict(high=0.1, low=0.5, tentative=0.3),
            num_frames_retain=5,
        ),
        'OCSORTTracker': dict(obj_score_thr=0.3, init_track_thr=0.6, match_iou_thr=0.3, num_frames_retain=5),
    }
    return mmdet_tracker(type=f'mmdet.{name}', **settings[name])


def people(*places: tuple[float, float]) -> InstanceData:
    keypoints = POSE + np.reshape(places, (-1, 1, 2))
    return InstanceData(
        keypoints=keypoints,
        keypoint_scores=np.ones(keypoints.shape[:2]),
        bboxes=np.concatenate([keypoints.min(1), keypoints.max(1)], -1).astype(np.float32),
        bbox_scores=np.full(len(keypoints), 0.9, np.float32),
    )


@pytest.mark.parametrize('name', ['SORTTracker', 'ByteTracker', 'OCSORTTracker', 'norfair'])
def test_people_keep_their_identities(name: str) -> None:
    identify = make(name)
    for _ in range(2):  # two videos
        seen = {}
        for frame_id in range(8):
            places = [(100 + 2 * frame_id, 100), (300 - 2 * frame_id, 100)]
            turned = frame_id % 2
            ids = identify(people(*places[:: -1 if turned else 1]), frame_id)
            for person, identity in zip((1, 0) if turned else (0, 1), ids):
                seen.setdefault(person, []).append(identity)
        settled = [set(ids[3:]) for ids in seen.values()]
        assert all(len(ids) == 1 and min(ids) >= 0 for ids in settled) and settled[0] != settled[1]
        assert len(identify(people(), 8)) == 0
