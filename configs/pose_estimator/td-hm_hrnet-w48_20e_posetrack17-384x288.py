_base_ = './td-hm_hrnet-w48_20e_posetrack18-384x288.py'

data_root = 'data/posetrack17/'
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations/posetrack17_train.json'))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations/posetrack17_val.json'))
test_dataloader = val_dataloader
