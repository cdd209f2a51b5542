# The paper's person detector: Faster R-CNN + FPN with deformable convolutions, Soft-NMS at 0.7.
_base_ = 'mmdet::dcn/faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py'

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=1)),
    test_cfg=dict(rcnn=dict(nms=dict(type='soft_nms', iou_threshold=0.7))),
)

data_root = 'data/posetrack18/'
metainfo = dict(classes=('person',))
dataset = dict(data_root=data_root, metainfo=metainfo, data_prefix=dict(img=''))
train_dataloader = dict(dataset=dict(ann_file='annotations/posetrack18_train.json', **dataset))
val_dataloader = dict(dataset=dict(ann_file='annotations/posetrack18_val.json', **dataset))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/posetrack18_val.json')
test_evaluator = val_evaluator

load_from = 'https://download.openmmlab.com/mmdetection/v2.0/dcn/faster_rcnn_r50_fpn_dconv_c3-c5_1x_coco/faster_rcnn_r50_fpn_dconv_c3-c5_1x_coco_20200130-d68aed1e.pth'  # noqa: E501
