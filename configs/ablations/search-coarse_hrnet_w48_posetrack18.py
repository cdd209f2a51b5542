# Search regions at half the resolution of the pose crops.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
search = dict(_base_.search, coarsen=2)
model = dict(pose_estimator=dict(search=search))

pipeline = _base_.train_dataloader.dataset.pipeline
pipeline[-1].search = search
train_dataloader = dict(dataset=dict(pipeline=pipeline))
