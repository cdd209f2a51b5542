# The detector in small: a quarter of the channels, 256x192 images, trained from scratch in minutes on two CPU cores.
_base_ = '../detector/faster-rcnn_r50-dconv-c3-c5_fpn_posetrack18.py'

model = dict(
    # Deformable convolution is slow on a CPU: it stays in the last stage, where it costs least.
    backbone=dict(
        base_channels=16,
        frozen_stages=-1,
        norm_eval=False,
        stage_with_dcn=(False, False, False, True),
        init_cfg=None,
    ),
    # Without the finest level, which takes a third of a step's time.
    neck=dict(in_channels=[64, 128, 256, 512], out_channels=64, start_level=1, num_outs=4),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(scales=[3], ratios=[1.0, 2.0, 3.0], strides=[8, 16, 32, 64]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64, featmap_strides=[8, 16, 32]),
        bbox_head=dict(in_channels=64, fc_out_channels=256),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=300, max_per_img=150),
        rcnn=dict(sampler=dict(num=96)),
    ),
    # Its boxes are looser than those of the full size, so that duplicates overlap less.
    test_cfg=dict(rpn=dict(nms_pre=300, max_per_img=100), rcnn=dict(nms=dict(iou_threshold=0.45), max_per_img=50)),
)

data_root = '{{$MMGNNTRACK_DATA:data/synthtrack}}/'
size = (256, 192)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=size, ratio_range=(0.85, 1.15), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=size, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(data_root=data_root, ann_file='coco_train.json', pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, ann_file='coco_val.json', pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'coco_val.json')
test_evaluator = val_evaluator

max_iters = 1000
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=2e-3, weight_decay=1e-3), clip_grad=dict(max_norm=10.0)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters, eta_min_ratio=0.02),
]
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(by_epoch=False, interval=max_iters, max_keep_ckpts=1))
log_processor = dict(by_epoch=False)
load_from = None
