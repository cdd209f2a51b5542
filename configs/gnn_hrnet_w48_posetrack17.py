# The full system of the paper on PoseTrack17, whose files are read as they are.
_base_ = './gnn_hrnet_w48_posetrack18.py'

custom_hooks = [
    dict(
        type='mmgnntrack.PartCheckpointHook',
        detector='work_dirs/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack17/epoch_12.pth',
        pose_estimator='work_dirs/td-hm_hrnet-w48_20e_posetrack17-384x288/epoch_20.pth',
    )
]

data_root = 'data/posetrack17/'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
val_evaluator = dict(ann_dir=data_root + 'annotations/val')
test_evaluator = val_evaluator
