"""Figures per group of joints, in the column order of the papers' tables."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from mmgnntrack.posetrack import POSETRACK17_JOINTS
from mmgnntrack.posetrack.errors import printable

from .evaluate import PoseTrackResult


def _both(joint: str) -> tuple[str, str]:
    return f'right_{joint}', f'left_{joint}'


_GROUPS = MappingProxyType(
    {
        'Head': ('head_top', 'neck', 'nose'),
        'Shou': _both('shoulder'),
        'Elb': _both('elbow'),
        'Wri': _both('wrist'),
        'Hip': _both('hip'),
        'Knee': _both('knee'),
        'Ankl': _both('ankle'),
    }
)

#: The columns of the papers' tables.
COLUMNS = (*_GROUPS, 'Total')

#: Columns of totals, and the attributes of `PoseTrackResult` that they show.
_TOTALS = (
    ('AP', 'ap'),
    ('MOTA', 'mota'),
    ('Miss', 'miss_rate'),
    ('Switch', 'switch_rate'),
    ('FP', 'false_positive_rate'),
    ('MOTP', 'motp'),
    ('Prec', 'precision'),
    ('Rec', 'recall'),
    ('IDF1', 'idf1'),
    ('HOTA', 'hota'),
    ('DetA', 'deta'),
    ('AssA', 'assa'),
    ('FragA', 'fraga'),
    ('LocA', 'loca'),
)

#: Columns of counts.
_COUNTS = (('MT', 'mostly_tracked'), ('ML', 'mostly_lost'), ('Frag', 'fragments'))


def column_means(values: np.ndarray) -> dict[str, float]:
    """The figures of a paper's row: one for each group of joints, and the total.

    Args:
        values: (16,) as in `PoseTrackResult`. A joint with NaN makes its group NaN, as in the official tables.
    """
    means = {
        name: float(np.mean([values[POSETRACK17_JOINTS.index(joint)] for joint in joints]))
        for name, joints in _GROUPS.items()
    }
    return {**means, 'Total': float(values[-1])}


def format_table(
    result: PoseTrackResult, filtered: PoseTrackResult | None = None, thresholds: tuple[float, float] | None = None
) -> str:
    """The papers' tables as text: AP and MOTA per group of joints, then the totals of MOT, IDF1 and HOTA.

    Args:
        result: of all predictions.
        filtered: of the filtered predictions; where given, the tracking figures are these.
        thresholds: of joints and of poses, of the filter.
    """
    rows = {'AP': result.ap}
    if filtered is not None:
        rows['AP filtered'] = filtered.ap
    tracking = result if filtered is None else filtered
    rows['MOTA'] = tracking.mota
    lines = [_line('', COLUMNS)]
    lines += [_line(name, [f'{value:.1f}' for value in column_means(row).values()]) for name, row in rows.items()]
    for totals in (_TOTALS[2:8], _TOTALS[8:]):
        cells = [f'{getattr(tracking, attribute)[-1]:.1f}' for _, attribute in totals]
        lines += ['', _line('', [name for name, _ in totals]), _line('Total', cells)]
    cells = [f'{getattr(tracking, attribute)[-1]:.0f}' for _, attribute in _COUNTS]
    lines += ['', _line('', [name for name, _ in _COUNTS]), _line('Total', cells)]
    if thresholds is not None:
        joints, poses = thresholds
        lines += ['', f'Tracking figures without joints below {joints:g} and poses below {poses:g}.']
    if not tracking.official_quirks:
        lines += ['', "These are not the benchmark's official figures: its quirks are switched off."]
    if tracking.filled_heads:
        lines += [
            '',
            f"These are not the benchmark's official figures: {tracking.filled_heads} people have no head box: "
            'their head sizes follow from head_top and neck.',
        ]
    return '\n'.join(lines)


def format_sequences(results: Mapping[str, PoseTrackResult]) -> str:
    """The totals of each sequence as text, a row each.

    Args:
        results: by the sequence's name.
    """
    results = {printable(sequence): result for sequence, result in results.items()}
    width = max(map(len, results))
    lines = [_line('', [name for name, _ in _TOTALS], width)]
    for sequence, result in results.items():
        cells = [f'{getattr(result, attribute)[-1]:.1f}' for _, attribute in _TOTALS]
        lines.append(_line(sequence, cells, width))
    return '\n'.join(lines)


def _line(name: str, cells: Sequence[str], width: int = 12) -> str:
    return f'{name:<{width}}' + ''.join(f'{cell:>8}' for cell in cells)
