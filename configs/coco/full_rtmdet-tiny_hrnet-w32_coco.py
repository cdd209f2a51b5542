# Any video, nothing to train: public weights detect people and estimate COCO's 17 joints, the package's own predict
# where people will be. `tools/track_video.py` takes it unless told otherwise.
_base_ = './oks_rtmdet-tiny_hrnet-w32_coco.py'

model = dict(tracker=dict(_delete_=True, type='mmgnntrack.PretrainedTracker', sigmas=_base_.model.tracker.sigmas))
