import argparse
import os
from pathlib import Path

import pytest
import torch

from mmgnntrack.engine import launch
from mmgnntrack.engine.launch import add_common_arguments, latest_checkpoint, load_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'small.py'
    path.write_text("model = dict(type='mmgnntrack.PoseTracker', matching='full')\ndata = [dict(a=1)]\n")
    return path


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.chdir(tmp_path)


def parse(*arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    add_common_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


@pytest.mark.parametrize('name', ['none.py', '.'])
def test_no_such_config(name: str) -> None:
    with pytest.raises(SystemExit, match=f'^config not found: {name}$'):
        load_config(parse(name))


def test_settings_of_the_command_line(config: Path) -> None:
    found = load_config(parse(config, '--cfg-options', 'model.matching=oks', 'data.0.a=3', 'new.sizes=[1,2]'))
    assert found.model.matching == 'oks' and found.data[0].a == 3 and found.new.sizes == [1, 2]
    assert found.launcher == 'none'


def test_work_folder(config: Path, tmp_path: Path) -> None:
    assert load_config(parse(config)).work_dir == 'work_dirs/small'
    assert load_config(parse(config, '--work-dir', tmp_path / 'here')).work_dir == str(tmp_path / 'here')
    config.write_text("work_dir = 'there'\n")
    assert load_config(parse(config)).work_dir == 'there'


@pytest.mark.parametrize('spelling', ['--local_rank', '--local-rank'])
def test_local_rank(config: Path, monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    monkeypatch.delenv('LOCAL_RANK')
    load_config(parse(config, f'{spelling}=3'))
    assert os.environ['LOCAL_RANK'] == '3'
    load_config(parse(config, f'{spelling}=5'))  # what the launcher set stays
    assert os.environ['LOCAL_RANK'] == '3'


def test_jobs_of_slurm_have_ports_of_their_own(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All processes of a job, or step of one, the same; one that the user names is taken."""
    ports = []
    for job, step in ((40123, 0), (40123, 0), (40124, 0), (40123, 1)):
        monkeypatch.setenv('SLURM_JOB_ID', str(job))
        monkeypatch.setenv('SLURM_STEP_ID', str(step))
        monkeypatch.setenv('MASTER_PORT', '')  # so that it is undone
        monkeypatch.delenv('MASTER_PORT')
        load_config(parse(config, '--launcher', 'slurm'))
        ports.append(int(os.environ['MASTER_PORT']))
    assert ports == [20123, 20123, 20124, 21123]
    monkeypatch.setenv('MASTER_PORT', '29500')
    load_config(parse(config, '--launcher', 'slurm'))
    assert os.environ['MASTER_PORT'] == '29500'


def a_checkpoint(path: Path, age: float) -> bytes:
    torch.save({'state_dict': {'weight': torch.zeros(100)}}, path)
    os.utime(path, (1e9 - age, 1e9 - age))
    return path.read_bytes()


def test_the_newest_checkpoint_that_can_be_read(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    a_checkpoint(tmp_path / 'epoch_1.pth', age=2)
    whole = a_checkpoint(tmp_path / 'epoch_2.pth', age=1)
    a_checkpoint(tmp_path / 'best_epoch_1.pth', age=0)
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_2.pth')
    for torn in (whole[:-200], b''):
        (tmp_path / 'epoch_2.pth').write_bytes(torn)
        with pytest.warns(UserWarning, match='epoch_2.pth cannot be read, an older checkpoint is taken'):
            assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_1.pth')


def test_without_tensorboard(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backends = "[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]"
    config.write_text(f"visualizer = dict(type='Visualizer', vis_backends={backends})\n")
    assert len(load_config(parse(config)).visualizer.vis_backends) == 2
    monkeypatch.setattr(launch, 'find_spec', lambda name: None)
    with pytest.warns(UserWarning, match='tensorboard is not installed'):
        found = load_config(parse(config))
    assert found.visualizer.vis_backends == [dict(type='LocalVisBackend')]


#: How torchrun, Open MPI, Intel MPI and Slurm number the processes of a machine.
NUMBERS = ('LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_RANK', 'MPI_LOCALRANKID', 'SLURM_LOCALID')


@pytest.mark.parametrize('name', NUMBERS)
def test_each_process_has_its_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those of its machine, of which tests have none: torch is told that there are four."""
    for other in launch._LOCAL_RANKS:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 4)
    assert launch.local_device() is None
    for rank, device in {'0': 'cuda:0', '3': 'cuda:3', '5': 'cuda:1', 'x': None}.items():
        monkeypatch.setenv(name, rank)
        assert launch.local_device() == device
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    monkeypatch.setenv(name, '1')
    assert launch.local_device() is None


@pytest.mark.parametrize('name', NUMBERS[:3])
def test_each_process_has_its_gpu_in_a_batch_script_of_slurm(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm numbers the script 0, and mpirun hands that on to all that it begins."""
    for other in NUMBERS:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 4)
    monkeypatch.setenv('SLURM_LOCALID', '0')
    assert launch.local_device() == 'cuda:0'
    monkeypatch.setenv(name, '3')
    assert launch.local_device() == 'cuda:3'
