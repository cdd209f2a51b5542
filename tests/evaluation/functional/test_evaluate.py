import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from videos import a_video, people_at, same_everywhere

from mmgnntrack.evaluation.functional import COLUMNS, column_means, evaluate, filter_predictions, format_table
from mmgnntrack.posetrack import POSETRACK17_JOINTS


def test_counts_add_up_over_videos() -> None:
    gt = [a_video(*[people_at(0)] * 3, name=name) for name in 'ab']
    pred = [a_video(*[people_at(0)] * 2, {}, name='a'), a_video(people_at(0), {7: 0}, {7: 0}, name='b')]
    result = evaluate(gt, pred, official_quirks=False)
    assert same_everywhere(result.num_objects[:15]) == 6
    assert same_everywhere(result.misses[:15]) == same_everywhere(result.switches[:15]) == 1
    assert result.mota[15] == pytest.approx(100 * (1 - 2 / 6))
    assert result.num_objects[15] == 15 * 6


def test_nothing_to_evaluate() -> None:
    with pytest.raises(ValueError, match='at least one annotated video'):
        evaluate([], [a_video(people_at(0))])


def test_a_video_without_people_adds_nothing() -> None:
    gt, pred = a_video(people_at(0), people_at(0)), a_video(people_at(0), people_at(0))
    alone = evaluate([gt], [pred])
    more = evaluate([gt, a_video({}, name='empty')], [pred, a_video(people_at(3), name='empty')])
    assert more.ap[15] == alone.ap[15] == 100 and more.hota[15] == alone.hota[15] == 100


def test_videos_pair_by_name() -> None:
    gt = [a_video(people_at(0), name='a'), a_video(people_at(500), name='b')]
    pred = [a_video(people_at(500), name='b'), a_video(people_at(9), name='c'), a_video(people_at(0), name='a')]
    assert evaluate(gt, pred).ap[15] == 100


def test_frames_without_annotated_people_are_dropped_with_their_predictions() -> None:
    result = evaluate([a_video({}, people_at(0), {})], [a_video(people_at(0), people_at(0), people_at(0))])
    assert result.ap_precision[15] == 100


def test_a_frame_whose_people_are_all_ignored_keeps_its_other_predictions() -> None:
    gt, pred = a_video(people_at(0), people_at(0)), a_video(people_at(0, 600), people_at(0))
    gt.frames[0].ignore_regions = [np.array([[-50.0, 0], [50, 0], [50, 2000], [-50, 2000]])]
    result = evaluate([gt], [pred], official_quirks=False)
    assert same_everywhere(result.num_objects[:15]) == 1
    assert same_everywhere(result.false_positives[:15]) == 1
    assert result.ap_precision[0] == 50


@pytest.mark.parametrize(
    ('pred', 'message'),
    [
        ([a_video(people_at(0), {}, name='w')], r"video v: expected predictions, got those of \['w'\]"),
        (
            [a_video(people_at(0))],
            r"video v, frame 1, field 'frames': expected 2 frames, as many as video v has, got 1",
        ),
        ([a_video(people_at(0), {}), a_video(people_at(0), {})], 'a name of its own'),
    ],
)
def test_bad_predictions(pred: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate([a_video(people_at(0), {})], pred)


def test_annotated_people_have_track_ids() -> None:
    with pytest.raises(
        ValueError, match=r"video v, frame 0 \(v/0.jpg\), field 'track_id': expected a track .*person 0"
    ):
        evaluate([a_video({-1: 0})], [a_video(people_at(0))])


@pytest.mark.parametrize('hota', ['trackeval', 'posetrack21'])
def test_predictions_without_track_ids_count_for_ap_alone(hota: str) -> None:
    gt = [a_video(people_at(0, 600), people_at(0, 600), people_at(0, 600))]
    alone, none = a_video(people_at(0), people_at(0), people_at(0)), a_video({}, {}, {})
    pred = a_video({0: 0, -1: 600}, {0: 0, -1: 600}, {0: 0, -1: 600})
    both, tracked = (evaluate(gt, [video], hota=hota) for video in (pred, alone))
    assert (both.ap[15], tracked.ap[15]) == (100, 50)
    for field in dataclasses.fields(both):
        if not field.name.startswith('ap'):
            np.testing.assert_array_equal(getattr(both, field.name), getattr(tracked, field.name), err_msg=field.name)
    assert evaluate(gt, [filter_predictions(pred, 0, 0)]).ap[15] == 50
    untracked = evaluate(gt, [a_video(*[{-1: 0}] * 3)], hota=hota)
    assert untracked.ap[15] == 50 and untracked.mota[15] == evaluate(gt, [none], hota=hota).mota[15]


def test_repeated_track_ids() -> None:
    pred = a_video(people_at(0, 300))
    pred.frames[0].track_ids[:] = 4
    with pytest.raises(ValueError, match="frame 0 .*, field 'track_id': expected each .*, got 4 twice"):
        evaluate([a_video(people_at(0))], [pred])


def test_columns() -> None:
    values = np.arange(16.0)
    means = column_means(values)
    assert tuple(means) == COLUMNS == ('Head', 'Shou', 'Elb', 'Wri', 'Hip', 'Knee', 'Ankl', 'Total')
    head = np.mean([POSETRACK17_JOINTS.index(name) for name in ('head_top', 'neck', 'nose')])
    assert list(means.values()) == [head, 8.5, 8.5, 8.5, 2.5, 2.5, 2.5, 15]


def test_a_joint_without_figure_leaves_its_group_without() -> None:
    values = np.ones(16)
    values[POSETRACK17_JOINTS.index('nose')] = np.nan
    assert [name for name, value in column_means(values).items() if np.isnan(value)] == ['Head']


def test_table() -> None:
    gt, pred = [a_video(*[people_at(0)] * 4)], [a_video(people_at(0), people_at(0), {7: 0}, people_at(0))]
    lines = format_table(evaluate(gt, pred)).splitlines()
    assert lines[0].split() == list(COLUMNS)
    assert lines[1].split() == ['AP'] + ['100.0'] * 8
    assert lines[2].split() == ['MOTA'] + ['66.7'] * 8
    assert lines[4].split() == ['Miss', 'Switch', 'FP', 'MOTP', 'Prec', 'Rec']
    assert lines[5].split() == ['Total', '0.0', '33.3', '0.0', '100.0', '100.0', '100.0']
    assert lines[7].split() == ['IDF1', 'HOTA', 'DetA', 'AssA', 'FragA', 'LocA']
    assert lines[10].split() == ['MT', 'ML', 'Frag'] and lines[11].split() == ['Total', '15', '0', '0']
    # IDTP 3 of 4 objects and 4 predictions; three frames have an association of 3 / 4, one of 1 / 4; fragments of two
    # and of one frame have (4 + 1) / 4, the other one 1 / 4.
    assert lines[8].split() == ['Total', '75.0', '79.1', '100.0', '62.5', '37.5', '100.0']
    assert len(lines) == 12


def test_the_table_says_when_it_is_not_official() -> None:
    video = [a_video(*[people_at(0)] * 4)]
    assert 'official' not in format_table(evaluate(video, video))
    assert 'not the benchmark' in format_table(evaluate(video, video, official_quirks=False))


def test_needs_neither_torch_nor_openmmlab() -> None:
    code = (
        'import sys, mmgnntrack.evaluation.functional; '
        'sys.exit(any(name.split(".")[0] in ("torch", "mmengine", "mmcv", "mmdet", "mmpose") for name in sys.modules))'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
