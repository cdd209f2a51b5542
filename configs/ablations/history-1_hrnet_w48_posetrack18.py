# A history of one pose (two frames) instead of three.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(tracker=dict(memory=dict(length=1)))

pipeline = _base_.train_dataloader.dataset.pipeline
pipeline[0].length = 2
train_dataloader = dict(dataset=dict(pipeline=pipeline))
