from pathlib import Path

import cv2

from mmgnntrack.analysis.cost_plot import plot_against_cost


def test_a_panel_for_each_set(tmp_path: Path) -> None:
    costs, rows = dict(oks=0.0, full=0.8), dict(oks=[55.2], full=[57.7] * 3)
    for sets in (1, 2):
        file = tmp_path / f'{sets}.png'
        plot_against_cost(file, costs, {f'set {number}': rows for number in range(sets)})
        height, width = cv2.imread(str(file)).shape[:2]
        assert (width, height) == (sets * 400, 450)
