import os
from pathlib import Path

import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.evaluation.files import count_files, pair_files
from mmgnntrack.evaluation.functional import EvaluationCounts, evaluate, figures
from mmgnntrack.posetrack import PoseTrackFormatError, read_folder, read_video, write_video

GOLDEN = Path(__file__).parents[1] / 'data/poseval/plain'


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for folder, names in (('gt', 'ba'), ('pred', 'cab')):
        (tmp_path / folder).mkdir()
        for name in names:
            write_video(tmp_path / folder / f'{name}.json', a_video(people_at(100), name=name))
    return tmp_path / 'gt', tmp_path / 'pred'


def test_files_pair_by_name(folders: tuple[Path, Path]) -> None:
    gt, pred = folders
    pairs, unused = pair_files(gt, pred)
    assert [(pair.name, pair.gt, pair.pred) for pair in pairs] == [
        (Path(name).stem, gt / name, pred / name) for name in ('a.json', 'b.json')
    ]
    listed, _ = pair_files(gt, pred, official_order=True)
    assert [pair.gt.name for pair in listed] == os.listdir(gt)
    assert unused == [pred / 'c.json']
    assert pair_files(gt / 'b.json', pred)[0] == [pair for pair in pairs if pair.name == 'b']


def test_two_files_pair_whatever_their_names(folders: tuple[Path, Path]) -> None:
    gt, pred = folders
    (pair,), unused = pair_files(gt / 'a.json', pred / 'c.json')
    assert (pair.name, pair.pred, unused) == ('a', pred / 'c.json', [])


def test_all_missing_files_are_named(folders: tuple[Path, Path]) -> None:
    gt, pred = folders
    with pytest.raises(PoseTrackFormatError, match="field 'file': .* got none for c.json"):
        pair_files(pred, gt)
    (gt / 'a.json').unlink()
    with pytest.raises(PoseTrackFormatError, match='got none for a.json, c.json'):
        pair_files(pred, gt)


def test_names_that_steer_a_terminal_are_shown(folders: tuple[Path, Path]) -> None:
    gt, pred = folders
    (gt / 'd\x1b[2J.json').write_text((gt / 'a.json').read_text())
    with pytest.raises(PoseTrackFormatError, match=r'got none for d\\x1b\[2J.json$'):
        pair_files(gt, pred)
    video = a_video(people_at(100), name='a')
    video.frames[0].file_name = 'v/\n0.jpg'
    video.frames[0].keypoint_scores[:] = np.nan
    write_video(gt / 'a.json', video)
    write_video(pred / 'a.json', video)
    (counts,) = count_files(pair_files(gt / 'a.json', pred / 'a.json')[0])
    assert counts.notes['scores'].endswith(r"frame 0 (v/\n0.jpg), field 'scores': poses without scores rank last")


@pytest.mark.parametrize('jobs', [1, 2])
def test_counts_of_files_add_up_to_the_figures_of_all(jobs: int) -> None:
    pairs, _ = pair_files(GOLDEN / 'gt', GOLDEN / 'pred')
    sequences = list(count_files(pairs, jobs=jobs))
    assert [sequence.name for sequence in sequences] == [pair.name for pair in pairs]
    found = vars(figures(EvaluationCounts.total([sequence.counts for sequence in sequences])))
    gt = [read_video(pair.gt) for pair in pairs]
    for name, values in vars(evaluate(gt, read_folder(GOLDEN / 'pred'))).items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize('jobs', [1, 2])
def test_the_first_bad_sequence_is_named(folders: tuple[Path, Path], jobs: int) -> None:
    gt, pred = folders
    for name in 'ab':
        write_video(pred / f'{name}.json', a_video(people_at(100), {}, name=name))
    pairs, _ = pair_files(gt, pred)
    with pytest.raises(PoseTrackFormatError, match=f"{pairs[0].pred}, frame 1, field 'frames'"):
        list(count_files(pairs, jobs=jobs))
