"""Tables that are read in a terminal and in Markdown."""

from collections.abc import Collection, Sequence

import numpy as np


def table(header: Sequence[str], rows: Sequence[Sequence[str]], texts: Collection[int] = (0,)) -> str:
    """A Markdown table whose columns are aligned: those of texts to the left, the others to the right."""
    cells = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ['-' * width if i in texts else '-' * (width - 1) + ':' for i, width in enumerate(widths)])
    aligned = [
        [cell.ljust(width) if i in texts else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        for row in cells
    ]
    return '\n'.join(f'| {" | ".join(row)} |' for row in aligned)


def table_over_seeds(title: str, columns: Sequence[str], rows: dict[str, list[dict[str, float]]]) -> str:
    """A table with a line for each row: the mean of its figures over the seeds and, where there are several, their
    standard deviation."""

    def cell(values: list[float]) -> str:
        spread = f' ± {np.std(values, ddof=1):.1f}' if len(values) > 1 else ''
        return f'{np.mean(values):.1f}{spread}'

    lines = [[name, *(cell([seed[column] for seed in seeds]) for column in columns)] for name, seeds in rows.items()]
    return table([title, *columns], lines)
