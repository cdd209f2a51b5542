from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.logging import MMLogger
from videos import a_video

from mmgnntrack.models.heads import pretrained_dynamics
from mmgnntrack.posetrack import COCO, write_video

ROOT = Path(__file__).parents[3]
CONFIG = f"""
_base_ = '{ROOT}/configs/pose_only/gnn-offsets_named-joints.py'
train_cfg = dict(max_iters=2)
default_hooks = dict(checkpoint=dict(interval=2))
train_dataloader = dict(batch_size=4)
"""


@pytest.fixture
def run(run_tool: Callable[[Path], Callable]) -> Callable:
    return run_tool(ROOT / 'tools/analysis_tools/train_weights.py')


def test_the_same_bytes_again(run: Callable, tmp_path: Path) -> None:
    (tmp_path / 'config.py').write_text(CONFIG)
    (tmp_path / 'games').mkdir()
    for name in ('first', 'second'):
        write_video(
            tmp_path / f'games/{name}.json', a_video(*({0: 10.0 + t, 1: 90.0 - t} for t in range(6)), name=name)
        )
    options = ['--config', tmp_path / 'config.py', '--videos', '1', '--repeat', '2', '--hold-out', 'second']
    files = []
    for out in (tmp_path / 'a', tmp_path / 'b'):
        status, output, errors = run(tmp_path / 'games', '--out', out, *options)
        assert status == 0, errors
        files.append(out / 'dynamics.pth')
        assert output.splitlines()[-1].startswith(f'{files[-1]}: {files[-1].stat().st_size} bytes, SHA-256 ')
        names = sorted(path.stem for path in (out / 'data').iterdir())
        assert names == ['first_0', 'first_1', 'train_000000']
        MMLogger._instance_dict.clear()
    assert files[0].read_bytes() == files[1].read_bytes()
    head, own = pretrained_dynamics(17, COCO.joints, str(files[0])), pretrained_dynamics(17)
    assert not torch.equal(head.inertia, own.inertia)
    status, _, errors = run(tmp_path / 'games', '--out', tmp_path / 'a', *options)
    assert status == 1 and 'is there already' in errors
