import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import Tensor

from mmgnntrack.functional import SearchGeometry, bbox_areas, cells_to_image, grid_regions, image_to_cells, pose_bboxes
from mmgnntrack.models import PoseTracker
from mmgnntrack.models.decoding import decode_heatmaps
from mmgnntrack.models.heads import DynamicsHead, Prediction
from mmgnntrack.models.tracker import MODES

CODEC = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1.0)
GEOMETRY = SearchGeometry(CODEC['input_size'], CODEC['heatmap_size'])
HEAD = dict(type='mmgnntrack.GNNDynamicsHead', visual_channels=0, feat_channels=32, aggregation=['spatial', 'temporal'])
BODY = np.array([[0.0, 0], [10, 15], [-10, 15], [0, 48]], np.float32)
K = len(BODY)


def a_tracker(**options: object) -> PoseTracker:
    return PoseTracker(CODEC, GEOMETRY, **{'sigmas': (0.1,) * K, 'dynamics_head': HEAD, **options}).eval()


def bells(keypoints: np.ndarray, regions: np.ndarray, size: tuple[int, int], heights: np.ndarray) -> Tensor:
    """(n, K, H, W) heatmaps with a bell of some height (n, K) at each keypoint."""
    cells = image_to_cells(keypoints, regions)[..., None, None]
    y, x = np.mgrid[: size[1], : size[0]]
    squared = (x - cells[:, :, 0]) ** 2 + (y - cells[:, :, 1]) ** 2
    return torch.from_numpy(np.exp(-squared / 2) * heights[..., None, None]).float()


def image_positions(regions: np.ndarray, size: tuple[int, int]) -> Tensor:
    """Feature maps (n, 2, H, W) that hold the image's x and y."""
    y, x = np.mgrid[: size[1], : size[0]]
    cells = np.broadcast_to(np.stack([x, y], -1), (len(regions), *size[::-1], 2))
    return torch.from_numpy(cells_to_image(cells, regions)).permute(0, 3, 1, 2).float()


def estimated(
    *places: tuple[float, float], heights: np.ndarray | float = 0.9, shift: np.ndarray | float = 0
) -> InstanceData:
    """What a pose estimator says of people at some places: all joints alike, or with `heights` and `shift` by joint."""
    poses = BODY + np.reshape(places, (-1, 1, 2))
    crops = GEOMETRY.crops(pose_bboxes(poses, np.ones(poses.shape[:2], bool)))
    regions = grid_regions(crops, GEOMETRY.input_size, (4, 4))
    heights = np.broadcast_to(heights, poses.shape[:2])
    heatmaps = bells(poses + shift, regions, GEOMETRY.heatmap_size, heights)
    keypoints, scores = decode_heatmaps(a_tracker(matching='oks').codec, heatmaps, regions)
    return InstanceData(
        keypoints=keypoints,
        keypoint_scores=scores,
        heatmaps=heatmaps,
        regions=regions,
        feature_maps=image_positions(regions, GEOMETRY.heatmap_size),
    )


class OneFrameHead(DynamicsHead):
    """A head that takes any last pose for that of the frame before."""

    def __init__(self, head: DynamicsHead) -> None:
        super().__init__()
        self.head = head

    def predict(self, history: InstanceData, *args: object, **kwargs: object) -> Prediction:
        history.ages = history.ages - history.ages[:, -1:] + 1
        return self.head.predict(history, *args, **kwargs)


