# Matching by OKS with the last poses. Uses the full system's checkpoint or none.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(matching='oks'))
