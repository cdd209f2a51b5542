"""Track the people of a video.

SOURCE is a video file, a folder of frames, a glob of frames in quotes, the number of a camera or the URL of a stream.
DIR gets NAME.mp4, the video with the tracks drawn, NAME.png, twelve of its frames on a sheet, and NAME.json, the poses
with identities as PoseTrack18 writes them; NAME is the file's or folder's. Where --save-video, --save-json or --show is
given, only what is asked for:
--save-json coco is NAME.coco.json, keypoint results as COCO writes them (of PoseTrack's joints: PoseTrack18's 17).

--save-panels adds pictures of what the tracker did in each frame: NAME_fusion.mp4 with the poses before and after, and
NAME_heatmaps/ and NAME_attention/ with a picture a frame of the three people who were seen first. Heatmaps need
matching=full, which is the default, attention that or gnn.

Without --config OpenMMLab's public models for COCO's 17 joints detect people and estimate poses; their weights are
downloaded the first time, and checked; --weights-dir takes them from a folder instead. The dynamics are the package's
own, nothing to train; --cfg-options model.tracker.matching=oks does without.

--join N goes over the poses once more when the video is over, before anything is written: tracks that continue each
other become one, people and joints that are missing in at most N frames are filled in where that is likely right, and
poses lose their jitter. The video is drawn after that; --show shows what was known until then.

At the end it says how many frames a second each stage would do alone; reading and writing run beside the networks.

--report writes NAME.html, too: a page with the identities over time, pictures and speeds of each, and the overlay to
play beside them, as NAME_overlay.webm, which browsers can play. It comes with NAME.mp4 and NAME.json.

Ctrl-C ends the video there with whole files; --resume goes on from there with the same identities.

examples:
  python tools/track_video.py dance.mp4
  python tools/track_video.py frames/ --out-dir tracked --save-json posetrack coco
  python tools/track_video.py 0 --show --every 3
  python tools/track_video.py dance.mp4 --config gnn_hrnet-mini_synthtrack --checkpoint iter_300.pth \\
      --detector-checkpoint DET --pose-checkpoint POSE
  python tools/track_video.py dance.mp4 --join 15
  python tools/track_video.py dance.mp4 --report
  python tools/track_video.py dance.mp4 --resume
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from mmengine.config import DictAction
from tqdm import tqdm

from mmgnntrack.analysis.tables import table
from mmgnntrack.analysis.tracker_stages import StageClock
from mmgnntrack.apis import DEFAULT_CONFIG, FrameSource, PoseTrackInferencer
from mmgnntrack.apis.video_outputs import FORMATS, VideoOutputs, draw_over
from mmgnntrack.command_line import add_join, join_info, one_line_errors, tool_parser
from mmgnntrack.datasets.metainfo import read_skeleton
from mmgnntrack.engine.launch import writable_folder
from mmgnntrack.models import join_tracklets
from mmgnntrack.posetrack import PoseVideo, Skeleton, read_video, skeleton_of
from mmgnntrack.report import write_video_report
from mmgnntrack.visualization import PANELS, OverlayVideo, check_panels

#: What must not change between the parts of a video.
FIXED = (
    *('config', 'cfg_options', 'checkpoint', 'detector_checkpoint', 'pose_checkpoint', 'metainfo', 'fps'),
    *('every', 'max_people', 'smooth', 'join', 'save_video', 'save_json', 'save_panels'),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('source', metavar='SOURCE', help='what to track')
    help = 'config of a VideoPoseTracker, file or name (%(default)s)'
    parser.add_argument('--config', default=DEFAULT_CONFIG, help=help)
    parser.add_argument('--checkpoint', help='weights of the dynamics head')
    parser.add_argument('--detector-checkpoint', help='(default: what the config names)')
    parser.add_argument('--pose-checkpoint', help='(default: what the config names)')
    parser.add_argument(
        '--weights-dir', metavar='DIR', type=Path, help='where the files are that would be downloaded, fetched by hand'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings, as model.tracker.matching=oks')
    parser.add_argument('--amp', action='store_true', help='mixed precision, for GPUs')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: what is there)')
    parser.add_argument(
        '--out-dir', metavar='DIR', type=Path, default='outputs/videos', help='output folder (%(default)s)'
    )
    parser.add_argument('--save-video', action='store_true', help='the video with the tracks drawn')
    parser.add_argument('--save-json', nargs='+', choices=FORMATS, metavar='FORMAT', help='posetrack, coco, or both')
    parser.add_argument('--save-panels', nargs='+', choices=PANELS, default=(), metavar='PANEL', help=', '.join(PANELS))
    parser.add_argument('--report', action='store_true', help='a page about the identities, NAME.html')
    parser.add_argument('--show', action='store_true', help='in a window; q ends it')
    parser.add_argument('--every', metavar='N', type=int, default=1, help='detect people in every Nth frame alone')
    parser.add_argument('--max-people', metavar='N', type=int, help='no more boxes a frame, the surest ones')
    parser.add_argument('--fps', type=float, default=25.0, help='where SOURCE does not say (%(default)s)')
    parser.add_argument('--smooth', action='store_true', help='take the jitter out of the poses')
    add_join(parser)
    parser.add_argument('--score-thr', type=float, default=0.2, help='joints below are not drawn (%(default)s)')
    parser.add_argument('--metainfo', help='MMPose metainfo file of the joints (default: by their number, 15 or 17)')
    parser.add_argument('--resume', action='store_true', help='go on where a run with the same options was ended')
    args = parser.parse_args()
    for name in ('every', 'max_people'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")}: expected 1 or more, got {value}')
    if not 0 < args.fps < float('inf'):
        parser.error(f'--fps: expected a finite number above 0, got {args.fps}')
    if args.report:
        args.save_video = True
        args.save_json = [*dict.fromkeys([*(args.save_json or ()), 'posetrack'])]
    elif not (args.save_video or args.save_json or args.show):
        args.save_video, args.save_json = True, ['posetrack']
    return args


def track(args: argparse.Namespace, inferencer: PoseTrackInferencer, source: FrameSource) -> str:
    """Track the video frame by frame and say what was done."""
    check_panels(args.save_panels, inferencer.model.tracker)  # before any file is begun
    tracker = inferencer.model.tracker
    skeleton = find_skeleton(args.metainfo, len(tracker.sigmas))
    video = PoseVideo(source.name, [], skeleton=skeleton, info=join_info(args.join))
    if Path(args.source).resolve() == (args.out_dir / f'{video.name}.mp4').resolve():
        raise ValueError(f'--out-dir {args.out_dir}: {args.source} would be written over, expected another folder')
    options = {name: str(getattr(args, name)) for name in FIXED}
    options |= {'source': str(Path(args.source).resolve()), 'frames': str(source.length)}
    afterwards = partial(join_tracklets, tracker, max_gap=args.join) if args.join else None
    drawn_at_once = args.save_video and not args.join
    outputs = VideoOutputs(
        args.out_dir, video, inferencer, options, args.save_json or (), args.save_panels, drawn_at_once, afterwards
    )
    if args.resume:
        outputs.resume()
    writable_folder(args.out_dir)
    source.fps = source.fps or args.fps
    done = False
    with ended_by_user() as ended:  # from before there is any file
        outputs.open(source.fps, source.length)
        start, began = len(outputs), perf_counter()
        clock = StageClock(inferencer.model)
        results = inferencer(
            source,
            start=start,
            every=args.every,
            max_people=args.max_people,
            smooth=args.smooth,
            panels=args.save_panels,
            return_vis=drawn_at_once or args.show,
            skeleton=skeleton.link_indices,
            score_thr=args.score_thr,
        )
        with tqdm(total=source.length, initial=start, desc=source.name, unit='frame', disable=None) as bar:
            for result in results:
                outputs.add(result)
                if args.show:
                    show(source.name, result['visualization'], ended)
                bar.update()
                if ended:
                    break
            else:
                done = True
    outputs.close(done)
    if len(outputs) > start:
        seconds = dict(reading=source.reading.seconds, **clock.seconds, writing=outputs.writing.seconds)
        seconds['all, side by side'] = perf_counter() - began
        print(speeds(seconds, len(outputs) - start))
    if done and source.broken == len(outputs):
        raise ValueError(f'{args.source}: expected frames, got {len(outputs)}, none of which can be decoded')
    broken = f', {source.broken} of them could not be decoded' if source.broken else ''
    if done and source.length and len(outputs) < source.length:
        broken += f'; the file promises {source.length}'
    rest = '' if done else ' so far; --resume goes on from there'
    if args.join and args.save_video:
        overlay = OverlayVideo(args.out_dir / f'{video.name}.mp4', source.fps, len(outputs))
        bar = tqdm(video.frames, desc=f'drawing {source.name}', unit='frame', disable=None)
        draw_over(source, bar, overlay, skeleton=skeleton.link_indices, score_thr=args.score_thr)
    if args.report:
        print(write_report(args, source, video.name, skeleton))
    return f'{args.out_dir}: {len(outputs)} frames{broken}{rest}'


def write_report(args: argparse.Namespace, source: FrameSource, name: str, skeleton: Skeleton) -> Path:
    """Write the page about the files that have been written."""
    video = read_video(args.out_dir / f'{name}.json', predictions=True, skeleton=skeleton)
    overlay = args.out_dir / f'{name}.mp4'
    return write_video_report(
        args.out_dir / f'{name}.html', video, source.frames(), source.fps, overlay, source=args.source
    )


def speeds(seconds: dict[str, float], frames: int) -> str:
    """A table of what each stage took."""
    rows = [[stage, f'{frames / taken:.3g}'] for stage, taken in seconds.items() if taken > 0]
    return table(['stage', 'frames per second'], rows)


def find_skeleton(metainfo: str | None, joints: int) -> Skeleton:
    """The skeleton of the model's poses: what a metainfo file describes, or the usual one of so many joints."""
    skeleton = read_skeleton(metainfo) if metainfo else skeleton_of(joints)
    if skeleton is None:
        raise ValueError(f'the poses have {joints} joints: expected --metainfo to say which')
    if len(skeleton.joints) != joints:
        raise ValueError(f'--metainfo {metainfo}: expected the {joints} joints of the model, got {skeleton.joints}')
    return skeleton


