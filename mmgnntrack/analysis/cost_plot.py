"""What is gained against what it costs."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def plot_against_cost(path: Path, costs: dict[str, float], motas: dict[str, dict[str, list[float]]]) -> None:
    """Draws MOTA against added cost as a PNG: a panel for each data set, a point for the median of each row over the
    seeds, a line for their range.

    Args:
        path: of the PNG.
        costs: added cost of each row, of the pose estimator.
        motas: by data set and row, that of each seed.
    """
    figure = Figure(figsize=(4 * len(motas), 4.5), layout='constrained')
    for number, (name, rows) in enumerate(motas.items(), 1):
        axes = figure.add_subplot(1, len(motas), number, title=name, ylabel='MOTA' if number == 1 else '')
        axes.set_xlabel('added multiplications, of the pose estimator')
        for row, values in rows.items():
            middle = np.median(values)
            spread = [[middle - min(values)], [max(values) - middle]]
            axes.errorbar(costs[row], middle, spread, fmt='o', capsize=3, label=row)
        axes.set_xlim(left=-0.1)
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower left', ncols=2, fontsize=8)
    FigureCanvasAgg(figure).print_png(path)
