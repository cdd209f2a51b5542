# The full system on the ResNet-50 baseline, whose visual features are those that its heatmaps are made of.
_base_ = ['./gnn_hrnet_w48_posetrack18.py', './_base_/res50.py']

model = dict(
    pose_estimator=dict(
        model=dict(_delete_=True, **_base_.pop('pose_estimator')), feature_layers=['head.deconv_layers']
    ),
    tracker=dict(dynamics_head=dict(visual_channels=256)),
)
custom_hooks = _base_.custom_hooks
custom_hooks[0].pose_estimator = 'work_dirs/td-hm_res50_20e_posetrack18-384x288/epoch_20.pth'
