# The rules of the paper alone: no prior of motion, heatmaps averaged, lost people looked for where they were seen last.
_base_ = '../gnn_hrnet_w48_posetrack18.py'
model = dict(
    tracker=dict(coasting=False, confidence_power=0.0, unseen_power=0.0, dynamics_head=dict(motion_prior=False))
)
