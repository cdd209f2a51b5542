"""What the command-line tools share, and the one command that leads to them."""

import argparse
import importlib.metadata
import os
import platform
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .version import __version__

#: The subcommands of `mmgnntrack`: a tool, and what it is for.
COMMANDS = {
    'track': ('track_video.py', 'track the people of a video, folder of frames, camera or stream'),
    'track-poses': ('track_poses.py', 'give poses from any estimator identities that last'),
    'eval': (
        'eval_posetrack.py',
        'evaluate tracked poses as the PoseTrack benchmark does, with numpy and scipy alone',
    ),
    'report': ('report.py', 'one HTML page about tests, or about a tracked video'),
    'train': ('train.py', 'train a dynamics head, a detector or a pose estimator from a config'),
    'test': ('test.py', 'test a config: tables, result files, overlay videos'),
}
INFO = 'versions, devices and what is installed, for bug reports'
EXAMPLES = """examples:
  mmgnntrack track dance.mp4
  mmgnntrack track-poses poses/ --out tracked
  mmgnntrack eval annotations/val results
  mmgnntrack COMMAND --help
"""
#: How a tool is to call itself where the command leads to it.
_PROGRAM = 'MMGNNTRACK_PROGRAM'
#: Whose versions matter, as they are called on the index.
_PACKAGES = (
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmdet',
    'mmpose',
    'openmim',
    'numpy',
    'scipy',
    'opencv-python',
)
_FORKS = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmpose')


@contextmanager
def one_line_errors(
    errors: tuple[type[Exception], ...] = (OSError, ValueError), interrupted: str = 'interrupted'
) -> Iterator[None]:
    """Ends a program with one line where a file or a value is not as it should be, or the user interrupts it.

    Args:
        errors: what is told so; all else ends with a traceback.
        interrupted: what is said after Ctrl-C.
    """
    with suppress(AttributeError):  # of an output that is no terminal's
        sys.stdout.reconfigure(errors='backslashreplace')  # what a terminal cannot show is no reason to fail
    try:
        yield
    except errors as error:
        text = str(error)
        if '\nOriginal Traceback ' in text:  # which torch makes the message of what a worker of a data loader raises
            text = text.rstrip().rpartition('\n')[2].partition(': ')[2]
        raise SystemExit(f'error: {_printable(text)}') from error
    except KeyboardInterrupt as interrupt:
        raise SystemExit(interrupted) from interrupt


@contextmanager
def ended_by_user() -> Iterator[list[bool]]:
    """Fills when the user presses Ctrl-C or a scheduler wants its machine back (SIGTERM), so that the work at hand is
    ended in order; a second signal ends it at once."""
    ended: list[bool] = []

    def end(*_: object) -> None:
        if ended:
            raise KeyboardInterrupt
        ended.append(True)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def warn(text: str) -> None:
    """Prints a warning for the person at the command line."""
    print(f'warning: {_printable(text)}', file=sys.stderr)


def _printable(text: str) -> str:
    from .posetrack.errors import printable  # `mmgnntrack info` wants no numpy

    return printable(text)


def tool_parser(description: str) -> argparse.ArgumentParser:
    """The parser of a tool, whose examples call it as the user did: `python tools/test.py` or `mmgnntrack test`.

    Args:
        description: the tool's docstring, its examples included.
    """
    program = os.environ.get(_PROGRAM)
    if program:
        description = re.sub(rf'python \S*{re.escape(Path(sys.argv[0]).name)}', program, description)
    return argparse.ArgumentParser(
        prog=program, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_join(parser: argparse.ArgumentParser) -> None:
    """Adds `--join`, which looks ahead."""
    help = 'when a video is over, join its tracks, fill gaps of at most N frames, and smooth (default: no)'
    parser.add_argument('--join', metavar='N', type=_frames, help=help)


def _frames(text: str) -> int:
    if not re.fullmatch(r'[0-9]{1,9}', text) or not int(text):
        raise argparse.ArgumentTypeError(f'expected frames, 1 or more, below 10**9, got {text!r}')
    return int(text)


def join_info(max_gap: int | None) -> dict[str, object]:
    """What a file says about poses that were joined over so many frames, or were not."""
    if not max_gap:
        return {}
    done = f'tracks joined and gaps of at most {max_gap} frames filled afterwards, poses smoothed'
    return {'description': f'mmgnntrack {__version__}: {done}', 'join': max_gap}


def tools_folder() -> Path:
    """Where the tools are: with the package if it is installed, beside it in a checkout.

    Raises:
        FileNotFoundError: if they are in neither place.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / '.mim/tools', package.parent / 'tools'):
        if (folder / 'eval_posetrack.py').is_file():
            return folder
    raise FileNotFoundError(f'the tools are not with {package}: reinstall mmgnntrack')


def main() -> None:
    """The command `mmgnntrack`: runs a tool in its place, with the arguments as they are."""
    width = max(map(len, COMMANDS))
    listed = [f'  {name:<{width}}  {purpose}' for name, (_, purpose) in (*COMMANDS.items(), ('info', ('', INFO)))]
    parser = argparse.ArgumentParser(
        prog='mmgnntrack',
        usage='mmgnntrack COMMAND ...',
        description='\n'.join(['Online multi-person pose tracking.', '', 'commands:', *listed]),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=__version__)
    parser.add_argument('command', choices=[*COMMANDS, 'info'], metavar='COMMAND', help='one of these')
    command = parser.parse_args(sys.argv[1:2] or ['--help']).command
    if command == 'info':
        argparse.ArgumentParser(prog='mmgnntrack info', description=f'Print {INFO}.').parse_args(sys.argv[2:])
        print(info())
        return
    with one_line_errors():
        tool = tools_folder() / COMMANDS[command][0]
        os.environ[_PROGRAM] = f'mmgnntrack {command}'
        os.execv(sys.executable, [sys.executable, str(tool), *sys.argv[2:]])


def info() -> str:
    """What a bug report needs, as lines of text; what is not installed is said to be missing."""
    rows = {'mmgnntrack': f'{__version__} ({Path(__file__).resolve().parent})'}
    rows['python'] = f'{platform.python_version()} ({sys.executable})'
    rows['system'] = f'{platform.platform()}, {os.cpu_count()} cores'
    for name in _PACKAGES:
        rows[name] = _version(name) or 'missing'
    rows |= {name: version for name in _FORKS if (version := _version(name))}
    rows['mmcv operators'] = _importable('mmcv.ops')
    rows['GPU'] = _gpu()
    return '\n'.join(f'{name:<16}{value}' for name, value in rows.items())


def _version(package: str) -> str | None:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return None


def _importable(module: str) -> str:
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a broken build raises is what the report is about
        return f'not usable: {error}'
    return 'work'


def _gpu() -> str:
    try:
        import torch
    except ImportError:
        return 'unknown without torch'
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return f'{", ".join(names)} (CUDA {torch.version.cuda})' if names else 'none'
