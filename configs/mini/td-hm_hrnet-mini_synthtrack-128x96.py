# The pose estimator in small: HRNet-W16 with short stages at 128x96, trained from scratch in minutes on two CPU cores.
_base_ = '../pose_estimator/td-hm_hrnet-w48_20e_posetrack18-384x288.py'

codec = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, unbiased=True)
model = dict(
    backbone=dict(
        extra=dict(
            stage1=dict(num_blocks=(1,), num_channels=(32,)),
            stage2=dict(num_blocks=(2, 2), num_channels=(16, 32)),
            stage3=dict(num_modules=1, num_blocks=(2, 2, 2), num_channels=(16, 32, 64)),
            stage4=dict(num_modules=1, num_blocks=(2, 2, 2, 2), num_channels=(16, 32, 64, 128)),
        ),
    ),
    head=dict(in_channels=16, decoder=codec),
)

# PoseTrack's boxes have a margin already, and at this resolution every pixel counts. So short a training fits the
# training videos no better than others: rotation and changes of colour would only slow it down.
padding = 1.0
data_root = '{{$MMGNNTRACK_DATA:data/synthtrack}}/'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=padding),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomBBoxTransform', shift_prob=0.4, scale_factor=(0.9, 1.25), rotate_prob=0.0),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=padding),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True),
    dataset=dict(data_root=data_root, ann_file='coco_train.json', pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, ann_file='coco_val.json', pipeline=val_pipeline))
test_dataloader = val_dataloader

max_iters = 2700
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=max_iters, eta_min_ratio=0.02),
]
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(by_epoch=False, interval=max_iters, max_keep_ckpts=1, save_best=None),
)
log_processor = dict(by_epoch=False)
custom_hooks = [dict(type='mmgnntrack.ChannelsLastHook')]
load_from = None
