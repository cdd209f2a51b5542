"""The page of a report: tables, notes, differences of configs, and the data that its script shows."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmgnntrack.evaluation.functional import COLUMNS, column_means

from .runs import Rules, Run, RunCounts
from .templates import css_palette, render_template
from .timeline import MIN_SHARE, Timeline

#: The figures of the table of joint groups.
_PER_JOINT = ('mAP', 'mAP filtered', 'MOTA')
#: Figures where less is better.
_ERRORS = ('Miss', 'Switch', 'FP')


@dataclass
class Cell:
    """A figure in a table: its value to sort by, its text, and how it differs from the first run's."""

    value: float | None
    text: str
    change: str = ''
    verdict: str = ''

    @classmethod
    def of(cls, name: str, value: float, first: float | None = None) -> 'Cell':
        """The cell of a named figure in percent, NaN where there is none."""
        if np.isnan(value):
            return cls(None, '–')
        cell = cls(float(value), f'{value:.1f}')
        if first is not None and not np.isnan(first):
            change = f'{value - first:+.1f}'.replace('-', '−')
            better = (value < first) == (name in _ERRORS)
            same = change[1:] == '0.0'
            cell.change, cell.verdict = ('±0.0', '') if same else (change, 'better' if better else 'worse')
        return cell


def totals(figures: Mapping[str, np.ndarray], first: Mapping[str, np.ndarray] | None = None) -> list[Cell]:
    """A cell for the total of each figure (16,), compared with the first run's where given."""
    return [Cell.of(name, values[-1], first[name][-1] if first else None) for name, values in figures.items()]


def joint_rows(runs: Sequence[Run], figures: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    """The rows of the table of joint groups: for each figure one for each run."""
    return [
        {
            'figure': name,
            'run': run.name,
            'cells': [Cell.of(name, value) for value in column_means(own[name]).values()],
        }
        for name in _PER_JOINT
        for run, own in zip(runs, figures)
    ]


def sequence_rows(runs: Sequence[Run], counts: Mapping[str, Sequence[RunCounts]]) -> list[dict[str, Any]]:
    """The rows of the table of sequences: for each sequence one for each run."""
    return [
        {'sequence': name, 'run': run.name, 'run_index': index, 'cells': totals(part.figures())}
        for name, parts in counts.items()
        for index, (run, part) in enumerate(zip(runs, parts))
    ]


def notes(runs: Sequence[Run], rules: Sequence[Rules], total: Sequence[RunCounts]) -> list[str]:
    """What one has to know about the figures."""
    lines = []
    filled = max(part.every.filled_heads for part in total)
    if filled:
        lines.append(
            f"These are not the benchmark's official figures: {filled} annotated people have no head box; their head "
            'sizes follow from head_top and neck.'
        )
    others = [run.name for run, own in zip(runs, rules) if not own.official_quirks]
    if others:
        lines.append(f"Counted without the official evaluator's quirks: {', '.join(others)}.")
    if len({(own.joint_score_thr, own.pose_score_thr) for own in rules}) > 1:
        lines.append('The runs have different thresholds: their tracking figures do not quite compare.')
    return lines


def config_differences(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """For each run but the first the lines of a unified diff of the configs; None where one of the two has no config.

    A line is its text and a kind: `add`, `del`, `at` or empty.
    """
    kinds = {'+': 'add', '-': 'del', '@': 'at'}
    first, *others = runs
    differences = []
    for run in others:
        lines = difflib.unified_diff(
            first.config_text.splitlines(), run.config_text.splitlines(), first.name, run.name, lineterm=''
        )
        known = first.config_text and run.config_text
        lines = [(line, kinds.get(line[0], '')) for line in lines] if known else None
        differences.append({'run': run.name, 'lines': lines})
    return differences


def sequence_data(
    name: str, files: Sequence[str], timelines: Sequence[Timeline], moments: Sequence[int], pictures: Sequence[list]
) -> dict[str, Any]:
    """What the page's script shows of a sequence.

    Args:
        name: of the sequence.
        files: (T,) the image names of the timelines' frames.
        timelines: of each run.
        moments: (m,) the columns that have pictures.
        pictures: for each run (m,) data URIs.
    """
    first = timelines[0]
    return {
        'name': name,
        'files': list(files),
        'frames': first.frames.tolist(),
        'people': first.people.tolist(),
        'annotated': first.annotated.tolist(),
        'moments': list(moments),
        'runs': [
            {
                'identities': timeline.identities.tolist(),
                'found': timeline.found.tolist(),
                'extra': timeline.extra.tolist(),
                'events': timeline.events(),
                'mota': [None if np.isnan(value) else float(value) for value in timeline.mota],
                'pictures': own,
            }
            for timeline, own in zip(timelines, pictures)
        ],
    }


def render(
    runs: Sequence[Run],
    rules: Sequence[Rules],
    counts: Mapping[str, Sequence[RunCounts]],
    sequences: Sequence[Mapping[str, Any]],
    annotations: Path,
) -> str:
    """The page.

    Args:
        runs: the first is the one that others are compared with.
        rules: of each run.
        counts: by sequence, of each run.
        sequences: see `sequence_data`.
        annotations: the folder that the runs were compared with.
    """
    total = [RunCounts.total([parts[index] for parts in counts.values()]) for index in range(len(runs))]
    figures = [part.figures() for part in total]
    rows = [
        {'run': run, 'rules': own, 'cells': totals(values, figures[0] if index else None)}
        for index, (run, own, values) in enumerate(zip(runs, rules, figures))
    ]
    return render_template(
        'template.html',
        annotations=annotations,
        summary=rows,
        figures=list(figures[0]),
        groups=COLUMNS,
        min_share=MIN_SHARE,
        joint_rows=joint_rows(runs, figures),
        sequence_rows=sequence_rows(runs, counts),
        notes=notes(runs, rules, total),
        differences=config_differences(runs),
        data={'runs': [run.name for run in runs], 'palette': css_palette(), 'sequences': sequences},
    )
