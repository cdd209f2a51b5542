# Positions in pixels instead of box sizes.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(dynamics_head=dict(position_scale='pixel')))
