"""What `tools/train.py` and `tools/test.py` share: from a command line to a Runner."""

import argparse
import os
import warnings
from functools import wraps
from importlib.util import find_spec
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.config import config as config_module
from mmengine.registry import RUNNERS
from mmengine.runner import CheckpointLoader, Runner

import mmgnntrack.registry  # noqa: F401  version warnings and safe globals, also for configs of stock types only
from mmgnntrack.files import remove_unfinished
from mmgnntrack.images import FrameError
from mmgnntrack.posetrack import PoseTrackFormatError

from .checkpoints import CheckpointError
from .configs import read_config

#: What torchrun, Open MPI, Intel MPI and Slurm call the number of a process on its machine. Slurm's comes last: it is 0
#: in a batch script, and whatever mpirun begins there inherits it.
_LOCAL_RANKS = ('LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_RANK', 'MPI_LOCALRANKID', 'SLURM_LOCALID')
#: A file that is missing or broken is told in one line; what else goes wrong in a Runner with a traceback.
FILE_ERRORS = (OSError, PoseTrackFormatError, CheckpointError, FrameError)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that OpenMMLab's train and test scripts have in common."""
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/NAME-OF-CONFIG)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='settings that override the config, as key=value'
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    # torch.distributed.launch passes the one or the other, depending on its version.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace) -> Config:
    """The config with the command line's settings in it."""
    if not Path(args.config).is_file():
        raise SystemExit(f'config not found: {args.config}')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        config = read_config(args.config, args.cfg_options)
    except ValueError as error:
        raise SystemExit(f'error: {error}') from error
    config.launcher = args.launcher
    config.work_dir = args.work_dir or config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    writable_folder(config.work_dir)
    _drop_missing_backends(config)
    if args.launcher == 'slurm':
        _port_of_the_job()
    if args.launcher == 'pytorch' and not torch.cuda.is_available():
        _distribute_on_cpu(config)
    return config


def writable_folder(path: str | Path) -> Path:
    """The folder, made if need be, without what killed runs have left half written; ends the program where nothing can
    be written there, before any work is done."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f'cannot make the output folder {path}: {error.strerror}') from error
    if not os.access(path, os.W_OK):
        raise SystemExit(f'cannot write to the output folder {path}')
    remove_unfinished(path)
    return path


def local_device() -> str | None:
    """The GPU of this process among those of its machine that torchrun, Slurm or MPI has begun; None where none of them
    has, or there is no GPU."""
    numbers = (os.environ[name] for name in _LOCAL_RANKS if os.environ.get(name, '').isdecimal())
    local_rank, gpus = next(numbers, None), torch.cuda.device_count()
    return f'cuda:{int(local_rank) % gpus}' if local_rank is not None and gpus else None


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """The newest checkpoint of a training that can be read: a kill may have left one half written. None without any."""
    files = [path for path in Path(work_dir).glob('*.pth') if not path.name.startswith('best_')]
    for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
        except Exception as error:  # the unpickler stumbles in many ways
            warnings.warn(f'{path} cannot be read, an older checkpoint is taken instead ({error!r:.200})', stacklevel=2)
        else:
            return str(path)
    return None


def build_runner(config: Config) -> Runner:
    _format_configs_once()
    return RUNNERS.build(config) if 'runner_type' in config else Runner.from_cfg(config)


def _format_configs_once() -> None:
    """A Runner has the text of its config formatted six times, which takes longer than to build the small models."""
    format_code = getattr(config_module, 'FormatCode', None)
    if format_code is None or hasattr(format_code, '__wrapped__'):
        return
    formatted: dict[str, tuple] = {}

    @wraps(format_code)
    def format_once(text: str, **options: object) -> tuple:
        if text not in formatted:
            formatted[text] = format_code(text, **options)
        return formatted[text]

    config_module.FormatCode = format_once


def _drop_missing_backends(config: Config) -> None:
    """Without TensorBoard, which is optional, the same curves are in the log and its JSON alone."""
    backends = config.get('visualizer', {}).get('vis_backends', [])
    wanted = [backend for backend in backends if backend['type'] == 'TensorboardVisBackend']
    if wanted and find_spec('tensorboard') is None:
        warnings.warn('tensorboard is not installed: no event files are written', stacklevel=3)
        config.visualizer.vis_backends = [backend for backend in backends if backend not in wanted]


def _port_of_the_job() -> None:
    """mmengine gives all jobs of Slurm the same port, of which only one on a machine can have it. A port that is named,
    as MASTER_PORT or `env_cfg.dist_cfg.port`, is taken."""
    job, step = (int(os.environ.get(f'SLURM_{name}_ID') or 0) for name in ('JOB', 'STEP'))
    os.environ.setdefault('MASTER_PORT', str(20000 + (job + 1000 * step) % 10000))


def _distribute_on_cpu(config: Config) -> None:
    """mmengine takes for granted that distribution means GPUs; it leaves alone what is initialised already."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    config.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None)
