# Joints listen to the frame before theirs only, not to the one after.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(dynamics_head=dict(temporal='past')))
