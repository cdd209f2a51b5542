"""Track the people of a video.

SOURCE is a video file, a folder of frames, a glob of frames in quotes, the number of a camera or the URL of a stream.
DIR gets NAME.mp4, the video with the tracks drawn, NAME.png, twelve of its frames on a sheet, and NAME.json, the poses
with identities as PoseTrack18 writes them; NAME is the file's or folder's. Where --save-video, --save-json or --show is
given, only what is asked for:
--save-json coco is NAME.coco.json, keypoint results as COCO writes them (of PoseTrack's joints: PoseTrack18's 17).

--save-panels adds pictures of what the tracker did in each frame: NAME_fusion.mp4 with the poses before and after, and
NAME_heatmaps/ and NAME_attention/ with a picture a frame of the three people who were seen first. Heatmaps need a
--config with matching=full, attention one with gnn or full.

Without --config OpenMMLab's public models for COCO's 17 joints detect people and estimate poses; their weights are
downloaded the first time. Poses are matched by OKS, which needs no training.

Ctrl-C ends the video there with whole files; --resume goes on from there with the same identities.

examples:
  python tools/track_video.py dance.mp4
  python tools/track_video.py frames/ --out-dir tracked --save-json posetrack coco
  python tools/track_video.py 0 --show --every 3
  python tools/track_video.py dance.mp4 --config gnn_hrnet-mini_synthtrack --checkpoint iter_300.pth \\
      --detector-checkpoint DET --pose-checkpoint POSE
  python tools/track_video.py dance.mp4 --resume
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import DictAction
from tqdm import tqdm

from mmgnntrack.apis import FrameSource, PoseTrackInferencer
from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.datasets.metainfo import read_links, read_skeleton
from mmgnntrack.engine.launch import writable_folder
from mmgnntrack.models import TrackMemory
from mmgnntrack.posetrack import POSETRACK, PoseFrame, PoseStream, PoseVideo
from mmgnntrack.visualization import PANELS, OverlayVideo, PanelFiles, check_panels

CONFIG = 'oks_rtmdet-tiny_hrnet-w32_coco'
FORMATS = dict(posetrack='{}.json', coco='{}.coco.json')
#: Frames after which what is needed to resume is saved.
SAVE_EVERY = 100
#: What must not change between the parts of a video.
FIXED = ('config', 'cfg_options', 'every', 'max_people', 'smooth', 'save_video', 'save_json', 'save_panels')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('source', metavar='SOURCE', help='what to track')
    parser.add_argument('--config', default=CONFIG, help='config of a VideoPoseTracker, file or name (%(default)s)')
    parser.add_argument('--checkpoint', help='weights of the dynamics head')
    parser.add_argument('--detector-checkpoint', help='(default: what the config names)')
    parser.add_argument('--pose-checkpoint', help='(default: what the config names)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings, as model.tracker.matching=oks')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: what is there)')
    parser.add_argument(
        '--out-dir', metavar='DIR', type=Path, default='outputs/videos', help='output folder (%(default)s)'
    )
    parser.add_argument('--save-video', action='store_true', help='the video with the tracks drawn')
    parser.add_argument('--save-json', nargs='+', choices=FORMATS, metavar='FORMAT', help='posetrack, coco, or both')
    parser.add_argument('--save-panels', nargs='+', choices=PANELS, default=(), metavar='PANEL', help=', '.join(PANELS))
    parser.add_argument('--show', action='store_true', help='in a window; q ends it')
    parser.add_argument('--every', metavar='N', type=int, default=1, help='detect people in every Nth frame alone')
    parser.add_argument('--max-people', metavar='N', type=int, help='no more boxes a frame, the surest ones')
    parser.add_argument('--fps', type=float, default=25.0, help='where SOURCE does not say (%(default)s)')
    parser.add_argument('--smooth', action='store_true', help='take the jitter out of the poses')
    parser.add_argument('--score-thr', type=float, default=0.2, help='joints below are not drawn (%(default)s)')
    parser.add_argument('--metainfo', help='MMPose metainfo file of the joints (default: by their number, 15 or 17)')
    parser.add_argument('--resume', action='store_true', help='go on where a run with the same options was ended')
    args = parser.parse_args()
    for name in ('every', 'max_people'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")}: expected 1 or more, got {value}')
    if not (args.save_video or args.save_json or args.show):
        args.save_video, args.save_json = True, ['posetrack']
    return args


class Outputs:
    """The files of a video: those that are asked for, and, until it is done, what a later run needs to go on.

    Args:
        args: of the command line.
        video: name and skeleton.
        source: what is tracked, its frames per second known.
        memory: of the tracker; goes on where an earlier run was, with `--resume`.

    Raises:
        FileNotFoundError: if there is nothing to go on with.
        ValueError: if it was begun with other options, or the source would be written over.
    """

    def __init__(self, args: argparse.Namespace, video: PoseVideo, source: FrameSource, memory: TrackMemory) -> None:
        self.folder, self.formats, self.memory = args.out_dir, args.save_json or (), memory
        if Path(args.source).resolve() == (self.folder / f'{video.name}.mp4').resolve():
            raise ValueError(f'--out-dir {self.folder}: {args.source} would be written over, expected another folder')
        self.options = {name: str(getattr(args, name)) for name in FIXED}
        self.state_file = self.folder / f'.{video.name}.state.pth'
        frames, drawn = self._restored(video.name) if args.resume else (0, False)
        writable_folder(self.folder)
        self.poses = PoseStream(self.folder / f'.{video.name}.frames.jsonl', video, keep=frames)
        overlay = self.folder / f'{video.name}.mp4'
        self.overlay = OverlayVideo(overlay, source.fps, source.length) if args.save_video else None
        self.panels = PanelFiles(self.folder, video.name, args.save_panels, source.fps)
        if drawn:
            self.panels.resume()
            if self.overlay:
                self.overlay.resume()

    def add(self, result: dict) -> None:
        """Appends a frame, as `PoseTrackInferencer` yields it."""
        (sample,) = result['predictions']
        tracks = sample.pred_track_instances
        fields = ('keypoints', 'keypoint_scores', 'instances_id', 'bboxes')
        self.poses.append(PoseFrame.tracked(sample.img_path, sample.frame_id, *(tracks[field] for field in fields)))
        if self.overlay:
            self.overlay.write(next(iter(result['visualization']), None))
        self.panels.write(result['panels'], sample.frame_id)
        if len(self.poses) % SAVE_EVERY == 0:
            self.save()

    def save(self, drawn: bool = False) -> None:
        """Lets a later run begin after the newest frame, with the videos that were drawn so far if they are whole."""
        self.poses.flush()
        partial = self.state_file.with_suffix('.partial')
        torch.save((self.memory.state(), len(self.poses), drawn, self.options), partial)
        partial.replace(self.state_file)

    def close(self, done: bool) -> None:
        """Writes what is asked for; what is done needs no resuming."""
        if self.overlay:
            self.overlay.close()
        self.panels.close()
        if not done:
            self.save(drawn=True)
        for name in self.formats:
            getattr(self.poses, f'write_{name}')(self.folder / FORMATS[name].format(self.poses.video.name))
        self.poses.close()
        if done:
            self.state_file.unlink(missing_ok=True)
            self.poses.path.unlink()

    def _restored(self, name: str) -> tuple[int, bool]:
        """Frames that are done, after whose last the memory is now, and whether the videos have them."""
        if not self.state_file.is_file():
            raise FileNotFoundError(f'{self.folder}: nothing of {name} to resume: it was not begun there, or is done')
        state, frames, drawn, options = torch.load(self.state_file, weights_only=True)
        for option, value in options.items():
            if value != self.options[option]:
                flag = option.replace('_', '-')
                raise ValueError(f'--resume: {name} was begun with --{flag} {value}, got {self.options[option]}')
        self.memory.restore(state)
        return frames, drawn


def track(args: argparse.Namespace, inferencer: PoseTrackInferencer, source: FrameSource) -> str:
    """Track the video frame by frame and say what was done."""
    check_panels(args.save_panels, inferencer.model.tracker)  # before any file is begun
    joints = len(inferencer.model.tracker.sigmas)
    metainfo = args.metainfo or {15: None, 17: 'coco.py'}.get(joints)
    if metainfo is None and joints != 15:
        raise ValueError(f'the poses have {joints} joints: expected --metainfo to say which')
    video = PoseVideo(source.name, [], skeleton=read_skeleton(metainfo) if metainfo else POSETRACK)
    if len(video.skeleton.joints) != joints:
        raise ValueError(
            f'--metainfo {metainfo}: expected the {joints} joints of the model, got {video.skeleton.joints}'
        )
    source.fps = source.fps or args.fps
    outputs = Outputs(args, video, source, inferencer.model.tracker.memory)
    start, done = len(outputs.poses), False
    results = inferencer(
        source,
        start=start,
        every=args.every,
        max_people=args.max_people,
        smooth=args.smooth,
        panels=args.save_panels,
        return_vis=args.save_video or args.show,
        skeleton=metainfo and read_links(metainfo),
        score_thr=args.score_thr,
    )
    bar = tqdm(total=source.length, initial=start, desc=source.name, unit='frame', disable=None)
    with ended_by_user() as ended, bar:
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
    broken = f', {source.broken} of them could not be decoded' if source.broken else ''
    rest = '' if done else ' so far; --resume goes on from there'
    return f'{args.out_dir}: {len(outputs.poses)} frames{broken}{rest}'


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
    checkpoints = (args.checkpoint, args.detector_checkpoint, args.pose_checkpoint)
    print(track(args, PoseTrackInferencer(args.config, *checkpoints, args.device, args.cfg_options), source))


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
