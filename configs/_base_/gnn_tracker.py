# What all trackers share: the system around a detector and a pose estimator, its data sets, schedule and evaluation.
_base_ = 'mmpose::_base_/default_runtime.py'

model = dict(
    type='mmgnntrack.VideoPoseTracker',
    # mAP wants every pose, whatever its box's score and whoever it is; `bbox_score_thr` decides who is tracked.
    untracked=True,
    bbox_score_thr=0.3,
    detector=dict(type='mmgnntrack.PersonDetector', score_thr=0.05),
    pose_estimator=dict(type='mmgnntrack.TopDownEstimator', nms_thr=0.5),
    tracker=dict(
        type='mmgnntrack.PoseTracker',
        matching='full',
        # Beyond the paper, and better than its rules where it was measured; the ablation `paper` has the paper's own.
        coasting=True,
        confidence_power=2.0,
        unseen_power=1.0,
        memory=dict(type='mmgnntrack.TrackMemory', length=3),
        dynamics_head=dict(
            type='mmgnntrack.GNNDynamicsHead', visual_channels=144, feat_channels=256, motion_prior=True
        ),
    ),
)

# Not MMPose's hooks that draw single poses; mmengine adds its own.
default_hooks = dict(
    _delete_=True,
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(type='CheckpointHook', interval=1, save_best='posetrack/MOTA', rule='greater', max_keep_ckpts=2),
)
# Curves for people (without tensorboard installed, one warning) and for programs.
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(_delete_=True, type='mmengine.Visualizer', vis_backends=vis_backends, name='visualizer')
# Detector and pose estimator come from their own files and stay out of the saved ones.
custom_hooks = [dict(type='mmgnntrack.PartCheckpointHook')]
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmgnntrack.PoseTrackTubeDataset',
        ann_file='annotations/train',
        data_prefix=dict(img=''),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='mmgnntrack.VideoSampler'),
    dataset=dict(
        type='mmgnntrack.PoseTrackVideoDataset',
        ann_file='annotations/val',
        data_prefix=dict(img=''),
        test_mode=True,
        pipeline=[dict(type='mmgnntrack.LoadFrame'), dict(type='mmgnntrack.PackFrameInputs')],
    ),
)
test_dataloader = val_dataloader
# Papers leave uncertain joints out before MOTA. 0.4 is a usual value and no more: choose it for your estimator on some
# training videos, tools/analysis_tools/choose_thresholds.py.
val_evaluator = dict(type='mmgnntrack.PoseTrackMetric', joint_score_thr=0.4)
test_evaluator = val_evaluator

train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-4), clip_grad=dict(max_norm=1.0))
param_scheduler = [dict(type='MultiStepLR', begin=0, end=10, milestones=[5, 8], gamma=0.1, by_epoch=True)]
# On several GPUs, or with other batches, the learning rate follows the batch.
auto_scale_lr = dict(base_batch_size=32, enable=True)
