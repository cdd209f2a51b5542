"""Draw the annotated (or tracked) poses of videos: DIR gets an mp4 and a contact sheet of each.

FILES are PoseTrack files, or folders of them, annotations or results.

examples:
  python tools/browse_dataset.py data/synthtrack/annotations/val/500001_synth.json --images data/synthtrack --out shown
  python tools/browse_dataset.py data/posetrack18/annotations/val --images data/posetrack18 --out shown
"""

import argparse
from pathlib import Path

import numpy as np
from mmengine.structures import InstanceData
from tqdm import tqdm

from mmgnntrack.command_line import one_line_errors, tool_parser
from mmgnntrack.functional import pose_bboxes
from mmgnntrack.images import read_frame
from mmgnntrack.posetrack import PoseVideo, posetrack_files, read_video
from mmgnntrack.visualization import OverlayVideo, draw_tracks


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('files', metavar='FILES', type=Path, nargs='+', help='PoseTrack files, or folders of them')
    parser.add_argument('--images', metavar='DIR', type=Path, required=True, help="what the images' names begin at")
    parser.add_argument('--out', metavar='DIR', type=Path, required=True, help='output folder')
    parser.add_argument('--fps', type=float, default=25.0, help='default: %(default)s')
    return parser.parse_args()


def draw(video: PoseVideo, images: Path, out: Path, fps: float) -> None:
    """Write `NAME.mp4` and `NAME.png` of a video."""
    overlay = OverlayVideo(out / f'{video.name}.mp4', fps, num_frames=len(video.frames))
    for frame in tqdm(video.frames, desc=video.name, unit='frame', disable=None):
        poses = InstanceData(
            keypoints=frame.keypoints,
            keypoint_scores=frame.annotated.astype(float),
            bboxes=pose_bboxes(frame.keypoints, frame.annotated),
            instances_id=frame.track_ids,
            predicted=np.zeros(len(frame.keypoints), bool),
        )
        overlay.write(draw_tracks(read_frame(images / frame.file_name), poses))
    overlay.close()


def main() -> None:
    """Draw, or say in one line why not."""
    with one_line_errors():
        args = parse_args()
        for path in args.files:
            for file in posetrack_files(path) if path.is_dir() else [path]:
                draw(read_video(file), args.images, args.out, args.fps)
        print(args.out)


if __name__ == '__main__':
    main()
