from pathlib import Path

import numpy as np
import pytest
from videos import a_video

from mmgnntrack.analysis.named_tracks import named
from mmgnntrack.datasets import PoseTrackTubeDataset
from mmgnntrack.posetrack import JOINTS, NAMED_JOINTS, PoseTrackFormatError, PoseVideo, write_video


def dataset(root: Path, *videos: PoseVideo, **options: object) -> PoseTrackTubeDataset:
    for video in videos:
        write_video(root / f'{video.name}.json', video)
    return PoseTrackTubeDataset(str(root), data_prefix=dict(img='images'), **options)


def entries(tubes: PoseTrackTubeDataset) -> list[tuple[float, int]]:
    """x of the person and frame of the current pose, of every entry."""
    infos = [tubes.get_data_info(i) for i in range(len(tubes))]
    return sorted((float(info['track_keypoints'][0, 0, 0]), int(info['frames'][info['current']])) for info in infos)


def a_few_people() -> PoseVideo:
    """At x = 10 in all ten frames but 3 to 6, at 20 from frame 8 on, at 30 in frame 2 alone."""
    frames = [{} for _ in range(10)]
    for x, there in ((10, (0, 1, 2, 7, 8, 9)), (20, (8, 9)), (30, (2,))):
        for index in there:
            frames[index][x] = float(x)
    return a_video(*frames)


@pytest.mark.parametrize(
    ('max_gap', 'expected'),
    [
        (4, [(10, 1), (10, 2), (10, 8), (10, 9), (20, 9)]),
        (5, [(10, 1), (10, 2), (10, 7), (10, 8), (10, 9), (20, 9)]),
    ],
)
def test_entries(tmp_path: Path, max_gap: int, expected: list[tuple[float, int]]) -> None:
    assert entries(dataset(tmp_path, a_few_people(), max_gap=max_gap)) == expected


def test_an_entry(tmp_path: Path) -> None:
    tubes = dataset(tmp_path, a_few_people())
    info = tubes.get_data_info(0)
    assert info['frames'].tolist() == [0, 1, 2, 7, 8, 9] and info['current'] == 1
    assert info['track_img_paths'][3] == str(Path('images/v/7.jpg'))
    assert info['track_keypoints'].shape == (6, 15, 2) and info['track_annotated'].shape == (6, 15)
    assert info['track_keypoints'][2, 3].tolist() == [10, 400]


def test_poses_with_few_joints_do_not_count(tmp_path: Path) -> None:
    video = a_video(*4 * [{7: 10.0}])
    video.frames[1].annotated[0, 2:] = False
    video.frames[2].annotated[0, 3:] = False
    tubes = dataset(tmp_path, video)
    info = tubes.get_data_info(0)
    assert info['frames'].tolist() == [0, 2, 3] and entries(tubes) == [(10, 2), (10, 3)]
    assert info['track_annotated'].sum(-1).tolist() == [15, 3, 15]
    assert entries(dataset(tmp_path, video, min_joints=4)) == [(10, 3)]


def test_people_without_an_id_do_not_count(tmp_path: Path) -> None:
    video = a_video(*3 * [{7: 10.0, -1: 20.0}])
    assert entries(dataset(tmp_path, video)) == [(10, 1), (10, 2)]


def test_the_same_id_in_two_videos_is_two_people(tmp_path: Path) -> None:
    tubes = dataset(tmp_path, a_video({0: 10.0}, {0: 11.0}, name='a'), a_video({0: 20.0}, {0: 21.0}, name='b'))
    assert entries(tubes) == [(10, 1), (20, 1)]


def test_some_videos(tmp_path: Path) -> None:
    videos = [a_video({0: x}, {0: x}, name=name) for name, x in (('a', 10.0), ('b', 20.0))]
    assert entries(dataset(tmp_path, *videos, videos=['b'])) == [(20, 1)]


def test_nobody_is_there_twice(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no person is annotated in two frames at most 4 apart'):
        dataset(tmp_path, a_video({0: 1.0}, {1: 2.0}))


def test_named_joints(tmp_path: Path) -> None:
    """Files with all joints that have names; a PoseTrack file has none of the others."""
    video = named(a_few_people())
    write_video(tmp_path / 'named.json', video)
    tubes = PoseTrackTubeDataset(str(tmp_path), joints='named')
    assert len(tubes) == 5 and tubes.tracks[0].keypoints.shape[1:] == (26, 2)
    known = [NAMED_JOINTS.joints.index(joint) for joint in JOINTS]
    assert np.flatnonzero(tubes.tracks[0].annotated.any(0)).tolist() == sorted(known)
    write_video(tmp_path / 'named.json', a_few_people())
    with pytest.raises(PoseTrackFormatError, match='26 joints'):
        PoseTrackTubeDataset(str(tmp_path), joints='named')
    with pytest.raises(ValueError, match="joints must be one of .*, got 'mine'"):
        PoseTrackTubeDataset(str(tmp_path), joints='mine')


def test_real_files(real_data: Path) -> None:
    tubes = PoseTrackTubeDataset(
        'annotations/train', data_root=str(real_data / 'posetrack18'), data_prefix=dict(img='')
    )
    # Two people in frames 23 to 53.
    assert len(tubes.tracks) == 2
    frames = np.concatenate([track.frames for track in tubes.tracks])
    assert frames.min() == 23 and frames.max() == 53
    assert all(Path(path).is_file() for track in tubes.tracks for path in track.img_paths)
