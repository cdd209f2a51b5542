"""Commands that are killed at random moments, begun again, and end as if nothing had happened. Tracking of videos has
such a test of its own (tools/test_track_video.py), training as well (tools/test_train.py)."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from videos import a_video

from mmgnntrack.posetrack import write_video

ROOT = Path(__file__).parents[1]
KILLS = 8


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Six sequences of 40 frames of four people who walk."""
    folder = tmp_path / 'truth'
    folder.mkdir()
    for index in range(6):
        people = [{person: 200 * person + (index + 1) * t for person in range(4)} for t in range(40)]
        video = a_video(*people, name=f'{index:06}_walk')
        for frame in video.frames:
            frame.keypoints += np.stack([40.0 * (np.arange(15) % 3), np.zeros(15)], -1)
        write_video(folder / f'{video.name}.json', video)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['track-poses', 'eval'])
def test_killed_at_random_moments(truth: Path, kind: str, tmp_path: Path) -> None:
    arguments = {
        'track-poses': ['tools/track_poses.py', str(truth), '--format', 'posetrack', 'coco', 'mot', '--out'],
        'eval': ['tools/eval_posetrack.py', str(truth), str(truth), '--per-sequence', '--out'],
    }[kind]
    command = [sys.executable, *arguments]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / 'whole')], cwd=ROOT, check=True, capture_output=True)
    took, whole = time.monotonic() - began, files(tmp_path / 'whole')
    chance, parts = random.Random(0), tmp_path / 'parts'
    for _ in range(KILLS):
        # Most of the time goes to imports, in which nothing can break.
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process = subprocess.Popen([*command, str(parts)], cwd=ROOT, **quiet)
        time.sleep(took * chance.uniform(0.5, 1))
        process.kill()
        process.wait()
        final = {name: data for name, data in files(parts).items() if not name.startswith('.')}
        assert final.items() <= whole.items()
        for name in final:
            if name.endswith('.json'):
                json.loads((parts / name).read_text())
    subprocess.run([*command, str(parts)], cwd=ROOT, check=True, capture_output=True)
    assert files(parts) == whole
