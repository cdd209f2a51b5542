"""Give poses that any estimator made identities that last.

POSES are files or folders, one a video, in the formats of several tools, which are recognised by their names and
content; identities that they have are ignored:
  posetrack    JSON of PoseTrack17, 18 or 21; COCO keypoint results, a list of objects with image_id and keypoints
               (x, y, score); images and annotations with other keypoints
  openpose     a folder with a *_keypoints.json for each frame
  alphapose    AlphaPose's JSON, whose image_id is an image's name
  deeplabcut   .csv, or .h5, which needs PyTables (pip install tables)
  sleap        .slp, which needs sleap-io (pip install sleap-io)
  ultralytics  a folder with YOLO's text file for each frame, which needs --image-size; or a JSON list with what
               Results.to_json() gives for each frame
A folder that is none of these is one of such files and folders. Of each video, DIR gets what --format names, by default
a PoseTrack18 file of the same name, which tools/eval_posetrack.py evaluates if the joints are PoseTrack's.

Without --config the package's own weights predict where people will be. Every pose gets an identity but those that
repeat another one of the frame; joints and people that are missing for some frames are filled in where that is likely
right, and poses are pulled a little towards the predicted ones. With --matching gnn poses stay as they are, and nothing
is filled in; distance, oks and iou compare with the last poses and predict nothing.

--join N goes over each video once more when it is over: tracks that continue each other become one, people and joints
that are missing in at most N frames are filled in where that is likely right, and poses lose their jitter.

examples:
  python tools/track_poses.py poses/ --out tracked
  python tools/track_poses.py results.keypoints.json --out tracked --images annotations/video.json
  python tools/track_poses.py poses/*.json --out tracked --metainfo halpe26.py
  python tools/track_poses.py poses/ --out tracked --matching gnn
  python tools/track_poses.py poses/ --out tracked --cfg-options model.tracker.init_score_thr=0.3
  python tools/track_poses.py poses/ --out tracked --join 15
  python tools/track_poses.py poses/ --out tracked --config CONFIG --checkpoint CKPT
  python tools/track_poses.py openpose_json/ --out tracked --format mot coco
  python tools/track_poses.py alphapose-results.json --out tracked --format alphapose
  python tools/track_poses.py videoDLC_resnet50.csv --out tracked --format deeplabcut
  python tools/track_poses.py predictions.slp --out tracked --format sleap
  python tools/track_poses.py runs/pose/predict/labels --out tracked --format ultralytics --image-size 1920 1080
  python tools/track_poses.py poses/ --out tracked --format posetrack openpose
"""

import argparse
import os
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmgnntrack.command_line import add_join, join_info, one_line_errors, tool_parser
from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.disk_list import DiskList
from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.engine.claims import Claim
from mmgnntrack.engine.configs import merge_options, read_config
from mmgnntrack.engine.launch import writable_folder
from mmgnntrack.formats import WRITERS, output_path, read, video_name, video_paths
from mmgnntrack.models import PoseTracker, join_tracklets, track_given_poses
from mmgnntrack.models.tracker import MODES
from mmgnntrack.posetrack import Skeleton, check_frames
from mmgnntrack.posetrack.errors import printable, said
from mmgnntrack.registry import MODELS

#: Without --config. Who is no person was for the estimator to say: every pose starts a track.
DEFAULT = dict(model=dict(tracker=dict(type='mmgnntrack.PretrainedTracker', init_score_thr=0.0)))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('poses', metavar='POSES', type=Path, nargs='+', help='files or folders of poses')
    parser.add_argument('--out', metavar='DIR', type=Path, required=True, help='folder to write to')
    parser.add_argument(
        '--format',
        metavar='NAME',
        nargs='+',
        choices=WRITERS,
        default=['posetrack'],
        help=f'what to write: some of {", ".join(WRITERS)} (default: posetrack)',
    )
    parser.add_argument(
        '--image-size',
        metavar=('W', 'H'),
        type=int,
        nargs=2,
        help="size of the videos' images in px, for YOLO's text files",
    )
    parser.add_argument(
        '--metainfo',
        metavar='FILE',
        help="the poses' joints and sigmas as an MMPose metainfo file, or the name of one of MMPose's (default: what "
        'the files say; in COCO results PoseTrack for 15 keypoints, COCO for 17)',
    )
    parser.add_argument(
        '--images',
        metavar='PATH',
        type=Path,
        help='JSON whose `images` are the frames of COCO results (default: the image ids that occur), or a folder of '
        'such files named like POSES',
    )
    parser.add_argument('--matching', choices=MODES, help='what poses are matched by (default: full)')
    parser.add_argument('--config', type=Path, help='config whose model.tracker tracks')
    parser.add_argument('--checkpoint', help='its weights, of the tracker alone or of the whole model')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='settings, as model.tracker.min_similarity=0.2'
    )
    add_join(parser)
    args = parser.parse_args()
    if args.checkpoint and not args.config:
        parser.error('--checkpoint needs --config')
    if args.image_size and min(args.image_size) < 1:
        parser.error(f'--image-size: expected px, 1 or more, got {args.image_size}')
    if 'ultralytics' in args.format and not args.image_size:
        parser.error('--format ultralytics needs --image-size')
    return args


