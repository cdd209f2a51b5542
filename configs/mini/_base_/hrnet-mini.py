# The model of the small pose estimator's config alone, as `pose_estimator`.
_base_ = '../td-hm_hrnet-mini_synthtrack-128x96.py'
pose_estimator = _base_.pop('model')
_base_.clear()
