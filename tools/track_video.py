"""Track the people of videos.

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

Of many SOURCES, a folder of videos, a glob of videos in quotes or a text file with a path a line, each video gets its
own files, and a line in DIR/manifest.jsonl. The same command again, or at the same time on another GPU or machine that
sees DIR, does what nobody has done yet and goes on where somebody was killed; torchrun, Slurm and MPI give each process
its GPU. One that fails does not stop the others; the exit status is 1 if any has failed.

examples:
  python tools/track_video.py dance.mp4
  python tools/track_video.py frames/ --out-dir tracked --save-json posetrack coco
  python tools/track_video.py 0 --show --every 3
  python tools/track_video.py dance.mp4 --config gnn_hrnet-mini_synthtrack --checkpoint iter_300.pth \\
      --detector-checkpoint DET --pose-checkpoint POSE
  python tools/track_video.py dance.mp4 --join 15
  python tools/track_video.py dance.mp4 --report
  python tools/track_video.py dance.mp4 --resume
  python tools/track_video.py videos/ more/*.mp4 list.txt --out-dir tracked
  torchrun --nproc_per_node 8 tools/track_video.py videos/ --out-dir tracked
"""

import argparse
import os
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from mmengine.config import DictAction
from tqdm import tqdm

from mmgnntrack.analysis.tables import table
from mmgnntrack.analysis.tracker_stages import StageClock
from mmgnntrack.apis import DEFAULT_CONFIG, FrameSource, PoseTrackInferencer
from mmgnntrack.apis.many_videos import Outcome, all_done, find_sources, summary, work_through
from mmgnntrack.apis.track_overlay import TrackOverlay, as_tracks
from mmgnntrack.apis.video_outputs import FORMATS, VideoOutputs, weights_digest
from mmgnntrack.command_line import add_join, ended_by_user, join_info, one_line_errors, tool_parser
from mmgnntrack.datasets.metainfo import skeleton_for
from mmgnntrack.engine.claims import Claim
from mmgnntrack.engine.launch import local_device, writable_folder
from mmgnntrack.models import join_tracklets
from mmgnntrack.posetrack import PoseVideo, read_video
from mmgnntrack.posetrack.errors import printable
from mmgnntrack.report import write_video_report
from mmgnntrack.visualization import PANELS, check_panels
from mmgnntrack.visualization.window import check_screen, show