@pytest.fixture(scope='module')
def weights() -> dict[str, Tensor]:
    """Of a dynamics head that has learnt that people stay as they are, whatever of the history is there."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    head = a_tracker().dynamics_head.train()
    n, steps = 2, 350
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, steps)
    for _ in range(steps):
        places = rng.uniform(0, 5, (n, 3, 1, 2))
        keypoints = (BODY + places + rng.normal(0, 0.7, (n, 3, K, 2))).astype(np.float32)
        crops = GEOMETRY.crops(pose_bboxes(keypoints[:, -1], np.ones((n, K), bool)))
        regions = GEOMETRY.search_grids(crops)
        history = InstanceData(
            keypoints=keypoints,
            keypoint_scores=rng.uniform(0.3, 1, (n, 3, K)),
            valid=np.broadcast_to(np.arange(3)[:, None], (n, 3, K)) >= rng.integers(0, 3, (n, 1, 1)),
            ages=np.tile([3, 2, 1], (n, 1)),
            crops=crops,
            regions=regions,
        )
        targets = bells(keypoints[:, -1], regions, GEOMETRY.search_grid_size, np.ones((n, K)))
        truth = InstanceData(heatmaps=targets, keypoint_weights=torch.ones(n, K))
        (loss,) = head.loss(history, None, truth).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return head.state_dict()


Make = Callable[..., PoseTracker]


@pytest.fixture
def make(weights: dict[str, Tensor]) -> Make:
    def with_weights(matching: str, **options: object) -> PoseTracker:
        tracker = a_tracker(matching=matching, **options)
        tracker.dynamics_head.load_state_dict(weights)
        return tracker

    return with_weights


HERE, THERE, FAR = (100, 100), (160, 110), (300, 60)


@pytest.mark.parametrize('matching', MODES)
def test_identities_are_carried(make: Make, matching: str) -> None:
    tracker = make(matching)
    for frame_id in range(8):
        people = [(100 + 2 * frame_id, 100), (160 - frame_id, 110 + frame_id), (300, 60)]
        order = np.roll(np.arange(3), frame_id)
        found = tracker.step(estimated(*(people[i] for i in order)), frame_id)
        assert len(found) == 3 and not found.predicted.any()
        for identity, pose in zip(found.instances_id, found.keypoints):
            # In frame 0 the order gives the ids.
            assert np.abs(pose - BODY - people[identity]).max() < 6


@pytest.mark.parametrize(('back', 'identity'), [(3, 0), (4, 0), (5, 1)])
@pytest.mark.parametrize('matching', ['iou', 'oks', 'gnn'])
def test_a_person_who_was_missed(make: Make, matching: str, back: int, identity: int) -> None:
    """Seen last in frame 1, with `max_lost` 2."""
    tracker = make(matching, memory=dict(type='mmgnntrack.TrackMemory', max_lost=2))
    for frame_id in (0, 1):
        assert tracker.step(estimated(HERE), frame_id).instances_id.tolist() == [0]
    for frame_id in range(2, back):
        assert len(tracker.step(estimated(), frame_id)) == 0
    assert tracker.step(estimated(HERE), back).instances_id.tolist() == [identity]


@pytest.mark.parametrize('matching', MODES)
def test_frames_that_never_came_count(make: Make, matching: str) -> None:
    tracker = make(matching, memory=dict(type='mmgnntrack.TrackMemory', max_lost=2))
    tracker.step(estimated(HERE), 0)
    assert tracker.step(estimated(HERE), 3).instances_id.tolist() == [0]
    assert tracker.step(estimated(HERE), 7).instances_id.tolist() == [1]


@pytest.mark.parametrize('matching', MODES)
def test_who_starts_a_tracklet(make: Make, matching: str) -> None:
    tracker = make(matching, init_score_thr=0.5)
    heights = np.array([[0.3] * K, [0.9] * K])
    found = tracker.step(estimated(HERE, FAR, heights=heights), 0)
    assert found.keypoints[:, 0, 0].round(-2).tolist() == [300, 100]
    assert found.instances_id.tolist() == [0, -1] and found.sources.tolist() == [1, -1]
    # Once tracked, a low score does.
    found = tracker.step(estimated(FAR, HERE, heights=heights), 1)
    assert found.instances_id.tolist() == [0, 1]


def test_a_poor_pose_of_somebody_recovered_is_left_out(make: Make) -> None:
    """It repeats what is given out; elsewhere it is nobody's."""
    tracker = make('full', init_score_thr=0.5, predicted_score_thr=0.0, min_similarity=1.0)
    tracker.step(estimated(HERE), 0)
    found = tracker.step(estimated(HERE, FAR, heights=0.4), 1)
    assert found.predicted.tolist() == [True, False] and found.instances_id.tolist() == [0, -1]


@pytest.mark.parametrize('matching', MODES)
def test_nobody_in_the_first_frame(make: Make, matching: str) -> None:
    tracker = make(matching)
    assert len(tracker.step(estimated(), 0)) == 0
    assert tracker.step(estimated(HERE, FAR), 1).instances_id.tolist() == [0, 1]


