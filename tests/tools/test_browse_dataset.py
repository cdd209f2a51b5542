from collections.abc import Callable
from pathlib import Path

import cv2


def test_videos_and_contact_sheets(run_tool: Callable, repository: Path, synthtrack: Path, tmp_path: Path) -> None:
    browse = run_tool(repository / 'tools/browse_dataset.py')
    annotations = synthtrack / 'annotations/val'
    status, _, complaint = browse(annotations, '--images', synthtrack, '--out', tmp_path)
    assert not status, complaint
    (name,) = (path.stem for path in annotations.glob('*.json'))
    assert cv2.VideoCapture(str(tmp_path / f'{name}.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == 8
    sheet = cv2.imread(str(tmp_path / f'{name}.png'))
    assert sheet.shape[1] > 1900 and sheet.std() > 20


def test_missing_images(run_tool: Callable, repository: Path, synthtrack: Path, tmp_path: Path) -> None:
    browse = run_tool(repository / 'tools/browse_dataset.py')
    status, _, complaint = browse(synthtrack / 'annotations/val', '--images', tmp_path, '--out', tmp_path / 'out')
    assert status == 1 and 'error: frame not found' in complaint
    assert not list((tmp_path / 'out').glob('[!.]*.mp4'))
