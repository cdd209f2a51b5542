# The baseline with ResNet-50 and deconvolutions.
_base_ = './td-hm_hrnet-w48_20e_posetrack18-384x288.py'

model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=50),
    head=dict(in_channels=2048, deconv_out_channels=(256, 256, 256)),
)

load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-384x288-7b8db90e_20220923.pth'  # noqa: E501
