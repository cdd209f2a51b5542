from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.structures import BaseDataElement, InstanceData

from mmgnntrack.registry import VISUALIZERS
from mmgnntrack.visualization import TrackVisualizer, draw_tracks

LINKS = [(0, 1), (1, 2)]


@pytest.fixture
def image() -> np.ndarray:
    """RGB."""
    return np.full((240, 320, 3), (10, 90, 200), np.uint8)


@pytest.fixture
def sample() -> BaseDataElement:
    tracks = InstanceData(
        instances_id=np.array([6]),
        keypoints=np.array([[[50.0, 60], [120, 100], [80, 200]]]),
        keypoint_scores=np.ones((1, 3)),
        bboxes=np.array([[50.0, 60, 120, 200]]),
        predicted=np.zeros(1, bool),
    )
    sample = BaseDataElement()
    sample.pred_track_instances = tracks
    return sample


def test_draws_as_draw_tracks_in_rgb(image: np.ndarray, sample: BaseDataElement, tmp_path: Path) -> None:
    visualizer = VISUALIZERS.build(dict(type='mmgnntrack.TrackVisualizer', name='drawn in RGB', skeleton=LINKS))
    assert isinstance(visualizer, TrackVisualizer)
    visualizer.add_datasample('frame', image, sample, out_file=str(tmp_path / 'a.png'))
    expected = draw_tracks(np.ascontiguousarray(image[..., ::-1]), sample.pred_track_instances, LINKS)
    np.testing.assert_array_equal(visualizer.get_image(), expected[..., ::-1])
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'a.png')), expected)


def test_takes_the_skeleton_of_the_data_set(image: np.ndarray, sample: BaseDataElement) -> None:
    visualizer = TrackVisualizer(min_width=1)
    visualizer.dataset_meta = dict(skeleton_links=LINKS)
    visualizer.add_datasample('frame', image, sample)
    assert (visualizer.get_image() != image).any()
    assert visualizer.get_image().shape == image.shape


def test_hands_the_image_to_the_backends(image: np.ndarray, sample: BaseDataElement, tmp_path: Path) -> None:
    visualizer = TrackVisualizer(skeleton=LINKS, vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    visualizer.add_datasample('frame', image, sample, step=4)
    (file,) = tmp_path.rglob('frame_4.png')
    np.testing.assert_array_equal(cv2.imread(str(file))[..., ::-1], visualizer.get_image())


def test_a_sample_without_tracks_leaves_the_image(image: np.ndarray) -> None:
    visualizer = TrackVisualizer()
    visualizer.add_datasample('frame', image, BaseDataElement())
    np.testing.assert_array_equal(visualizer.get_image(), image)


def test_a_file_that_cannot_be(image: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(OSError, match='nowhere'):
        TrackVisualizer().add_datasample('frame', image, out_file=str(tmp_path / 'nowhere' / 'a.png'))
