"""Give poses that any estimator made identities that last.

POSES are files or folders of JSON, one file a video: PoseTrack17, 18 or 21, with or without track ids, which are
ignored; COCO keypoint results, a list of objects with image_id and keypoints (x, y, score); or images and annotations
with other keypoints. Of each, DIR gets a PoseTrack18 file of the same name, which tools/eval_posetrack.py evaluates if
the joints are PoseTrack's.

Without --config poses are matched with the last ones by the mean distance of their joints, which needs no weights, and
every pose gets an identity but those that repeat another one of the frame.

--join N goes over each video once more when it is over: tracks that continue each other become one, people and joints
that are missing in at most N frames are filled in where that is likely right, and poses lose their jitter.

examples:
  python tools/track_poses.py poses/ --out tracked
  python tools/track_poses.py results.keypoints.json --out tracked --images annotations/video.json
  python tools/track_poses.py poses/*.json --out tracked --metainfo halpe26.py
  python tools/track_poses.py poses/ --out tracked --cfg-options model.tracker.init_score_thr=0.3
  python tools/track_poses.py poses/ --out tracked --join 15
  python tools/track_poses.py poses/ --out tracked --config CONFIG --checkpoint CKPT
"""

import argparse
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmgnntrack.command_line import add_join, join_info, one_line_errors, tool_parser
from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.engine.checkpoints import load_part
from mmgnntrack.models import PoseTracker, join_tracklets, track_given_poses
from mmgnntrack.posetrack import Skeleton, check_frames, posetrack_files, read_poses, write_video
from mmgnntrack.registry import MODELS

#: Without --config. Who is no person was for the estimator to say: every pose starts a track.
DEFAULT = dict(model=dict(tracker=dict(type='mmgnntrack.PoseTracker', matching='distance', init_score_thr=0.0)))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('poses', metavar='POSES', type=Path, nargs='+', help='JSON files, or folders of them')
    parser.add_argument('--out', metavar='DIR', type=Path, required=True, help='folder to write to')
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
    parser.add_argument('--config', type=Path, help='config whose model.tracker tracks')
    parser.add_argument('--checkpoint', help='its weights, of the tracker alone or of the whole model')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='settings, as model.tracker.min_similarity=0.2'
    )
    add_join(parser)
    args = parser.parse_args()
    if args.checkpoint and not args.config:
        parser.error('--checkpoint needs --config')
    return args


def load_config(args: argparse.Namespace) -> Config:
    """The config with the command line's settings in it."""
    config = Config.fromfile(args.config) if args.config else Config(DEFAULT)
    config.merge_from_dict(args.cfg_options or {})
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
    known = estimator_settings(config.model.get('pose_estimator') or {}) | dict(sigmas=skeleton.sigmas)
    try:
        tracker = MODELS.build(settings, default_args=known).eval()
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f'{name}: cannot build its tracker: {error}') from error
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
    """The files that the command line names. Each writes a file of its own, and none over another."""
    files = [file for path in args.poses for file in posetrack_files(path)]
    name, count = Counter(file.stem for file in files).most_common(1)[0]
    if count > 1:
        twice = ', '.join(str(file) for file in files if file.stem == name)
        raise ValueError(f'expected files of different names, got {twice}')
    inputs = {file.resolve() for file in files}
    for file in files:
        if output_file(args, file).resolve() in inputs:
            raise ValueError(f'{output_file(args, file)} is one of POSES: choose another folder with --out')
    return files


def output_file(args: argparse.Namespace, file: Path) -> Path:
    """Where the tracked poses of a file go."""
    return args.out / f'{file.stem}.json'


def run(args: argparse.Namespace) -> None:
    """Read, track and write, video by video."""
    files = input_files(args)
    config = load_config(args)
    init_default_scope(config.get('default_scope') or 'mmpose')
    skeleton = read_skeleton(args.metainfo) if args.metainfo else None
    tracker_for = cache(partial(build_tracker, config, args.config or '--cfg-options', args.checkpoint))
    args.out.mkdir(parents=True, exist_ok=True)
    counts, skeletons = Counter(), set()
    for file in tqdm(files, unit='video', disable=None):
        images = args.images / f'{file.stem}.json' if args.images and args.images.is_dir() else args.images
        video = read_poses(file, skeleton, images)
        check_frames(video)
        tracker = tracker_for(video.skeleton)
        tracked = track_given_poses(tracker, video.frames)
        bar = tqdm(tracked, total=len(video), desc=video.name, unit='frame', leave=False, disable=None)
        found = replace(video, frames=list(bar), info=join_info(args.join))
        if args.join:
            found.frames = join_tracklets(tracker, found.frames, args.join)
        write_video(output_file(args, file), found)
        skeletons.add(video.skeleton.joints)
        counts['frames'] += len(video)
        counts['poses'] += sum(map(len, video.frames))
        counts['tracked'] += sum(map(len, found.frames))
        counts['tracks'] += len(set().union(*(frame.track_ids.tolist() for frame in found.frames)))
    for joints in skeletons:
        print(f'poses of {len(joints)} joints: {", ".join(joints[:4])}, ...')
    print(
        f'{args.out}: {counts["tracked"]} of {counts["poses"]} poses on {counts["tracks"]} tracks, in '
        f'{counts["frames"]} frames of {len(files)} videos'
    )


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
