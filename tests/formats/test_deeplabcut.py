import builtins
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmgnntrack.formats import read, video_paths
from mmgnntrack.formats.deeplabcut import write_deeplabcut
from mmgnntrack.posetrack import JOINTS, PoseTrackFormatError, PoseVideo, Skeleton

MOUSE = ('snout', 'tail')
SINGLE = """scorer,DLC,DLC,DLC,DLC,DLC,DLC
bodyparts,snout,snout,snout,tail,tail,tail
coords,x,y,likelihood,x,y,likelihood
0,1.5,2.5,0.9,3.0,4.0,0.25
1,,,,5.0,6.0,0.75
2,,,,,,
"""
SEVERAL = """scorer,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC,DLC
individuals,a,a,a,a,a,a,b,b,b,b,b,b,single,single,single
bodyparts,snout,snout,snout,tail,tail,tail,snout,snout,snout,tail,tail,tail,corner,corner,corner
coords,x,y,likelihood,x,y,likelihood,x,y,likelihood,x,y,likelihood,x,y,likelihood
7,1,2,0.5,3,4,0.5,11,12,0.5,nan,nan,nan,99,99,1
9,,,,,,,21,22,0.5,23,24,0.5,99,99,1
"""
LABELLED = """scorer,,,me,me,me,me
bodyparts,,,snout,snout,tail,tail
coords,,,x,y,x,y
labeled-data,mice,img0012.png,1,2,3,4
labeled-data,mice,img0040.png,5,6,,
"""


def a_file(folder: Path, text: str) -> Path:
    (folder / 'mice.csv').write_text(text)
    return folder / 'mice.csv'


def test_one_animal(tmp_path: Path) -> None:
    video = read(a_file(tmp_path, SINGLE))
    assert video.name == 'mice' and video.skeleton.joints == MOUSE
    assert video.skeleton.sigmas == (0.026, 0.066)  # of nose and pelvis, which they are near to
    assert [(frame.frame_id, frame.file_name, len(frame)) for frame in video.frames] == [
        (0, '0', 1),
        (1, '1', 1),
        (2, '2', 0),
    ]
    assert video.frames[0].keypoints.tolist() == [[[1.5, 2.5], [3, 4]]]
    assert video.frames[0].keypoint_scores.tolist() == [[0.9, 0.25]]
    assert video.frames[1].annotated.tolist() == [[False, True]]
    assert video.frames[1].keypoints.tolist() == [[[0, 0], [5, 6]]]
    assert video.frames[1].keypoint_scores.tolist() == [[0, 0.75]]


def test_several_animals(tmp_path: Path) -> None:
    """What is nobody's is left out."""
    video = read(a_file(tmp_path, SEVERAL))
    assert video.skeleton.joints == MOUSE
    assert [frame.frame_id for frame in video.frames] == [7, 9]
    assert video.frames[0].keypoints.tolist() == [[[1, 2], [3, 4]], [[11, 12], [0, 0]]]
    assert video.frames[1].keypoints.tolist() == [[[21, 22], [23, 24]]]
    assert (video.frames[0].track_ids == -1).all()


def test_labelled_images(tmp_path: Path) -> None:
    video = read(a_file(tmp_path, LABELLED))
    assert [(frame.frame_id, frame.file_name) for frame in video.frames] == [
        (12, 'labeled-data/mice/img0012.png'),
        (40, 'labeled-data/mice/img0040.png'),
    ]
    assert video.frames[0].annotated.all() and np.isnan(video.frames[0].keypoint_scores).all()
    assert video.frames[1].annotated.tolist() == [[True, False]]


def test_a_given_skeleton(tmp_path: Path) -> None:
    """It is of the same joints in another order, or names them."""
    backwards = Skeleton(MOUSE[::-1], (0.2, 0.1))
    video = read(a_file(tmp_path, SINGLE), skeleton=backwards)
    assert video.skeleton is backwards and video.frames[0].keypoints.tolist() == [[[3, 4], [1.5, 2.5]]]
    others = Skeleton(('nose', 'left_hip'), (0.2, 0.1))
    video = read(a_file(tmp_path, SINGLE), skeleton=others)
    assert video.skeleton is others and video.frames[0].keypoints.tolist() == [[[1.5, 2.5], [3, 4]]]
    with pytest.raises(PoseTrackFormatError, match='expected the 3 joints of the metainfo, got 2: snout, tail'):
        read(a_file(tmp_path, SINGLE), skeleton=Skeleton(('a', 'b', 'c'), (0.1,) * 3))


def test_posetracks_joints(tmp_path: Path) -> None:
    """They are PoseTrack's in any order and under other names."""
    names = ['neck' if joint == 'head_bottom' else joint for joint in JOINTS[::-1]]
    cells = [(name, coord) for name in names for coord in 'xy']
    rows = [['scorer', *['me'] * 30], ['bodyparts', *(name for name, _ in cells)]]
    rows += [['coords', *(coord for _, coord in cells)], [str(value) for value in range(31)]]
    video = read(a_file(tmp_path, '\n'.join(map(','.join, rows))))
    assert video.skeleton.joints == JOINTS
    assert video.frames[0].keypoints[0, :, 0].tolist() == [1.0 + 2 * (14 - k) for k in range(15)]


