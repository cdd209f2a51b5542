# The full system on a lighter pose estimator.
_base_ = ['./gnn_hrnet_w48_posetrack18.py', './_base_/hrnet-w32.py']

model = dict(
    pose_estimator=dict(model=dict(_delete_=True, **_base_.pop('pose_estimator'))),
    tracker=dict(dynamics_head=dict(visual_channels=96)),
)
custom_hooks = _base_.custom_hooks
custom_hooks[0].pose_estimator = 'work_dirs/td-hm_hrnet-w32_20e_posetrack18-384x288/epoch_20.pth'
