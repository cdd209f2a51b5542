# The paper to the letter wherever it says something; docs/paper.md has each element beside the default. Where it is
# silent the default stays. Needs a training of its own: inputs, targets and search regions are others.
_base_ = './search-paper_hrnet_w48_posetrack18.py'

# exp(-d^2 / sigma^2) with sigma 3 cells; MMPose's codec draws exp(-d^2 / (2 sigma^2)).
codec = dict(_base_.codec, sigma=3 / 2**0.5)
model = dict(
    tracker=dict(
        alignment='centre',
        coasting=False,
        confidence_power=0.0,
        unseen_power=0.0,
        dynamics_head=dict(motion_prior=False, scaled_attention=False, position_scale='pixel'),
    ),
)

pipeline = _base_.train_dataloader.dataset.pipeline
# No jitter, and every joint as sure as an annotation.
pipeline[-2].update(noise=0.0, outlier_rate=0.0, scores=(1.0, 1.0))
pipeline[-1].update(codec=codec)
train_dataloader = dict(dataset=dict(pipeline=pipeline))
optim_wrapper = dict(clip_grad=None)
