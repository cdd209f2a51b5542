"""Prints the figures of several tests as one table, a row each.

Examples:
    python tools/analysis_tools/compare_results.py outputs/quickstart/test/*/metrics.json
    python tools/analysis_tools/compare_results.py a/metrics.json b/metrics.json --out table.md
"""

import argparse
import json
from pathlib import Path

from mmgnntrack.analysis.tables import table

COLUMNS = ('mAP', 'MOTA', 'Miss', 'Switch', 'FP')


def results_table(files: list[Path]) -> str:
    """A Markdown table; each row is named after the folder of its file."""
    header, rows = ['', *COLUMNS, 'boxes from'], []
    for file in files:
        figures = json.loads(file.read_text())
        values = [f'{figures[f"posetrack/{column}"]:.2f}' for column in COLUMNS]
        rows.append([file.parent.name, *values, figures.get('boxes_from') or '?'])
    return table(header, rows, texts=(0, len(header) - 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'files', nargs='+', type=Path, help='metrics.json files, as tools/test.py --out-dir writes them'
    )
    parser.add_argument('--out', type=Path, help='also write the table here')
    args = parser.parse_args()
    for file in args.files:
        if not file.is_file():
            parser.error(f'not found: {file}')
    text = results_table(args.files)
    print(text)
    if args.out:
        args.out.write_text(text + '\n')


if __name__ == '__main__':
    main()
