"""Figures per group of joints, in the column order of the papers' tables."""

from types import MappingProxyType

import numpy as np

from mmgnntrack.posetrack import POSETRACK17_JOINTS

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

#: HOTA and its parts; in lower case attributes of `PoseTrackResult`.
HOTA = ('HOTA', 'DetA', 'AssA', 'LocA')


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


def format_table(result: PoseTrackResult, filtered: PoseTrackResult | None = None) -> str:
    """The papers' tables as text: AP and MOTA per group of joints, then the totals of MOT, IDF1 and HOTA.

    Args:
        result: of all predictions.
        filtered: of the filtered predictions; where given, the tracking figures are these.
    """
    rows = {'AP': result.ap}
    if filtered is not None:
        rows['AP filtered'] = filtered.ap
    tracking = result if filtered is None else filtered
    rows['MOTA'] = tracking.mota
    lines = [_line('', COLUMNS)]
    lines += [_line(name, [f'{value:.1f}' for value in column_means(row).values()]) for name, row in rows.items()]
    clear_mot = {
        'Miss': tracking.miss_rate,
        'Switch': tracking.switch_rate,
        'FP': tracking.false_positive_rate,
        'MOTP': tracking.motp,
        'Prec': tracking.precision,
        'Rec': tracking.recall,
    }
    identity = {'IDF1': tracking.idf1} | {name: getattr(tracking, name.lower()) for name in HOTA}
    for totals in (clear_mot, identity):
        lines += ['', _line('', totals), _line('Total', [f'{row[-1]:.1f}' for row in totals.values()])]
    if not tracking.official_quirks:
        lines += ['', "These are not the benchmark's official figures: its quirks are switched off."]
    return '\n'.join(lines)


def _line(name: str, cells: 'list[str] | tuple[str, ...] | dict[str, np.ndarray]') -> str:
    return f'{name:<12}' + ''.join(f'{cell:>8}' for cell in cells)