BAD = {
    'header': ('1,2,3\n', "field 'header': expected rows 'scorer', 'bodyparts' and 'coords', got 1"),
    'empty': ('', "field 'header': expected rows .*, got \\[\\]"),
    'number': (SINGLE.replace('5.0', 'far'), "frame 1, field 'coords': expected a number, got 'far'"),
    'width': (SINGLE + '3,1,2\n', "frame 3, field 'row': expected 7 values, got 3"),
    'twice': (SINGLE + '2,1,2,1,3,4,1\n', "field 'row': expected a number of its own for each frame, got 2 twice"),
    'name': (SINGLE + 'x,1,2,1,3,4,1\n', "field 'row': expected a frame's number, got x"),
    'long name': (SINGLE + f'{"9" * 400},1,2,1,3,4,1\n', "field 'row': expected a frame's number, got 9999"),
    'levels': (SINGLE.replace('DLC,', '', 1), "frame scorer, field 'row': expected 7 values, got 6"),
    'column': (SINGLE.replace(',tail', ',snout'), "field 'header': expected each column once, got snout x twice"),
    'infinity': (SINGLE.replace('5.0', 'inf'), "frame 1, field 'joints': expected .* of at most 1e\\+09, got inf"),
    'large': (SINGLE.replace('0.75', '1e308'), r"frame 1, field 'joints': expected .*, got 1e\+308"),
    'long cell': (SINGLE + f'"{"x" * 200_000}",1\n', "field 'file': expected a table in UTF-8, got field larger than"),
    'y': (SINGLE.replace('coords,x,y', 'coords,x,z'), "field 'coords': expected x and y of each body part"),
    'parts': (
        SEVERAL.replace('single', 'c'),
        "field 'bodyparts': expected the same of each individual, snout, tail, got corner of c",
    ),
}


@pytest.mark.parametrize(('text', 'message'), BAD.values(), ids=BAD)
def test_bad_input(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PoseTrackFormatError, match=f'^{tmp_path}/mice.csv, {message}'):
        read(a_file(tmp_path, text))


def test_write_and_read(tmp_path: Path, tracked: Callable[..., PoseVideo], same_poses: Callable) -> None:
    video = tracked(Skeleton(('snout', 'tail', 'wing', 'fin'), (0.1,) * 4))
    write_deeplabcut(tmp_path / 'dance.csv', video)
    assert (tmp_path / 'dance.csv').read_text().splitlines() == [
        'scorer' + ',mmgnntrack' * 24,
        'individuals' + ',track2' * 12 + ',track5' * 12,
        'bodyparts' + ',snout,snout,snout,tail,tail,tail,wing,wing,wing,fin,fin,fin' * 2,
        'coords' + ',x,y,likelihood' * 8,
        '0,200.0,50.0,0.005,201.0,52.0,0.01,202.0,54.0,0.015,203.0,56.0,0.02'
        ',500.0,50.0,0.005,501.0,52.0,0.01,502.0,54.0,0.015,503.0,56.0,0.02',
        '1' + ',' * 24,
        '3,203.0,50.0,0.005,,,,205.0,54.0,0.015' + ',' * 15,
    ]
    same_poses(read(tmp_path / 'dance.csv'), video)


def test_identities_are_needed(tmp_path: Path, tracked: Callable[..., PoseVideo]) -> None:
    video = tracked()
    video.frames[0].track_ids[0] = -1
    with pytest.raises(ValueError, match='video dance: expected identities of all poses'):
        write_deeplabcut(tmp_path / 'dance.csv', video)


def test_hdf(tmp_path: Path) -> None:
    pytest.importorskip('tables')
    import pandas

    read_csv = dict(index_col=0, float_precision='round_trip')
    for text, levels in ((SINGLE, 3), (SEVERAL, 4)):
        path = a_file(tmp_path, text)
        table = pandas.read_csv(path, header=[*range(levels)], **read_csv)
        table.to_hdf(tmp_path / 'mice.h5', key='df_with_missing', format='table', mode='w')
        found, expected = read(tmp_path / 'mice.h5'), read(path)
        assert found.skeleton == expected.skeleton and len(found) == len(expected)
        for one, other in zip(found.frames, expected.frames):
            assert one.frame_id == other.frame_id
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            np.testing.assert_array_equal(one.keypoint_scores, other.keypoint_scores)
    (tmp_path / 'bad.h5').write_text('no HDF')
    with pytest.raises(PoseTrackFormatError, match="bad.h5, field 'file': expected HDF that pandas wrote, got"):
        read(tmp_path / 'bad.h5')
    pandas.DataFrame({'a': [1.0]}).to_hdf(tmp_path / 'bad.h5', key='x', mode='w')
    with pytest.raises(PoseTrackFormatError, match="bad.h5, field 'columns': expected levels 'scorer', .*, got"):
        read(tmp_path / 'bad.h5')


def test_hdf_needs_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: object, **keywords: object) -> object:
        if name == 'tables':
            raise ModuleNotFoundError("No module named 'tables'", name='tables')
        return imported(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, '__import__', without)
    (tmp_path / 'mice.h5').write_bytes(b'')
    with pytest.raises(ValueError, match=r'mice\.h5: reading HDF needs tables: pip install tables$'):
        read(tmp_path / 'mice.h5')


def test_a_table_that_a_spreadsheet_saved(tmp_path: Path) -> None:
    """Begins with a mark of UTF-8; one in another encoding is refused with its name."""
    text = 'scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.5,2.5,0.9\n'
    (tmp_path / 'a.csv').write_text(text, encoding='utf-8-sig')
    (frame,) = read(tmp_path / 'a.csv').frames
    assert frame.keypoints.tolist() == [[[1.5, 2.5]]]
    (tmp_path / 'b.csv').write_bytes(text.replace('nose', 'n\xe4se').encode('latin-1'))
    with pytest.raises(PoseTrackFormatError, match='b.csv.*a table in UTF-8'):
        read(tmp_path / 'b.csv')


def test_a_folder_with_both_files_of_a_video(tmp_path: Path) -> None:
    for name in ('a.csv', 'a.h5', 'b.h5'):
        (tmp_path / name).touch()
    assert [path.name for path in video_paths(tmp_path)] == ['a.csv', 'b.h5']