#: What must not change between the parts of a video.
FIXED = (
    *('config', 'cfg_options', 'checkpoint', 'detector_checkpoint', 'pose_checkpoint', 'metainfo', 'fps'),
    *('every', 'max_people', 'smooth', 'join', 'save_video', 'save_json', 'save_panels'),
)
#: What cannot be had of a camera or a stream, and why.
LIVE = dict(
    resume='cannot be resumed',
    join='cannot be drawn afterwards: --join needs --save-json alone',
    report='cannot be read again: --report needs a file or a folder',
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('sources', metavar='SOURCE', nargs='+', help='what to track')
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
    parser.add_argument('--retry', action='store_true', help='of many videos, try those again that have failed')
    args = parser.parse_args()
    for name in ('every', 'max_people'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")}: expected 1 or more, got {value}')
    if not 0 < args.fps < float('inf'):
        parser.error(f'--fps: expected a finite number above 0, got {args.fps}')
    if not abs(args.score_thr) < float('inf'):
        parser.error(f'--score-thr: expected a finite number, got {args.score_thr}')
    if args.report:
        args.save_video = True
        args.save_json = [*dict.fromkeys([*(args.save_json or ()), 'posetrack'])]
    elif not (args.save_video or args.save_json or args.show):
        args.save_video, args.save_json = True, ['posetrack']
    return args


class Tracking:
    """Tracks videos as the command line says, each into files of its own.

    Args:
        args: the command line.
        inferencer: detects, estimates and tracks.

    Attributes:
        speeds: frames per second of each stage of the last video.
    """

    def __init__(self, args: argparse.Namespace, inferencer: PoseTrackInferencer) -> None:
        self.args = args
        self.inferencer = inferencer
        check_panels(args.save_panels, inferencer.model.tracker)
        self.skeleton = skeleton_for(len(inferencer.model.tracker.sigmas), args.metainfo)
        self.options = {name: str(getattr(args, name)) for name in FIXED}
        self.options['weights'] = weights_digest(inferencer.model)
        settings = (inferencer.cfg.to_dict(), self.skeleton, args.amp)
        self.options['settings'] = sha256(repr(settings).encode()).hexdigest()[:12]
        self.clock = StageClock(inferencer.model)
        self.speeds: dict[str, float] = {}

    @property
    def digest(self) -> str:
        """Of all that files depend on besides their source."""
        drawn = dict(self.options, score_thr=self.args.score_thr, report=self.args.report)
        return sha256(repr(sorted(drawn.items())).encode()).hexdigest()[:12]

    def one_of_many(self, source: str, claim: Claim) -> Outcome:
        """Tracks a video, from where another process has left it."""
        source = FrameSource(source)
        if source.live:
            raise ValueError(f'{source.source}: a live source is tracked alone')
        outputs = self._outputs(source)
        problem = outputs.resume_or_begin()
        if problem:
            tqdm.write(printable(f'{source.source}: begun anew: {problem}'))
        outcome = self._track(source, outputs, claim)
        going_on = '' if outcome['over'] else ' so far; the same command goes on from there'
        tqdm.write(printable(f'{source.source}: {outcome["frames"]} frames{going_on}'))
        return outcome

    def alone(self, source: FrameSource) -> str:
        """Tracks a video and says what was done."""
        outputs = self._outputs(source)
        writable_folder(self.args.out_dir)
        with Claim(self.args.out_dir / f'.{source.name}.claim') as claim:
            if self.args.resume:
                outputs.resume()
            outcome = self._track(source, outputs, claim)
        rows = [[stage, f'{speed:.3g}'] for stage, speed in self.speeds.items()]
        print(table(['stage', 'frames per second'], rows))
        broken = f', {outcome["broken"]} of them could not be decoded' if outcome['broken'] else ''
        if outcome['over'] and source.length and outcome['frames'] < source.length:
            broken += f'; the file promises {source.length}'
        rest = '' if outcome['over'] else ' so far; --resume goes on from there'
        return f'{self.args.out_dir}: {outcome["frames"]} frames{broken}{rest}'

    def _outputs(self, source: FrameSource) -> VideoOutputs:
        args, name = self.args, source.name
        if os.path.realpath(source.source) == os.path.realpath(args.out_dir / f'{name}.mp4'):
            raise ValueError(f'--out-dir {args.out_dir}: {source.source} would be written over, choose another')
        options = self.options | dict(source=os.path.realpath(source.source), frames=str(source.length))
        drawn_at_once = self._drawing if args.save_video and not args.join else None
        afterwards = partial(join_tracklets, self.inferencer.model.tracker, max_gap=args.join) if args.join else None
        video = PoseVideo(name, [], skeleton=self.skeleton, info=join_info(args.join))
        formats = args.save_json or ()
        return VideoOutputs(
            args.out_dir, video, self.inferencer, options, formats, args.save_panels, drawn_at_once, afterwards
        )

    @property
    def _drawing(self) -> dict:
        return dict(skeleton=self.skeleton.link_indices, score_thr=self.args.score_thr)

    def _track(self, source: FrameSource, outputs: VideoOutputs, claim: Claim) -> Outcome:
        args = self.args
        source.fps = source.fps or args.fps
        done = False
        with ended_by_user() as ended:  # from before there is any file
            outputs.open(source)
            start, began = len(outputs), perf_counter()
            self.clock.reset()
            results = self.inferencer(
                source,
                start=start,
                every=args.every,
                max_people=args.max_people,
                smooth=args.smooth,
                panels=args.save_panels,
                return_vis=args.show,
                **self._drawing,
            )
            with tqdm(total=source.length, initial=start, desc=source.name, unit='frame', disable=None) as bar:
                for result in results:
                    claim.check()
                    if outputs.add(result, source.newest):
                        claim.survived()
                    bar.update()
                    if ended or (args.show and not show(source.name, result['visualization'])):
                        break
                else:
                    done = True
        claim.check()
        outputs.close(done, claim.check)
        broken = source.broken  # before it is read again
        seconds = dict(reading=source.reading.seconds, **self.clock.seconds, writing=outputs.writing.seconds)
        seconds['all, side by side'] = perf_counter() - began
        self.speeds = {stage: (len(outputs) - start) / taken for stage, taken in seconds.items() if taken > 0}
        if done and broken == len(outputs):
            raise ValueError(f'{source.source}: expected frames, got {len(outputs)}, none of which can be decoded')
        if args.join and args.save_video:
            overlay = TrackOverlay(args.out_dir / f'{source.name}.mp4', source.fps, len(outputs), **self._drawing)
            bar = tqdm(outputs.video.frames, desc=f'drawing {source.name}', unit='frame', disable=None)
            overlay.add_all(source, map(as_tracks, bar))
            overlay.close()
        if args.report:
            tqdm.write(printable(str(self._write_report(source))))
        return Outcome(over=done, frames=len(outputs), broken=broken, people=outputs.people)

    def _write_report(self, source: FrameSource) -> Path:
        """The page about the files that have been written."""
        files = self.args.out_dir / source.name
        video = read_video(f'{files}.json', predictions=True, skeleton=self.skeleton)
        page, overlay = Path(f'{files}.html'), Path(f'{files}.mp4')
        return write_video_report(page, video, source.frames(), source.fps, overlay, source=source.source)


def run(args: argparse.Namespace) -> None:
    """Check, build and track."""
    if args.show:
        check_screen()
    sources = find_sources(args.sources, args.out_dir)
    many = sources != args.sources or len(sources) > 1
    if many and args.show:
        raise ValueError(f'--show: expected one video, got {len(sources)}')
    source = None if many else FrameSource(*sources)
    if source is not None and source.live:
        for option, text in LIVE.items():
            if getattr(args, option) and (option != 'join' or args.save_video):
                raise ValueError(f'{source.source}: a live source {text}')
    checkpoints = (args.checkpoint, args.detector_checkpoint, args.pose_checkpoint)
    options = (args.cfg_options or {}) | ({'model.amp': True} if args.amp else {})
    device = args.device or local_device()
    inferencer = PoseTrackInferencer(args.config, *checkpoints, device, options, weights_dir=args.weights_dir)
    tracking = Tracking(args, inferencer)
    if source is not None:
        print(printable(tracking.alone(source)))
        return
    writable_folder(args.out_dir)
    entries = work_through(sources, args.out_dir, tracking.digest, tracking.one_of_many, args.retry)
    print(f'{printable(str(args.out_dir))}/manifest.jsonl: {summary(entries)}')
    if not all_done(entries):
        raise SystemExit(1)


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
