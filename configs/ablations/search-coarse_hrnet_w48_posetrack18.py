# The paper's search regions at 2/3 of the resolution of the pose crops: 320 px.
_base_ = './search-paper_hrnet_w48_posetrack18.py'
search = dict(_base_.search, coarsen=1.5)
model = dict(pose_estimator=dict(search=search))

pipeline = _base_.train_dataloader.dataset.pipeline
pipeline[-1].search = search
train_dataloader = dict(dataset=dict(pipeline=pipeline))
