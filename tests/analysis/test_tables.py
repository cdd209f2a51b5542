from mmgnntrack.analysis.tables import table_over_seeds


def test_table_over_seeds() -> None:
    rows = {'oks': [dict(mAP=50.0, MOTA=50.0)], 'full': [dict(mAP=50.0, MOTA=50.0), dict(mAP=50.0, MOTA=52.0)]}
    assert table_over_seeds('matching', ('mAP', 'MOTA'), rows).splitlines() == [
        '| matching |        mAP |       MOTA |',
        '| -------- | ---------: | ---------: |',
        '| oks      |       50.0 |       50.0 |',
        '| full     | 50.0 ± 0.0 | 51.0 ± 1.4 |',
    ]
