# The model of MMPose's config alone, as `pose_estimator`.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py'
pose_estimator = _base_.pop('model')
_base_.clear()
