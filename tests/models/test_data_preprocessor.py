import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmgnntrack.models import SamplePreprocessor


def test_samples_stay_where_they_are() -> None:
    sample = PoseDataSample(history=InstanceData(keypoints=torch.zeros(1, 2)))
    data = SamplePreprocessor()(dict(inputs=dict(search=[torch.ones(3)]), data_samples=[sample]))
    assert data['data_samples'][0] is sample and torch.equal(data['inputs']['search'][0], torch.ones(3))


def test_samples_move_to_another_device() -> None:
    preprocessor = SamplePreprocessor().to('meta')
    sample = PoseDataSample(history=InstanceData(keypoints=torch.zeros(1, 2)), metainfo=dict(image=np.zeros(2)))
    (moved,) = preprocessor(dict(data_samples=[sample]))['data_samples']
    assert moved.history.keypoints.device.type == 'meta'