@contextmanager
def ended_by_user() -> Iterator[list[bool]]:
    """Fills when the user presses Ctrl-C, so that the frame at hand is finished; a second Ctrl-C ends it at once."""
    ended: list[bool] = []

    def end(*_: object) -> None:
        if ended:
            raise KeyboardInterrupt
        ended.append(True)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield ended
    finally:
        signal.signal(signal.SIGINT, before)


def show(name: str, pictures: list[np.ndarray], ended: list[bool]) -> None:
    """Show a frame in a window."""
    try:
        for picture in pictures:
            cv2.imshow(name, picture)
        if cv2.waitKey(1) == ord('q'):
            ended.append(True)
    except cv2.error as error:
        raise OSError('--show needs an OpenCV with windows; --save-video does not') from error


def run(args: argparse.Namespace) -> None:
    """Check, build and track."""
    # OpenCV would abort the whole program.
    if args.show and sys.platform == 'linux' and not {'DISPLAY', 'WAYLAND_DISPLAY'} & os.environ.keys():
        raise OSError('--show needs a screen, and there is no DISPLAY; --save-video needs none')
    source = FrameSource(args.source)
    if args.resume and source.live:
        raise ValueError(f'{args.source}: a live source cannot be resumed')
    if args.join and args.save_video and source.live:
        raise ValueError(f'{args.source}: a live source cannot be drawn afterwards: --join needs --save-json alone')
    if args.report and source.live:
        raise ValueError(f'{args.source}: a live source cannot be read again: --report needs a file or a folder')
    checkpoints = (args.checkpoint, args.detector_checkpoint, args.pose_checkpoint)
    options = (args.cfg_options or {}) | ({'model.amp': True} if args.amp else {})
    inferencer = PoseTrackInferencer(args.config, *checkpoints, args.device, options, weights_dir=args.weights_dir)
    print(track(args, inferencer, source))


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
