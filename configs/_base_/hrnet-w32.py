# The model of the pose estimator's config alone, as `pose_estimator`.
_base_ = '../pose_estimator/td-hm_hrnet-w32_20e_posetrack18-384x288.py'
pose_estimator = _base_.pop('model')
_base_.clear()
