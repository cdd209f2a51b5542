# Search regions of 2 x 1.5 of the crop, not of the box: 576 px.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
search = dict(_base_.search, scale=(2.0, 1.5))
model = dict(pose_estimator=dict(search=search))

pipeline = _base_.train_dataloader.dataset.pipeline
pipeline[-1].search = search
train_dataloader = dict(dataset=dict(pipeline=pipeline))
