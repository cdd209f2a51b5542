# The dynamics of poses alone for any skeleton whose joints have names: the config of the package's own weights, which
# `tools/analysis_tools/train_weights.py` trains. It reads files in PoseTrack18's layout with the 26 keypoints of
# NAMED_JOINTS.
_base_ = './gnn-offsets_posetrack17.py'

coco = list(range(17))
posetrack = [0, 17, 18, *range(5, 17)]
mirrored = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 17, 18, 19, 21, 20, 23, 22, 25, 24]
model = dict(tracker=dict(sigmas=[0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062]
                          + [0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.025, 0.025, 0.066] + [0.079] * 6))  # fmt: skip
pipeline = _base_.train_dataloader.dataset.pipeline
sample, drop, augment, *rest = pipeline
augment.flip_indices = mirrored
train_dataloader = dict(
    dataset=dict(
        joints='named',
        pipeline=[
            sample,
            # Halpe's 26 joints, COCO's, PoseTrack's, and those of small estimators.
            dict(type='mmgnntrack.ChooseJoints', sets=[list(range(26)), coco, posetrack, coco[5:]]),
            drop,
            augment,
            *rest,
        ],
    )
)
