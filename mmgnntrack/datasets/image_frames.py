"""Which frame of which video the images of an MMPose data set are."""

from collections import Counter
from pathlib import PurePath
from typing import Any, NamedTuple

from mmengine.dataset import BaseDataset
from mmengine.fileio import load

from mmgnntrack.posetrack import format_error, frame_numbers
from mmgnntrack.posetrack.errors import AN_ID, is_id


class ImageFrame(NamedTuple):
    """A frame: the name of its video, its number there, from 0, and how many frames the video has."""

    video: str
    number: int
    video_length: int


def image_frames(dataset: BaseDataset) -> dict[int | str, ImageFrame]:
    """The frames of a data set of images, by their `img_id`. A folder of images is a video, named like the folder, or
    by its whole path where several have that name.

    The images are all that the annotation file lists, with people or not; where it lists none (`images`, as in COCO),
    those that have samples. Their `frame_id`s number them, or else the order of the file names.

    Raises:
        PoseTrackFormatError: for images that are none, naming file and entry.
    """
    annotations = load(dataset.ann_file) if dataset.ann_file else {}
    if 'images' in annotations:
        for row, image in enumerate(annotations['images']):
            _check(image, row, dataset.ann_file)
        listed = {image['id']: dict(image, path=image['file_name']) for image in annotations['images']}
    else:
        infos = map(dataset.get_data_info, range(len(dataset)))
        listed = {info['img_id']: dict(path=info['img_path']) for info in infos}
    videos: dict[PurePath, list] = {}
    for image_id, image in listed.items():
        videos.setdefault(PurePath(image['path']).parent, []).append((image_id, image))
    frames = {}
    names = Counter(folder.name for folder in videos)
    for folder, images in sorted(videos.items()):
        numbered = all('frame_id' in image for _, image in images)
        images.sort(key=lambda item: item[1]['frame_id' if numbered else 'path'])
        numbers = frame_numbers([image['frame_id'] for _, image in images]) if numbered else range(len(images))
        name = folder.name if names[folder.name] == 1 else folder.as_posix()
        for (image_id, _), number in zip(images, numbers):
            frames[image_id] = ImageFrame(name, number, numbers[-1] + 1)
    return frames


def _check(image: Any, row: int, path: str) -> None:
    number = image.get('frame_id', 0) if isinstance(image, dict) else None
    known = number is not None and isinstance(image.get('id'), int | str) and isinstance(image.get('file_name'), str)
    if not known:
        raise format_error(path, 'images', 'objects with id and file_name', image, f'of entry {row}')
    if not is_id(number):
        raise format_error(path, 'frame_id', AN_ID, number, f'of entry {row}')
