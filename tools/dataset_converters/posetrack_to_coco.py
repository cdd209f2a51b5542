"""Check a PoseTrack data set and write the COCO-style files with which MMDet and MMPose train a person detector and a
pose estimator.

DATA is PoseTrack17, 18 or 21 as downloaded: the folder that holds `images`, and annotations as JSON in
`annotations/SPLIT`, `posetrack_data/annotations/SPLIT` or `posetrack_data/SPLIT`. Prints what each split holds, then
writes posetrack17_SPLIT.json (or 18, or 21) into `annotations`, where the configs look for it. Nothing is written
where a file is broken or an image missing.

With --images, DATA is any folder of PoseTrack files (or one file) and --out the file to write.

examples:
  python tools/dataset_converters/posetrack_to_coco.py data/posetrack18
  python tools/dataset_converters/posetrack_to_coco.py data/posetrack17 --splits val --allow-missing
  python tools/dataset_converters/posetrack_to_coco.py data/mine/labels --images data/mine --out data/mine/train.json
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmgnntrack.command_line import one_line_errors
from mmgnntrack.files import write_text
from mmgnntrack.functional import pose_bboxes
from mmgnntrack.posetrack import (
    JOINTS,
    POSETRACK,
    PoseFrame,
    check_frames,
    posetrack_files,
    read_video,
)

#: Where the releases keep the annotations of a split.
LAYOUTS = ('annotations/{}', 'posetrack_data/annotations/{}', 'posetrack_data/{}')
#: Sequences of the full releases, as papers count them; for PoseTrack21 we have no count.
SEQUENCES = dict(
    posetrack17=dict(train=250, val=50, test=214),
    posetrack18=dict(train=593, val=170, test=375),
)
#: What the written files begin with, by which they are known from others of the same name.
INFO = dict(description='PoseTrack for MMDet and MMPose, written by mmgnntrack')


@dataclass
class Split:
    """What the annotations of a split hold, and its labelled frames in COCO's form.

    Attributes:
        source: the annotations, a folder or a file.
        image_root: what image names are relative to.
        out: the file to write.
        release: posetrack17, posetrack18 or posetrack21; empty where it does not matter.
    """

    name: str
    source: Path
    image_root: Path
    out: Path
    release: str = ''
    sequences: int = 0
    frames: int = 0
    labelled: int = 0
    people: int = 0
    tracks: int = 0
    missing: list[Path] = field(default_factory=list)
    images: list[dict] = field(default_factory=list)
    annotations: list[dict] = field(default_factory=list)

    def read(self) -> None:
        """Check and take in all sequences.

        Raises:
            PoseTrackFormatError: for a bad file.
            OSError: for a bad image.
        """
        for file in tqdm(posetrack_files(self.source), desc=self.name, unit='sequence', disable=None):
            video = read_video(file)
            check_frames(video)
            self.sequences += 1
            self.frames += len(video)
            self.tracks += len(set().union(*map(self._add, video.frames)))

    def _add(self, frame: PoseFrame) -> set[int]:
        """Take in a frame; gives the tracks of its people."""
        path = self.image_root / frame.file_name
        found = path.is_file()
        if not found:
            self.missing.append(path)
        if not frame.is_labeled:
            return set()
        people = people_of(frame)
        self.labelled += 1
        self.people += len(people)
        if found:
            with Image.open(path) as image:
                width, height = image.size
            self.images.append(dict(id=frame.frame_id, file_name=frame.file_name, width=width, height=height))
            for annotation in people + ignored(frame):
                self.annotations.append(dict(annotation, id=len(self.annotations), image_id=len(self.images) - 1))
        return {person['track_id'] for person in people} - {-1}

    def document(self) -> dict:
        """The COCO-style document.

        An image has its frame's id, by which a detector's boxes can be found again (see `read_bbox_file`), or its index
        where videos have the same ids.
        """
        ids = [image['id'] for image in self.images]
        if len(set(ids)) < len(ids):
            ids = range(len(ids))
        images = [dict(image, id=ids[i]) for i, image in enumerate(self.images)]
        annotations = [dict(annotation, image_id=ids[annotation['image_id']]) for annotation in self.annotations]
        index = {joint: i + 1 for i, joint in enumerate(JOINTS)}
        skeleton = [[index[a], index[b]] for a, b in POSETRACK.links]
        category = dict(id=1, name='person', supercategory='person', keypoints=list(JOINTS), skeleton=skeleton)
        return dict(info=INFO, images=images, annotations=annotations, categories=[category])


def people_of(frame: PoseFrame) -> list[dict]:
    """The annotations of a frame's people; those with neither a joint nor a box are left out."""
    boxed = (frame.bboxes[:, 2:] - frame.bboxes[:, :2] >= 1).all(-1)
    around = pose_bboxes(frame.keypoints, frame.annotated)
    bboxes = np.where(boxed[:, None], frame.bboxes, around)
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
        if boxed[i] or frame.annotated[i].any()
    ]


