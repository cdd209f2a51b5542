# The dynamics of poses alone: position, score and joint type, no images. Each joint says how far it will move.
# Trains in minutes on a CPU, on the annotations of any PoseTrack release, or on tracked poses of one's own.
_base_ = '../_base_/gnn_tracker.py'

codec = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
length = 8
model = dict(
    detector=None,
    pose_estimator=None,
    tracker=dict(
        codec=codec,
        search=dict(input_size=codec['input_size'], heatmap_size=codec['heatmap_size']),
        memory=dict(length=length),
        # OKS is zero for everybody beyond a third of a body.
        similarity='distance',
        predicted_weight=0.25,
        predicted_score_thr=0.4,
        # The head itself says how sure it is of people who were not seen lately.
        unseen_power=0.0,
        dynamics_head=dict(
            visual_channels=0,
            feat_channels=64,
            # What was before the last pose comes with the joints' motion, so that messages pass within it alone.
            aggregation=('spatial', 'spatial'),
            motion=length - 1,
            num_heads=4,
            motion_prior=False,
            output='offsets',
        ),
    ),
)
custom_hooks = []

train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        data_root='data/posetrack17/',
        pipeline=[
            # Videos of many frame rates, and people who were not seen for some frames.
            dict(type='mmgnntrack.SampleTube', length=length + 1, gaps=(1, 8), ahead=(1, 8), near=True),
            dict(type='mmgnntrack.DropHistory', poses=0.2, joints=0.1),
            dict(type='mmgnntrack.AugmentTube', rotation=30, scale=0.0, flip=0.5),
            dict(
                type='mmcv.RandomChoice',
                transforms=[
                    [dict(type='mmgnntrack.JitterHistory', noise=noise, outlier_rate=2 * noise, scores=(1.0, 1.0))]
                    for noise in (0.0, 0.005, 0.01, 0.02)
                ],
                prob=[0.625, 0.125, 0.125, 0.125],
            ),
            dict(type='mmgnntrack.PackTubeInputs', codec=codec, images=False, heatmaps=False),
        ],
    ),
)
# Without images there is nothing to test here: `tools/track_poses.py` tracks poses with the trained head.
val_dataloader = val_evaluator = val_cfg = None
test_dataloader = test_evaluator = test_cfg = None

max_iters = 2000
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters)
auto_scale_lr = dict(base_batch_size=64, enable=False)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'inertia': dict(lr_mult=10, decay_mult=0)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters, eta_min_ratio=0.01),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=max_iters, save_best=None))
log_processor = dict(by_epoch=False)