def load_config(args: argparse.Namespace) -> Config:
    """The config with the command line's settings in it."""
    config = read_config(args.config) if args.config else Config(DEFAULT)
    matching = {'model.tracker.matching': args.matching} if args.matching else {}
    merge_options(config, matching | (args.cfg_options or {}), args.config or '--cfg-options')
    if 'model' not in config:
        raise ValueError(f'{args.config}: expected a config with a model, got one with {sorted(config)}')
    return config


def build_tracker(config: Config, name: Path | str, checkpoint: str | None, skeleton: Skeleton) -> PoseTracker:
    """The config's tracker for poses of a skeleton.

    Args:
        config: `model.tracker` or `model` is the tracker; it, or else `model.pose_estimator`, says codec and search.
        name: of the config, for errors.
        checkpoint: its weights.
        skeleton: gives the sigmas, unless the config does.
    """
    settings = config.model.get('tracker', config.model)
    try:
        known = estimator_settings(config.model.get('pose_estimator') or {}) | dict(sigmas=skeleton.sigmas)
        if settings.get('type') == DEFAULT['model']['tracker']['type']:
            known['joints'] = skeleton.joints
        tracker = MODELS.build(settings, default_args=known).eval()
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        raise ValueError(f'{name}: cannot build its tracker: {said(error)}') from error
    if not isinstance(tracker, PoseTracker):
        raise ValueError(f'{name}: expected a PoseTracker as model.tracker, got a {type(tracker).__name__}')
    if len(tracker.sigmas) != len(skeleton.joints):
        raise ValueError(f'{name}: its sigmas are for {len(tracker.sigmas)} joints, the poses have {skeleton.joints}')
    if tracker.mode.predicts and tracker.dynamics_head.visual_channels:
        raise ValueError(f'{name}: its dynamics head sees images: expected visual_channels=0, or matching oks or iou')
    if tracker.needs_weights and checkpoint is None:
        raise ValueError(f'{name}: matching={tracker.matching!r} predicts poses: expected its weights as --checkpoint')
    if checkpoint is not None:
        load_part(tracker, 'tracker', checkpoint, prefix='tracker.')
    return tracker


def estimator_settings(estimator: dict) -> dict:
    """The codec and the search region that the config of a `TopDownEstimator` implies."""
    codec = estimator.get('model', {}).get('head', {}).get('decoder')
    if codec is None:
        return {}
    search = dict(input_size=codec.input_size, heatmap_size=codec.heatmap_size, **estimator.get('search', {}))
    return dict(codec=codec, search=search | {key: estimator[key] for key in ('padding',) if key in estimator})


def input_files(args: argparse.Namespace) -> list[Path]:
    """The videos that the command line names. Each writes files of its own, and none over another."""
    files = [file for path in args.poses for file in video_paths(path)]
    inputs, writers = {os.path.realpath(file) for file in files}, {}
    for file in files:
        for format in args.format:
            output = output_path(args.out, video_name(file), format)
            if os.path.realpath(output) in inputs:
                raise ValueError(f'{output} is one of POSES: choose another folder with --out')
            first = writers.setdefault(output, file)
            if first is not file:
                raise ValueError(f'expected files of different names, got {first}, {file}')
    return files


def run(args: argparse.Namespace) -> None:
    """Read, track and write, video by video."""
    files = input_files(args)
    if args.images and not args.images.exists():
        raise FileNotFoundError(f'--images {args.images}: no such file or folder')
    config = load_config(args)
    init_default_scope(config.get('default_scope') or 'mmpose')
    skeleton = read_skeleton(args.metainfo) if args.metainfo else None
    tracker_for = cache(partial(build_tracker, config, args.config or '--cfg-options', args.checkpoint))
    writable_folder(args.out)
    counts, skeletons = Counter(), set()
    for file in tqdm(files, unit='video', disable=None):
        images = args.images / f'{video_name(file)}.json' if args.images and args.images.is_dir() else args.images
        video = read(file, skeleton=skeleton, images=images, image_size=args.image_size)
        check_frames(video)
        tracker = tracker_for(video.skeleton)
        tracked = track_given_poses(tracker, video.frames)
        bar = tqdm(tracked, total=len(video), desc=video.name, unit='frame', leave=False, disable=None)
        with Claim(args.out / f'.{video.name}.claim'):
            found = replace(video, frames=DiskList(bar), info=join_info(args.join))
            if args.join:
                found.frames = join_tracklets(tracker, found.frames, args.join)
            for format in args.format:
                WRITERS[format](output_path(args.out, video.name, format), found, args.image_size)
        skeletons.add(video.skeleton.joints)
        counts['frames'] += len(video)
        counts['poses'] += sum(map(len, video.frames))
        counts['tracked'] += sum(map(len, found.frames))
        counts['tracks'] += len({*chain.from_iterable(frame.track_ids.tolist() for frame in found.frames)})
    for joints in skeletons:
        print(printable(f'poses of {len(joints)} joints: {", ".join(joints[:4])}, ...'))
    written = f'{counts["poses"]} poses read, {counts["tracked"]} written on {counts["tracks"]} tracks'
    print(printable(f'{args.out}: {written}, in {counts["frames"]} frames of {len(files)} videos'))


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
