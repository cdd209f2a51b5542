"""Sound files of every kind."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from mmgnntrack.formats import WRITERS, output_path
from mmgnntrack.posetrack import COCO, POSETRACK17_JOINTS, PoseFrame, PoseVideo, Skeleton, joint_index

SIZE = (640, 480)
CONFIG = """_base_ = ['base.py']
model = dict(
    tracker=dict(type='mmgnntrack.PoseTracker', matching='distance', init_score_thr=0.25, sigmas=[0.1] * 15),
    sizes=[(1, 2), (3, 4)],
)
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1), logger=None)
custom_hooks = [dict(type='mmgnntrack.PartCheckpointHook', parts=dict(detector='a.pth'))]
root = '{{$HOME:/tmp}}/data'
work_dir = '{{ fileDirname }}/{{_base_.name}}'
"""
METAINFO = """dataset_info = dict(
    dataset_name='cat',
    keypoint_info={
        0: dict(name='nose', id=0, color=[255, 0, 0], type='upper', swap=''),
        1: dict(name='left_paw', id=1, color=[0, 255, 0], type='lower', swap='right_paw'),
        2: dict(name='right_paw', id=2, color=[0, 0, 255], type='lower', swap='left_paw'),
    },
    skeleton_info={0: dict(link=('nose', 'left_paw'), id=0, color=[1, 2, 3])},
    joint_weights=[1.0, 1.0, 1.5],
    sigmas=[0.25, 0.5, 0.5],
)
"""


def people(skeleton: Skeleton) -> PoseVideo:
    """Three people who walk through four frames, now and then without some joints."""
    rng = np.random.default_rng(0)
    start, step = rng.uniform(50, 400, (3, len(skeleton.joints), 2)), rng.uniform(-5, 5, (3, 1, 2))
    frames = []
    for number in range(4):
        there = rng.random(start.shape[:2]) < 0.9
        keypoints = np.where(there[..., None], np.round(start + number * step, 2), 0)
        frames.append(
            PoseFrame(
                file_name=f'images/{number:06}.jpg',
                frame_id=number + 1,
                keypoints=keypoints,
                annotated=there,
                visible=there.copy(),
                keypoint_scores=np.where(there, np.round(rng.uniform(0.3, 1, there.shape), 2), 0),
                track_ids=np.arange(3),
                bboxes=np.tile([10.0, 20, 300, 400], (3, 1)),
                head_bboxes=np.tile([0.0, 0, 30, 40], (3, 1)),
                ignore_regions=[np.array([[600.0, 400], [640, 400], [640, 480]])],
            )
        )
    return PoseVideo('v', frames, skeleton=skeleton)


def posetrack17(video: PoseVideo) -> bytes:
    """As a PoseTrack17 file, of which nothing else writes one."""

    def person(frame: PoseFrame, row: int) -> dict[str, Any]:
        columns = [(number, joint_index(name)) for number, name in enumerate(POSETRACK17_JOINTS)]
        points = [
            {
                'id': [number],
                'x': [x],
                'y': [y],
                'is_visible': [1],
                'score': [float(frame.keypoint_scores[row, column])],
            }
            for number, column in columns
            if frame.annotated[row, column]
            for x, y in [frame.keypoints[row, column].tolist()]
        ]
        return {'track_id': [row], 'annopoints': [{'point': points}], 'x1': [0], 'y1': [0], 'x2': [30], 'y2': [40]}

    region = {'point': [{'x': [0], 'y': [0]}, {'x': [4], 'y': [0]}, {'x': [4], 'y': [4]}]}
    entries = [
        {
            'image': [{'name': frame.file_name}],
            'imgnum': [frame.frame_id],
            'is_labeled': [1],
            'ignore_regions': [region],
            'annorect': [person(frame, row) for row in range(len(frame))],
        }
        for frame in video.frames
    ]
    return json.dumps({'annolist': entries}).encode()


def ultralytics_json(video: PoseVideo) -> bytes:
    """As Ultralytics' list of what `to_json` gives for each frame."""
    frames = [
        [
            {
                'name': 'person',
                'keypoints': {'x': xy[:, 0].tolist(), 'y': xy[:, 1].tolist(), 'visible': scores.tolist()},
            }
            for xy, scores in zip(frame.keypoints, frame.keypoint_scores)
        ]
        for frame in video.frames
    ]
    return json.dumps(frames).encode()


def boxes(video: PoseVideo) -> bytes:
    """Detected people of a video as MMPose's `bbox_file`."""
    box = {'bbox': [1.5, 2, 30, 40], 'score': 0.5, 'category_id': 1}
    return json.dumps([{'image_id': frame.frame_id, **box} for frame in video.frames for _ in range(2)]).encode()


def written(format: str, skeleton: Skeleton = COCO) -> dict[str, bytes]:
    """The files that a format has for the people."""
    with tempfile.TemporaryDirectory() as folder:
        path = output_path(Path(folder), 'v', format)
        WRITERS[format](path, people(skeleton), SIZE)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def part() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))


def checkpoint() -> bytes:
    """As mmengine writes it."""
    state = {f'tracker.{key}': value for key, value in part().state_dict().items()}
    hub = {'log_scalars': {'loss': HistoryBuffer([1.0, 2.0], [1, 1])}}
    file = io.BytesIO()
    torch.save({'meta': {'epoch': 1}, 'state_dict': state, 'message_hub': hub}, file)
    return file.getvalue()


def pictures(*suffixes: str) -> dict[str, bytes]:
    """Frames with something in them, three of one kind, or one of each."""
    rng, kinds = np.random.default_rng(0), suffixes if len(suffixes) > 1 else suffixes * 3
    images = {suffix: cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (64, 48)) for suffix in enumerate(kinds)}
    return {
        f'clip/{number}{suffix}': cv2.imencode(suffix, image)[1].tobytes() for (number, suffix), image in images.items()
    }


def clip(name: str, codec: str) -> dict[str, bytes]:
    """The same as a video."""
    with tempfile.TemporaryDirectory() as folder:
        writer = cv2.VideoWriter(f'{folder}/{name}', cv2.VideoWriter_fourcc(*codec), 5.0, (64, 48))
        for data in pictures('.png').values():
            writer.write(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        writer.release()
        return {name: (Path(folder) / name).read_bytes()}
