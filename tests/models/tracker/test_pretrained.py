import numpy as np
import pytest
from mmengine.structures import InstanceData

from mmgnntrack.models import PoseTracker
from mmgnntrack.models.given_poses import as_estimated
from mmgnntrack.models.tracker import pretrained_tracker
from mmgnntrack.posetrack import COCO, NAMED_JOINTS

BODY = np.stack([np.tile([0.0, 25, 50], 6)[:17], np.repeat(np.arange(6), 3)[:17] * 30.0], axis=-1)


def seen(tracker: PoseTracker, *places: tuple[float, float]) -> InstanceData:
    keypoints = np.stack([BODY + place for place in places]) if places else np.zeros((0, 17, 2))
    return as_estimated(keypoints, np.full((len(places), 17), 0.9), tracker)


def test_needs_nothing() -> None:
    """People walk on while they are hidden, and are the same when they come back."""
    tracker = pretrained_tracker(COCO.sigmas).eval()
    assert tracker.matching == 'full' and not tracker.needs_weights and tracker.memory.length == 8
    for frame in range(8):
        tracker.step(seen(tracker, (100 + 5 * frame, 100)), frame)
    hidden = tracker.step(seen(tracker), 8)
    assert hidden.predicted.tolist() == [True]
    assert np.median(hidden.keypoints[0, :, 0] - BODY[:, 0]) == pytest.approx(140, abs=3)
    assert tracker.step(seen(tracker, (145, 100)), 9).instances_id.tolist() == hidden.instances_id.tolist()


def test_settings_of_ones_own() -> None:
    tracker = pretrained_tracker(
        COCO.sigmas, predicted_score_thr=0.7, memory=dict(max_lost=3), similarity='oks', matching='gnn'
    )
    assert tracker.life_cycle.predicted_score_thr == 0.7 and tracker.association.similarity == 'oks'
    assert (tracker.memory.length, tracker.memory.max_lost) == (8, 3)
    with pytest.raises(TypeError, match='did you mean min_similarity'):
        pretrained_tracker(COCO.sigmas, min_similarty=0.1)
    with pytest.raises(ValueError, match="matching must be one of .*, got 'best'"):
        pretrained_tracker(COCO.sigmas, matching='best')


@pytest.mark.parametrize('matching', ['iou', 'oks', 'distance'])
def test_without_predictions(matching: str) -> None:
    tracker = pretrained_tracker((0.1,) * 5, matching=matching, memory=dict(max_lost=3))
    assert tracker.memory.max_lost == 3
    assert tracker.matching == matching and tracker.dynamics_head is None


@pytest.mark.parametrize(
    ('joints', 'message'), [(None, '5 joints without names'), (('nose', 'wing', 'a', 'b', 'c'), "'wing'")]
)
def test_a_skeleton_that_is_not_covered(
    joints: tuple[str, ...] | None, message: str, log: pytest.LogCaptureFixture
) -> None:
    tracker = pretrained_tracker((0.1,) * 5, joints)
    assert tracker.matching == 'distance' and tracker.dynamics_head is None
    (line,) = [line for line in log.messages if 'no weights' in line]
    assert message in line and 'matched by distance' in line


def test_near_joints_are_told(log: pytest.LogCaptureFixture) -> None:
    joints = ('thorax', 'left_hand', 'nose')
    tracker = pretrained_tracker((0.1,) * 3, joints)
    assert tracker.matching == 'full'
    (line,) = [line for line in log.messages if 'thorax' in line]
    assert 'thorax for head_bottom' in line and 'left_hand for left_wrist' in line and 'nose' not in line
    log.clear()
    pretrained_tracker(NAMED_JOINTS.sigmas, NAMED_JOINTS.joints)
    assert ' for ' not in ''.join(log.messages)


def test_a_head_of_ones_own() -> None:
    tracker = pretrained_tracker((0.1,) * 5, dynamics_head=dict(type='mmgnntrack.KalmanDynamics'))
    assert tracker.matching == 'full' and not tracker.needs_weights