@pytest.mark.parametrize('matching', MODES)
def test_nobody_ever(make: Make, matching: str) -> None:
    tracker = make(matching)
    for frame_id in range(3):
        found = tracker.step(estimated(), frame_id)
        assert found.keypoints.shape == (0, K, 2) and found.bboxes.shape == (0, 4)
        assert found.keypoint_scores.shape == (0, K)
        assert found.instances_id.shape == found.predicted.shape == (0,)


@pytest.mark.parametrize('matching', MODES)
def test_reset(make: Make, matching: str) -> None:
    tracker = make(matching)
    tracker.step(estimated(HERE, FAR), 0)
    tracker.reset()
    assert tracker.step(estimated(FAR), 0).instances_id.tolist() == [0]


def a_doubt() -> InstanceData:
    """A person whose last joint the estimator sees, unsure, where it is not."""
    shift = np.zeros((1, K, 2))
    shift[0, -1] = (15, -10)
    return estimated(HERE, heights=np.array([[0.9, 0.9, 0.9, 0.4]]), shift=shift)


@pytest.mark.parametrize('matching', ['iou', 'oks', 'gnn'])
def test_poses_stay_as_they_are_estimated(make: Make, matching: str) -> None:
    tracker = make(matching)
    tracker.step(estimated(HERE), 0)
    poses = a_doubt()
    found = tracker.step(poses, 1)
    assert found.instances_id.tolist() == [0]
    assert np.array_equal(found.keypoints, poses.keypoints)
    assert np.array_equal(found.keypoint_scores, poses.keypoint_scores)


def test_fusion_corrects_what_is_estimated(make: Make) -> None:
    tracker = make('full')
    tracker.step(estimated(HERE), 0)
    poses = a_doubt()
    found = tracker.step(poses, 1)
    assert found.instances_id.tolist() == [0] and not found.predicted.any()
    error = np.linalg.norm(found.keypoints[0] - BODY - HERE, axis=-1)
    assert np.linalg.norm(poses.keypoints[0, -1] - BODY[-1] - HERE) > 15
    assert error.max() < 4
    # The memory holds the fused pose, and the box is around it.
    assert np.array_equal(tracker.memory.last_poses().keypoints, found.keypoints)
    np.testing.assert_allclose(found.bboxes, pose_bboxes(found.keypoints, np.ones((1, K), bool)), rtol=1e-5)


@pytest.mark.parametrize(('weight', 'corrected'), [(0.0, False), (0.5, True), (1.0, True)])
def test_weight_of_the_prediction(make: Make, weight: float, corrected: bool) -> None:
    tracker = make('full', predicted_weight=weight)
    tracker.step(estimated(HERE), 0)
    poses = a_doubt()
    found = tracker.step(poses, 1)
    assert np.array_equal(found.keypoints, poses.keypoints) != corrected


@pytest.mark.parametrize(('power', 'corrected'), [(0.0, True), (9.0, False)])
def test_who_was_not_seen_lately_is_predicted_less_surely(make: Make, power: float, corrected: bool) -> None:
    tracker = make('full', unseen_power=power)
    tracker.step(estimated(HERE), 0)
    poses = a_doubt()
    found = tracker.step(poses, 4)
    # Of x alone, 15 px, half a pixel is left on some processors.
    assert (np.linalg.norm(found.keypoints - poses.keypoints, axis=-1).max() > 15) == corrected
    assert np.abs(make_up(tracker, poses) - BODY - HERE).max() < 4  # seen in the frame before: as sure as ever


def make_up(tracker: PoseTracker, poses: InstanceData) -> np.ndarray:
    tracker.reset()
    tracker.step(estimated(HERE), 0)
    return tracker.step(poses, 1).keypoints[0]


def test_centre_alignment_ignores_where_the_regions_lie(make: Make) -> None:
    # The person has moved, so that the centres of the two regions differ.
    shifted = (HERE[0] + 6, HERE[1])
    found = {}
    for alignment in ('exact', 'centre'):
        tracker = make('full', alignment=alignment, predicted_weight=1.0)
        tracker.step(estimated(HERE), 0)
        found[alignment] = tracker.step(estimated(shifted), 1).keypoints
    # The head predicts that people stay: exact alignment says so, alignment of centres moves that along.
    assert np.abs(found['exact'] - BODY - HERE).max() < 4
    np.testing.assert_allclose((found['centre'] - found['exact'])[..., 0], 6, atol=2)


