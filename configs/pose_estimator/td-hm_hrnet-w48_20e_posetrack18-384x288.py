# The paper's pose estimator: HRNet-W48 at 384x288, COCO weights, 20 epochs on the 15 joints of PoseTrack.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/posetrack18/td-hm_hrnet-w48_8xb64-20e_posetrack18-384x288.py'

model = dict(head=dict(out_channels=15))

optim_wrapper = dict(optimizer=dict(lr=1e-4))

dataset_type = 'mmgnntrack.PoseTrackPersonDataset'
train_dataloader = dict(dataset=dict(type=dataset_type))
val_dataloader = dict(dataset=dict(type=dataset_type, bbox_file=None, filter_cfg=None))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='PCKAccuracy', thr=0.1, norm_item='bbox')
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='PCK'))
