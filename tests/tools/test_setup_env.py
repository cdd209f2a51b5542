"""What `tools/setup_env.sh --check` says; that it sets up is seen by every run of the tests on a clean clone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(environment: Path) -> subprocess.CompletedProcess:
    variables = {'VIRTUAL_ENV': str(environment), 'PATH': f'{environment / "bin"}:{os.environ["PATH"]}'}
    command = ['bash', 'tools/setup_env.sh', '--check']
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True)


@pytest.fixture(scope='module')
def bare(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess:
    """What is said of an environment that has nothing but another version of one package."""
    environment = tmp_path_factory.mktemp('environment')
    subprocess.run([sys.executable, '-m', 'venv', environment], check=True)
    (packages,) = (environment / 'lib').glob('*/site-packages')
    metadata = packages / 'tqdm-1.0.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: tqdm\nVersion: 1.0.0\n')
    return check(environment)


def test_an_environment_that_stands() -> None:
    result = check(Path(sys.prefix))
    assert result.returncode == 0, result.stdout + result.stderr
    assert ' as locked' in result.stdout and 'all of it stands' in result.stdout


def test_what_is_missing_is_named(bare: subprocess.CompletedProcess) -> None:
    assert bare.returncode == 1
    missing = next(line for line in bare.stdout.splitlines() if line.startswith('  missing'))
    assert all(f' {name},' in missing for name in ('torch', 'mmcv', 'numpy'))
    assert 'to set up what is missing' in bare.stdout


def test_other_versions_are_named(bare: subprocess.CompletedProcess) -> None:
    assert '  other    tqdm 1.0.0 (lock: ' in bare.stdout