def test_people_whom_the_detector_missed(make: Make) -> None:
    tracker = make('full', memory=dict(type='mmgnntrack.TrackMemory', max_lost=3))
    for frame_id in range(2):
        tracker.step(estimated(HERE, FAR), frame_id)
    counts = []
    for frame_id in range(2, 8):
        found = tracker.step(estimated(FAR), frame_id)
        counts.append(len(found))
        assert found.instances_id.tolist() == [1, 0][: len(found)]
        assert found.predicted.tolist() == [False, True][: len(found)]
        if len(found) == 2:
            assert np.abs(found.keypoints[1] - BODY - HERE).max() < 8
    assert counts == [2, 2, 2, 1, 1, 1]
    assert tracker.step(estimated(FAR, HERE), 8).instances_id.tolist() == [1, 2]


def test_a_recovered_person_who_is_seen_again(make: Make) -> None:
    tracker = make('full', memory=dict(type='mmgnntrack.TrackMemory', max_lost=2))
    tracker.step(estimated(HERE), 0)
    for frame_id, seen in enumerate([False, False, True, False, False, True], 1):
        found = tracker.step(estimated(HERE) if seen else estimated(), frame_id)
        assert found.instances_id.tolist() == [0] and found.predicted.tolist() == [not seen]


def test_an_unlikely_prediction_is_not_a_person(make: Make) -> None:
    tracker = make('full', predicted_score_thr=1.5)
    tracker.step(estimated(HERE), 0)
    assert len(tracker.step(estimated(), 1)) == 0
    assert tracker.step(estimated(HERE), 2).instances_id.tolist() == [0]


