"""Files of the procedural data set."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.posetrack.joints import POSETRACK18_KEYPOINTS
from mmgnntrack.synthetic import SynthTrackConfig, make_dataset, videos

TINY = SynthTrackConfig(
    seed=3, train_videos=2, val_videos=1, frames=4, people=(3, 4), crowd_share=1.0, partly_labelled_share=0.0
)


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('synthtrack')
    list(make_dataset(folder, TINY))
    return folder


def _files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob('*')) if p.is_file()}


def _annotations(root: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(root.glob('annotations/*/*.json'))]


def test_any_number_of_jobs_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    done = list(make_dataset(tmp_path, TINY, jobs=2))
    assert sorted(v.name for v in done) == sorted(v.name for v in videos(TINY))
    assert _files(tmp_path) == _files(root)


def test_seeds_splits_and_videos_differ(root: Path, tmp_path: Path) -> None:
    list(make_dataset(tmp_path, replace(TINY, seed=4, train_videos=1, val_videos=0)))
    boxes = {str(a['bbox']) for d in _annotations(root) + _annotations(tmp_path) for a in d['annotations']}
    assert len(boxes) == sum(len(d['annotations']) for d in _annotations(root) + _annotations(tmp_path))


def test_layout(root: Path) -> None:
    names = {'train': ['000001_synth', '000002_synth'], 'val': ['500001_synth']}
    for split, expected in names.items():
        assert sorted(p.stem for p in (root / 'annotations' / split).iterdir()) == expected
        assert sorted(p.name for p in (root / 'images' / split).iterdir()) == expected


def test_fields_are_posetrack18s(root: Path) -> None:
    for data in _annotations(root):
        assert list(data) == ['images', 'annotations', 'categories']
        assert tuple(data['categories'][0]['keypoints']) == POSETRACK18_KEYPOINTS
        for image in data['images']:
            assert image['nframes'] == len(data['images']) == TINY.frames
            assert cv2.imread(str(root / image['file_name'])).shape == (image['height'], image['width'], 3)
            assert image['is_labeled'] is True
            for xs, ys in zip(image['ignore_regions_x'], image['ignore_regions_y'], strict=True):
                assert len(xs) == len(ys) >= 3
        for annotation in data['annotations']:
            assert annotation['category_id'] == 1 and annotation['scores'] == []
            assert len(annotation['keypoints']) == 51 and len(annotation['bbox']) == 4


def test_ids_are_unique_and_link(root: Path) -> None:
    images = [i for d in _annotations(root) for i in d['images']]
    annotations = [a for d in _annotations(root) for a in d['annotations']]
    assert len({i['id'] for i in images}) == len(images)
    assert len({a['id'] for a in annotations}) == len(annotations)
    assert {a['image_id'] for a in annotations} <= {i['id'] for i in images}
    assert len({(a['image_id'], a['track_id']) for a in annotations}) == len(annotations)


def test_tracks_move_smoothly(root: Path) -> None:
    for data in _annotations(root):
        order = {image['id']: i for i, image in enumerate(data['images'])}
        last: dict[int, tuple[int, np.ndarray]] = {}
        for annotation in data['annotations']:
            keypoints = np.array(annotation['keypoints']).reshape(17, 3)
            frame, track = order[annotation['image_id']], annotation['track_id']
            if track in last and last[track][0] == frame - 1:
                both = keypoints[:, :2].any(axis=1) & last[track][1][:, :2].any(axis=1)
                assert np.abs(keypoints - last[track][1])[both, :2].max() < 60
            last[track] = frame, keypoints


def test_an_interrupted_run_continues(root: Path, tmp_path: Path) -> None:
    run = make_dataset(tmp_path, TINY)
    first = next(run)
    run.close()
    stamp = (tmp_path / first.annotation).stat().st_mtime_ns
    list(make_dataset(tmp_path, TINY))
    assert (tmp_path / first.annotation).stat().st_mtime_ns == stamp
    assert _files(tmp_path) == _files(root)


def test_a_missing_image_is_made_again(root: Path, tmp_path: Path) -> None:
    config = replace(TINY, train_videos=1, val_videos=0)
    (video,) = make_dataset(tmp_path, config)
    (tmp_path / video.image(2)).unlink()
    list(make_dataset(tmp_path, config))
    assert (tmp_path / video.image(2)).read_bytes() == (root / video.image(2)).read_bytes()


def test_more_videos_can_be_added_but_other_settings_cannot(root: Path) -> None:
    with pytest.raises(ValueError, match=r'other settings \(seed 3 there, 5 asked for\).*start over'):
        list(make_dataset(root, replace(TINY, seed=5)))
    assert len(list(make_dataset(root, replace(TINY, train_videos=1)))) == 2


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'annotations').mkdir()
    with pytest.raises(ValueError, match='holds another data set'):
        list(make_dataset(tmp_path, TINY))


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=f'cannot write to the output folder {tmp_path / "file" / "out"}'):
        list(make_dataset(tmp_path / 'file' / 'out', TINY))


def test_jobs_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='jobs must be at least 1, got 0'):
        list(make_dataset(tmp_path, TINY, jobs=0))
