# The full system in small. The four rows of the paper's ablation are its siblings, or
# `--cfg-options model.tracker.matching=iou|oks|gnn|full`.
_base_ = [
    '../_base_/gnn_tracker.py',
    './_base_/faster-rcnn_mini.py',
    './_base_/hrnet-mini.py',
]

codec = _base_.pose_estimator.head.decoder
padding = 1.0
search = dict(scale=(4 / 3, 1.0))  # 128 px
model = dict(
    bbox_score_thr=0.2,
    detector=dict(
        model=_base_.pop('detector'),
        pipeline=[
            dict(type='mmdet.Resize', scale=(256, 192), keep_ratio=True),
            dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor')),
        ],
    ),
    pose_estimator=dict(model=_base_.pop('pose_estimator'), padding=padding, search=search, nms_thr=0.2),
    # The thresholds were chosen on ten videos made for it. The poses of so small an estimator scatter: a new person has
    # to be seen clearly, and a known one may be matched loosely.
    tracker=dict(
        init_score_thr=0.5,
        min_similarity=0.05,
        predicted_score_thr=0.85,
        predicted_weight=0.25,
        joint_score_thr=0.1,
        dynamics_head=dict(visual_channels=48, feat_channels=64),
    ),
)
custom_hooks = [
    dict(
        type='mmgnntrack.PartCheckpointHook',
        detector='work_dirs/faster-rcnn_mini_synthtrack/iter_1000.pth',
        pose_estimator='work_dirs/td-hm_hrnet-mini_synthtrack-128x96/iter_2700.pth',
    ),
]

data_root = '{{$MMGNNTRACK_DATA:data/synthtrack}}/'
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        data_root=data_root,
        pipeline=[
            dict(type='mmgnntrack.SampleTube', length=4, gaps=(1, 2)),
            dict(type='mmgnntrack.LoadTube'),
            dict(type='mmgnntrack.AugmentTube', rotation=30, scale=0.25, flip=0.5),
            dict(type='mmgnntrack.JitterHistory'),
            dict(type='mmgnntrack.PackTubeInputs', codec=codec, search=dict(search, padding=padding)),
        ],
    ),
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(ann_dir=data_root + 'annotations/val', joint_score_thr=0.5)
test_evaluator = val_evaluator

max_iters = 300
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters + 1)
optim_wrapper = dict(optimizer=dict(lr=5e-3))
auto_scale_lr = dict(base_batch_size=16, enable=False)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=max_iters, eta_min_ratio=0.02),
]
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(by_epoch=False, interval=max_iters, save_best=None),
)
log_processor = dict(by_epoch=False)
