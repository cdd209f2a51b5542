import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / 'tools/analysis_tools'))

from markdown_tables import table_over_seeds  # noqa: E402


def test_table_over_seeds() -> None:
    rows = {'oks': [dict(mAP=50.0, MOTA=50.0)], 'full': [dict(mAP=50.0, MOTA=50.0), dict(mAP=50.0, MOTA=52.0)]}
    assert table_over_seeds('matching', ('mAP', 'MOTA'), rows).splitlines() == [
        '| matching |        mAP |       MOTA |',
        '| -------- | ---------: | ---------: |',
        '| oks      |       50.0 |       50.0 |',
        '| full     | 50.0 ± 0.0 | 51.0 ± 1.4 |',
    ]
