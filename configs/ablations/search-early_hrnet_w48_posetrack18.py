# The paper's search regions without the backbone's last stage: visual features of stages 2 and 3 alone.
_base_ = './search-paper_hrnet_w48_posetrack18.py'
model = dict(
    pose_estimator=dict(feature_layers=('backbone.stage2', 'backbone.stage3')),
    tracker=dict(dynamics_head=dict(visual_channels=96)),
)
