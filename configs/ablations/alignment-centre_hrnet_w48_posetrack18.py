# Heatmaps are fused centre on centre, as in the paper. Uses the full system's checkpoint.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(alignment='centre'))
