# Half the feature width.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(dynamics_head=dict(feat_channels=128)))
