# A history of two poses (three frames) instead of three.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(memory=dict(length=2)))

pipeline = _base_.train_dataloader.dataset.pipeline
pipeline[0].length = 3
train_dataloader = dict(dataset=dict(pipeline=pipeline))
