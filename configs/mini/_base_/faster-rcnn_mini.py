# The model of the small detector's config alone, as `detector`.
_base_ = '../faster-rcnn_mini_synthtrack.py'
detector = _base_.pop('model')
_base_.clear()
