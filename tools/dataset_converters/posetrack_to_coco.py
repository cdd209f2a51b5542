"""Writes the COCO-style file with which MMDet and MMPose train a person detector and a pose estimator.

Examples:
    python tools/dataset_converters/posetrack_to_coco.py data/posetrack18/annotations/train \
        --images data/posetrack18 --out data/posetrack18/annotations/posetrack18_train.json
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from mmengine.utils import track_iter_progress
from PIL import Image

from mmgnntrack.functional import pose_bboxes
from mmgnntrack.posetrack import JOINTS, SKELETON, PoseFrame, PoseVideo, read_folder


def people_of(frame: PoseFrame) -> list[dict]:
    """The annotations of a frame's people; those without a single joint are left out."""
    around = pose_bboxes(frame.keypoints, frame.annotated)
    bboxes = np.where(np.isfinite(frame.bboxes), frame.bboxes, around)
    keypoints = np.concatenate([frame.keypoints, np.where(frame.visible, 2, 1)[..., None]], axis=-1)
    keypoints *= frame.annotated[..., None]
    return [
        dict(
            category_id=1,
            iscrowd=0,
            track_id=int(frame.track_ids[i]),
            bbox=[float(v) for v in (x1, y1, x2 - x1, y2 - y1)],
            area=float((x2 - x1) * (y2 - y1)),
            num_keypoints=int(frame.annotated[i].sum()),
            keypoints=keypoints[i].round(2).ravel().tolist(),
        )
        for i, (x1, y1, x2, y2) in enumerate(bboxes.round(2))
        if frame.annotated[i].any()
    ]


def ignored(frame: PoseFrame) -> list[dict]:
    """The boxes of the ignore regions, as crowds: the detector is not punished for people there."""
    extents = [(*polygon.min(0), *np.ptp(polygon, axis=0)) for polygon in frame.ignore_regions]
    return [
        dict(category_id=1, iscrowd=1, bbox=[float(v) for v in extent], area=float(extent[2] * extent[3]),
             num_keypoints=0, keypoints=[0.0] * 3 * len(JOINTS))
        for extent in extents
    ]  # fmt: skip


def convert(videos: list[PoseVideo], image_root: Path) -> dict:
    """The labelled frames of all videos as one COCO-style document."""
    images, annotations = [], []
    for video in track_iter_progress(videos):
        for frame in video.frames:
            if not frame.is_labeled:
                continue
            path = image_root / frame.file_name
            if not path.is_file():
                raise SystemExit(f'{video.path}: frame {frame.frame_id}: image not found: {path}')
            width, height = Image.open(path).size
            images.append(dict(id=len(images), file_name=frame.file_name, width=width, height=height))
            for person in people_of(frame) + ignored(frame):
                annotations.append(dict(person, id=len(annotations), image_id=images[-1]['id']))
    index = {joint: i + 1 for i, joint in enumerate(JOINTS)}
    skeleton = [[index[a], index[b]] for a, b in SKELETON]
    category = dict(id=1, name='person', supercategory='person', keypoints=list(JOINTS), skeleton=skeleton)
    return dict(images=images, annotations=annotations, categories=[category])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', type=Path, help='folder of PoseTrack17, 18 or 21 files, or one file')
    parser.add_argument('--images', type=Path, required=True, help='the folder that image names are relative to')
    parser.add_argument('--out', type=Path, required=True, help='the file to write')
    args = parser.parse_args()

    document = convert(read_folder(args.annotations), args.images)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    partial = args.out.with_suffix('.partial')
    partial.write_text(json.dumps(document))
    os.replace(partial, args.out)
    print(f'{args.out}: {len(document["images"])} images, {len(document["annotations"])} annotations')


if __name__ == '__main__':
    main()
