# The plain dot product in the attention, as the paper writes it.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(dynamics_head=dict(scaled_attention=False)))
