# Matching by OKS with the predicted poses, no fusion. Uses the full system's checkpoint.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(matching='gnn'))
