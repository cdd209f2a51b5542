# The model of the detector's config alone, as `detector`.
_base_ = '../detector/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack18.py'
detector = _base_.pop('model')
_base_.clear()