def ignored(frame: PoseFrame) -> list[dict]:
    """The boxes of the ignore regions, as crowds: the detector is not punished for people there."""
    extents = [(*polygon.min(0), *np.ptp(polygon, axis=0)) for polygon in frame.ignore_regions]
    return [
        dict(category_id=1, iscrowd=1, track_id=-1, bbox=[float(v) for v in extent], area=float(extent[2] * extent[3]),
             num_keypoints=0, keypoints=[0.0] * 3 * len(JOINTS))
        for extent in extents
    ]  # fmt: skip


def find_annotations(root: Path, split: str) -> Path:
    """The folder of a split's annotations."""
    folders = [root / layout.format(split) for layout in LAYOUTS]
    for folder in folders:
        if any(folder.glob('*.json')):
            return folder
        if any(folder.glob('*.mat')):
            tool = 'matlab/mat2json.m of https://github.com/leonid-pishchulin/poseval'
            raise ValueError(f'{folder} holds MATLAB files, not JSON; {tool} converts them')
    raise ValueError(f'no annotations of split {split}: no *.json in {", ".join(map(str, folders))}')


def release_of(annotations: Path) -> str:
    """Which PoseTrack a split's annotations are of."""
    if annotations.parent.name == 'posetrack_data':
        return 'posetrack21'
    return 'posetrack17' if b'"annolist"' in posetrack_files(annotations)[0].read_bytes() else 'posetrack18'


def splits_of(args: argparse.Namespace) -> list[Split]:
    """The splits that the command line asks for, not read yet."""
    if args.images:
        return [Split(args.out.stem, args.data, args.images, args.out)]
    root = next((f for f in (args.data, args.data / 'posetrack_data') if (f / 'images').is_dir()), args.data)
    splits = []
    for name in args.splits:
        source = find_annotations(args.data, name)
        release = release_of(source)
        out = (args.out or root / 'annotations') / f'{release}_{name}.json'
        if out.exists() and not out.read_bytes().startswith(json.dumps(dict(info=INFO)).encode()[:-1]):
            raise ValueError(
                f'{out} exists and is not from this tool: move it away, or choose another folder with --out'
            )
        if source != root / 'annotations' / name:
            warn(f'the tracker reads {root / "annotations" / name}: link it to {source}')
        splits.append(Split(name, source, root, out, release))
    return splits


def check(split: Split, allow_missing: bool) -> None:
    """Warn of a split that is not as large as its release, refuse one without its images."""
    expected = SEQUENCES.get(split.release, {}).get(split.name, split.sequences)
    if split.sequences != expected:
        old = (split.release, split.name, split.sequences) == ('posetrack18', 'val', 74)
        reason = 'labels v0.2, whose figures do not compare with those of v0.45' if old else 'a part, or other labels'
        warn(f'{split.name}: {split.sequences} sequences, {split.release} has {expected}: {reason}')
    if split.missing:
        text = f'{split.name}: {len(split.missing)} of {split.frames} images are missing'
        if not allow_missing:
            some = ', '.join(map(str, split.missing[:3]))
            raise ValueError(f'{text}, such as {some} (--allow-missing leaves such frames out)')
        warn(f'{text}, their frames are left out')


def warn(text: str) -> None:
    """Print a warning."""
    print(f'warning: {text}', file=sys.stderr)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', metavar='DATA', type=Path, help='the data set as downloaded; with --images annotations')
    splits = ['train', 'val', 'test']
    parser.add_argument('--splits', nargs='+', default=splits[:2], choices=splits, help='default: train val')
    parser.add_argument('--images', type=Path, metavar='DIR', help='what image names in DATA are relative to')
    parser.add_argument(
        '--out', type=Path, help='folder to write to (default: its annotations); with --images the file'
    )
    parser.add_argument('--allow-missing', action='store_true', help='leave out frames whose image is missing')
    args = parser.parse_args()
    if args.images and not args.out:
        parser.error('--images needs --out, the file to write')
    return args


def run(args: argparse.Namespace) -> None:
    """Read, report, check and write."""
    splits = splits_of(args)
    for split in splits:
        split.read()
    titles = ('split', 'sequences', 'frames', 'labelled', 'people', 'tracks', 'missing')
    rows = [(s.name, s.sequences, s.frames, s.labelled, s.people, s.tracks, len(s.missing)) for s in splits]
    for row in (titles, *rows):
        print('  '.join(f'{value:>10}' for value in row))
    for split in splits:
        check(split, args.allow_missing)
    for split in splits:
        if not split.annotations:
            if not split.release:
                raise ValueError(f'{split.source}: no labelled frames with images, nothing to write')
            print(f'{split.name}: no labelled frames with images, nothing written')
            continue
        split.out.parent.mkdir(parents=True, exist_ok=True)
        write_text(split.out, json.dumps(split.document()))
        print(f'{split.out}: {len(split.images)} images, {len(split.annotations)} annotations')


def main() -> None:
    """Run, or say in one line why not."""
    with one_line_errors():
        run(parse_args())


if __name__ == '__main__':
    main()
