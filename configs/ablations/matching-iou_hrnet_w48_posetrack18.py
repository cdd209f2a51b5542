# Matching by the IoU of boxes with the last ones. Uses the full system's checkpoint or none.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(matching='iou'))