@pytest.mark.parametrize(('any_time', 'coasting'), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize('matching', ['gnn', 'full'])
def test_somebody_who_walks_on_unseen(matching: str, any_time: bool, coasting: bool) -> None:
    """Is found where a head of any time, or coasting, expects him. The first remembers what was seen alone."""
    head = dict(HEAD, output='offsets')
    tracker = a_tracker(dynamics_head=head, matching=matching, coasting=coasting, predicted_score_thr=1.5)
    tracker.dynamics_head.inertia.data = torch.tensor([[0.0], [1.0]])  # on as the body moved
    if not any_time:
        tracker.dynamics_head = OneFrameHead(tracker.dynamics_head)
        tracker.predictor.head = tracker.dynamics_head
    places = [(100 + 4 * frame_id, 100) for frame_id in range(9)]
    for frame_id in range(3):
        tracker.step(estimated(places[frame_id]), frame_id)
    for frame_id in range(3, 8):
        assert len(tracker.step(estimated(), frame_id)) == 0
    assert tracker.memory.tracklets.frame_ids.tolist() == [[5, 6, 7] if coasting else [0, 1, 2]]
    assert tracker.step(estimated(places[8]), 8).instances_id.tolist() == [0 if any_time or coasting else 1]


def test_nobody_is_recovered_where_somebody_else_stands(make: Make) -> None:
    tracker = make('full', predicted_score_thr=0.1, similarity='iou', min_similarity=1.0)  # nobody is matched
    tracker.step(estimated(HERE, FAR), 0)
    found = tracker.step(estimated(HERE), 1)
    places = found.keypoints[found.predicted][:, 0].round(-2)
    assert places.tolist() == [list(np.round(np.add(BODY[0], FAR), -2))] and found.instances_id.tolist() == [2, 1]


class ScatteringHead(DynamicsHead):
    """Loses everybody who is not seen: two sure joints, the others scattered ever farther away, with scores near 0."""

    any_time = False

    def predict(
        self, history: InstanceData, grid_size: tuple[int, int], visual: object, decode: object, heatmaps: bool
    ) -> Prediction:
        keypoints, scores = history.keypoints[:, -1] + np.float32([3, 0]), np.full((len(history), K), 0.9, np.float32)
        keypoints[:, 2:] += np.float32([[400, 300], [-500, 700]])
        scores[:, 2:] = 0.01
        return Prediction(keypoints, scores, None)


def test_the_box_of_somebody_unseen_does_not_explode() -> None:
    """It goes where the sure joints go, and a stranger far away is somebody else."""
    tracker = a_tracker(matching='gnn', coasting=True)
    tracker.predictor.head = tracker.dynamics_head = ScatteringHead()
    tracker.step(estimated(HERE), 0)
    first = tracker.memory.tracklets.bboxes[0].copy()
    for frame_id in range(1, 7):
        tracker.step(estimated(), frame_id)
    np.testing.assert_allclose(tracker.memory.tracklets.bboxes[0], first + [18, 0, 18, 0], atol=0.1)
    assert tracker.memory.tracklets.areas[0] == pytest.approx((first[2:] - first[:2]).prod())
    assert tracker.step(estimated((900, 700)), 7).instances_id.tolist() == [1]


@pytest.mark.parametrize(('size', 'identity'), [((400, 300), 0), ((80, 300), 1), ((400, 60), 1), (None, 0)])
def test_who_has_left_the_image_is_forgotten(make: Make, size: tuple[int, int] | None, identity: int) -> None:
    tracker, steps = make('gnn'), []
    tracker.observer = steps.append
    tracker.step(estimated((100, 80)), 0, image_size=size)
    tracker.step(estimated(), 1, image_size=size)
    assert len(steps[1].tracklets) == len(steps[1].reference) == 1  # as it was before the frame
    assert len(tracker.memory) == 1 - identity
    assert tracker.step(estimated((100, 80)), 2, image_size=size).instances_id.tolist() == [identity]


def test_joints_below_the_threshold_are_not_remembered(make: Make) -> None:
    """As in training, where they are not annotated."""
    tracker = make('gnn', joint_score_thr=0.3)
    tracker.step(estimated(HERE, heights=np.array([0.9, 0.9, 0.2, 0.9])), 0)
    assert tracker.memory.tracklets.valid[0, -1].tolist() == [True, True, False, True]


def test_fused_joints_are_as_sure_as_estimated_ones(make: Make) -> None:
    tracker = make('full', confidence_power=0.0)
    tracker.step(estimated(HERE), 0)
    seen = estimated(HERE, shift=np.array((3.0, 2.0)))
    (scores,) = tracker.step(seen, 1).keypoint_scores
    assert (scores >= seen.keypoint_scores[0]).all()


@pytest.mark.parametrize('matching', ['iou', 'oks', 'gnn'])
def test_only_the_full_tracker_recovers(make: Make, matching: str) -> None:
    tracker = make(matching)
    tracker.step(estimated(HERE), 0)
    assert len(tracker.step(estimated(), 1)) == 0


def test_similarity() -> None:
    poses = InstanceData(keypoints=BODY[None] + HERE, keypoint_scores=np.ones((1, K)))
    other = InstanceData(keypoints=BODY[None] + HERE, keypoint_scores=np.array([[1, 1, 1, 0.1]]))
    for each in (poses, other):
        each.bboxes = pose_bboxes(each.keypoints, each.keypoint_scores >= 0.2)
        each.areas = each.extents = bbox_areas(each.bboxes)
    other.keypoints[0, -1] = -999
    assert a_tracker(matching='oks').association.similarity_of(poses, other).item() == pytest.approx(1)
    # Boxes of 26 x 62.4 and 26 x 19.5 px, the one's top 5 px above the other's.
    assert a_tracker(matching='iou').association.similarity_of(poses, other).item() == pytest.approx(19.5 / 62.4)


def test_with_a_visual_cue() -> None:
    """What is remembered are the features at the joints of the final poses."""
    torch.manual_seed(0)
    tracker = a_tracker(
        dynamics_head=dict(HEAD, visual_channels=2), min_similarity=0.0, init_score_thr=0.0, predicted_score_thr=-9.0
    )
    torch.nn.init.ones_(tracker.dynamics_head.output[-1].bias)  # MMPose knows no joint where nothing is positive
    asked = []

    def search_features(crops: np.ndarray) -> Tensor:
        asked.append(crops)
        return image_positions(GEOMETRY.search_grids(crops), GEOMETRY.search_grid_size)

    for frame_id, places in enumerate([(), (HERE, FAR), (HERE,), (FAR, THERE)]):
        boxes = tracker.memory.tracklets.bboxes.copy()
        found = tracker.step(estimated(*places), frame_id, search_features)
        np.testing.assert_allclose(asked[-1], GEOMETRY.crops(boxes))
        rows = [tracker.memory.tracklets.instances_id.tolist().index(i) for i in found.instances_id]
        features = tracker.memory.tracklets.features[rows, -1]
        np.testing.assert_allclose(features, found.keypoints, atol=0.01)
    assert [len(crops) for crops in asked] == [0, 0, 2, 2]


@pytest.mark.parametrize('matching', ['iou', 'oks'])
def test_a_head_with_a_visual_cue_that_is_not_used(matching: str) -> None:
    tracker = a_tracker(matching=matching, dynamics_head=dict(HEAD, visual_channels=2))
    poses = estimated(HERE)
    del poses.feature_maps, poses.heatmaps, poses.regions
    for frame_id in range(2):
        assert tracker.step(poses, frame_id).instances_id.tolist() == [0]


@pytest.mark.parametrize('matching', ['iou', 'oks'])
def test_no_head_is_needed(matching: str) -> None:
    tracker = a_tracker(matching=matching, dynamics_head=None)
    for frame_id in range(2):
        assert tracker.step(estimated(HERE, FAR), frame_id).instances_id.tolist() == [0, 1]


def test_unknown_matching() -> None:
    with pytest.raises(ValueError, match=re.escape(f"one of {tuple(MODES)}, got 'greedy'")):
        a_tracker(matching='greedy')


def test_a_setting_that_is_misspelt() -> None:
    with pytest.raises(TypeError, match=r'PoseTracker has no setting min_similarty, did you mean min_similarity\?'):
        a_tracker(min_similarty=0.1)


@pytest.mark.parametrize(('setting', 'value'), [('fusion', 'median'), ('alignment', 'left'), ('similarity', 'giou')])
def test_unknown_words(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"PoseTracker: {setting} must be one of .*, got '{value}'"):
        a_tracker(**{setting: value})


def test_another_similarity_in_place_of_the_rows_own(make: Make) -> None:
    tracker = make('full', similarity='iou')
    assert tracker.association.similarity == 'iou' and tracker.mode.fuses
    for frame_id in range(2):
        assert tracker.step(estimated(HERE, FAR), frame_id).instances_id.tolist() == [0, 1]


def test_rows_that_predict_nothing_compare_as_they_say(make: Make) -> None:
    """Whatever a config says for the others."""
    assert [make(row, similarity='distance').association.similarity for row in ('iou', 'oks', 'gnn')] == [
        'iou',
        'oks',
        'distance',
    ]


def test_people_who_move_by_more_than_their_size_are_followed_by_distance() -> None:
    lost = {}
    for similarity in ('oks', 'distance'):
        tracker = a_tracker(matching=similarity, dynamics_head=None)
        ids = [tracker.step(estimated((100 + 40 * i, 100), (400 - 40 * i, 300)), i).instances_id for i in range(3)]
        lost[similarity] = len(set(np.concatenate(ids)))
    assert lost == dict(oks=6, distance=2)


def test_a_pose_that_repeats_another_is_nobody_new() -> None:
    tracker = a_tracker(matching='oks', dynamics_head=None)
    twice = estimated(HERE, (HERE[0] + 1, HERE[1]), FAR)
    assert tracker.step(twice, 0).sources.tolist() in ([0, 2], [1, 2])
    assert tracker.step(twice, 1).instances_id.tolist() == [0, 1]
    every = a_tracker(matching='oks', dynamics_head=None, duplicate_thr=1.1)
    assert len(every.step(twice, 0)) == 3


def test_asking_for_the_reference_ends_nobody(make: Make) -> None:
    tracker = make('oks', memory=dict(type='mmgnntrack.TrackMemory', max_lost=2))
    tracker.step(estimated(HERE), 0)
    assert len(tracker.reference(9)) == len(tracker.memory) == 1
    tracker.begin(9)
    assert len(tracker.reference(9)) == len(tracker.memory) == 0


def test_a_head_without_weights(make: Make) -> None:
    kalman = dict(type='mmgnntrack.KalmanDynamics', tolerance=0.5)
    tracker = a_tracker(dynamics_head=kalman)
    assert make('full').needs_weights and not make('oks').needs_weights and not tracker.needs_weights
    for frame_id in range(3):
        tracker.step(estimated((100 + 4 * frame_id, 100)), frame_id)
    found = tracker.step(estimated(), 3)
    assert found.predicted.tolist() == [True] and found.instances_id.tolist() == [0]
    assert np.abs(found.keypoints[0] - BODY - (112, 100)).max() < 4


@pytest.mark.parametrize('matching', ['gnn', 'full'])
def test_no_head(matching: str) -> None:
    with pytest.raises(ValueError, match=f"matching='{matching}' needs a dynamics_head"):
        a_tracker(matching=matching, dynamics_head=None)


@pytest.mark.parametrize('scope', ['mmpose', 'mmdet', 'mmengine'])
def test_defaults_do_not_depend_on_the_default_scope(scope: str) -> None:
    with DefaultScope.overwrite_default_scope(scope):
        tracker = PoseTracker(dict(CODEC, type='mmpose.MSRAHeatmap'), GEOMETRY, (0.1,) * K, dynamics_head=HEAD)
    assert tracker.memory.length == 3 and tracker.dynamics_head.num_keypoints == K


@pytest.mark.parametrize('missing', ['codec', 'search'])
def test_only_predictions_need_to_know_the_estimator(missing: str) -> None:
    known = {'codec': CODEC, 'search': GEOMETRY, 'sigmas': (0.1,) * K, 'dynamics_head': HEAD, missing: None}
    with pytest.raises(ValueError, match=f"matching='gnn' needs a {missing}"):
        PoseTracker(**known, matching='gnn')
    poses = estimated(HERE, FAR)
    for matching in ('iou', 'oks'):
        tracker = PoseTracker(**known, matching=matching)
        for frame_id in range(2):
            assert tracker.step(poses, frame_id).instances_id.tolist() == [0, 1]


def test_search_of_a_config() -> None:
    fields = dict(input_size=(48, 64), heatmap_size=(12, 16), scale=(3.0, 2.0))
    assert PoseTracker(CODEC, fields, (0.1,) * K, HEAD).geometry == SearchGeometry(**fields)


@pytest.mark.parametrize('matching', MODES)
def test_what_a_frame_is_expected_to_show(make: Make, matching: str) -> None:
    """Asking first changes nothing."""
    one, other = make(matching), make(matching)
    for frame, places in enumerate([[(20, 20), (80, 20)], [(81, 20), (21, 20)]]):
        other.begin(frame)
        expected = other.reference(frame)
        if frame:
            assert expected.instances_id.tolist() == [0, 1]
            assert np.abs(expected.keypoints - (BODY + np.reshape(places[::-1], (-1, 1, 2)))).max() < 4
        tracked = [one.step(estimated(*places), frame), other.step(estimated(*places), frame, reference=expected)]
        for field in ('instances_id', 'sources', 'ages'):
            assert tracked[0][field].tolist() == tracked[1][field].tolist()
    assert tracked[0].instances_id.tolist() == [1, 0] or tracked[0].instances_id.tolist() == [0, 1]
    assert [tracked[0].instances_id[tracked[0].sources == source].item() for source in (0, 1)] == [1, 0]
    assert tracked[0].ages.tolist() == [1, 1]


def test_an_observer_sees_each_step(make: Make) -> None:
    tracker, steps = make('full'), []
    tracker.observer = steps.append
    tracker.step(estimated((20, 20)), 0)
    tracker.step(estimated((21, 20), (80, 20)), 1)
    assert [len(step.tracklets) for step in steps] == [0, 1]
    assert steps[1].reference.heatmaps.shape[0] == 1 and len(steps[1].estimated.keypoints) == 2
    assert steps[1].tracked.sources.tolist() == [0, 1]
    fused = steps[1].fused
    np.testing.assert_allclose(
        decode_heatmaps(tracker.codec, fused, steps[1].estimated.regions[:1])[0], steps[1].tracked.keypoints[:1]
    )
