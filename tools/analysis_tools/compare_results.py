"""Prints the figures of several tests as one table, a row each.

Examples:
    python tools/analysis_tools/compare_results.py outputs/quickstart/test/*/metrics.json
    python tools/analysis_tools/compare_results.py a/metrics.json b/metrics.json --out table.md
"""

import argparse
import json
from pathlib import Path

COLUMNS = ('mAP', 'MOTA', 'Miss', 'Switch', 'FP')


def table(files: list[Path]) -> str:
    """A Markdown table; each row is named after the folder of its file."""
    header = f'| {"":8} | ' + ' | '.join(f'{column:>6}' for column in COLUMNS) + ' | boxes from |'
    rule = '|' + '-' * 10 + '|' + '|'.join('-' * 7 + ':' for _ in COLUMNS) + '|------------|'
    rows = []
    for file in files:
        figures = json.loads(file.read_text())
        values = ' | '.join(f'{figures[f"posetrack/{column}"]:6.2f}' for column in COLUMNS)
        rows.append(f'| {file.parent.name:8} | {values} | {figures.get("boxes_from") or "?":10} |')
    return '\n'.join([header, rule, *rows])


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
    text = table(args.files)
    print(text)
    if args.out:
        args.out.write_text(text + '\n')


if __name__ == '__main__':
    main()
