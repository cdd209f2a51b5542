# The model of MMDet's config alone, as `detector`.
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
detector = _base_.pop('model')
_base_.clear()
