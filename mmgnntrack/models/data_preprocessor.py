"""From the data loader to the model's device."""

from mmengine.model import BaseDataPreprocessor
from mmengine.structures import BaseDataElement

from mmgnntrack.registry import MODELS


@MODELS.register_module()
class SamplePreprocessor(BaseDataPreprocessor):
    """Moves inputs and samples to the model's device. Samples whose model is on the CPU are there already: to move them
    all the same, field by field, took as long as the rest of a training step of poses alone."""

    def cast_data(self, data: object) -> object:
        stays = isinstance(data, BaseDataElement) and self.device.type == 'cpu'
        return data if stays else super().cast_data(data)
