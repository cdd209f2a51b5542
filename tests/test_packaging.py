"""What an installation puts where mim looks for it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the source, so that building leaves nothing behind."""
    copy = tmp_path / 'source'
    ignored = shutil.ignore_patterns(
        '.*', 'data', 'outputs', 'work_dirs', 'tests', 'build', '*.egg-info', '__pycache__'
    )
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


def build(source: Path, kind: str) -> zipfile.ZipFile:
    """A wheel as pip has setuptools build it; `kind` is `wheel` or `editable`."""
    out = source.parent / kind
    out.mkdir()
    code = f'from setuptools import build_meta; build_meta.build_{kind}({str(out)!r})'
    subprocess.run([sys.executable, '-c', code], cwd=source, check=True, capture_output=True)
    (wheel,) = out.glob('*.whl')
    return zipfile.ZipFile(wheel)


def test_wheel_carries_configs_and_tools(source: Path) -> None:
    names = set(build(source, 'wheel').namelist())
    paths = ('tools/train.py', 'tools/dist_test.sh', 'configs/gnn_hrnet_w48_posetrack18.py')
    for path in (*paths, 'model-index.yml', 'dataset-index.yml'):
        assert f'mmgnntrack/.mim/{path}' in names
    report = {
        f'mmgnntrack/report/{file}' for file in ('template.html', 'video.html', 'macros.html', 'style.css', 'tables.js')
    }
    assert report | {'mmgnntrack/registry.py', 'mmgnntrack/weights/dynamics.pth'} <= names
    assert not any(name.startswith('tests') for name in names)


def test_editable_install_leads_mim_to_the_source(source: Path) -> None:
    wheel = build(source, 'editable')
    (top_level,) = [name for name in wheel.namelist() if name.endswith('top_level.txt')]
    assert wheel.read(top_level).decode().split() == [str(source / 'mmgnntrack'), 'mmgnntrack']
    assert (source / 'mmgnntrack/.mim/tools/train.py').samefile(source / 'tools/train.py')
    assert (source / 'mmgnntrack/.mim/configs').is_symlink()
