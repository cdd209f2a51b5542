# Any video, nothing to train: OpenMMLab's public weights detect people and estimate COCO's 17 joints, OKS matches them.
# Other models are other files in `_base_` and other weights.
_base_ = ['./_base_/rtmdet-tiny.py', './_base_/hrnet-w32.py']

default_scope = 'mmpose'
model = dict(
    type='mmgnntrack.VideoPoseTracker',
    detector=dict(
        type='mmgnntrack.PersonDetector',
        model=_base_.pop('detector'),
        score_thr=0.4,
        pipeline=[
            dict(type='mmdet.Resize', scale=(640, 640), keep_ratio=True),
            dict(type='mmdet.Pad', size=(640, 640), pad_val=dict(img=(114, 114, 114))),
            dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor')),
        ],
    ),
    pose_estimator=dict(
        type='mmgnntrack.TopDownEstimator',
        model=_base_.pop('pose_estimator'),
        feature_layers=(),
        flip_indices=[0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15],
    ),
    tracker=dict(
        type='mmgnntrack.PoseTracker',
        matching='oks',
        sigmas=[0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107]
        + [0.087, 0.087, 0.089, 0.089],
    ),
)
weights = 'https://download.openmmlab.com/'
custom_hooks = [
    dict(
        type='mmgnntrack.PartCheckpointHook',
        detector=weights + 'mmdetection/v3.0/rtmdet/rtmdet_tiny_8xb32-300e_coco/'
        'rtmdet_tiny_8xb32-300e_coco_20220902_112414-78e30dcc.pth',
        pose_estimator=weights + 'mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_hrnet-w32_8xb64-210e_coco-256x192-81c58e40_20220909.pth',
    )
]
