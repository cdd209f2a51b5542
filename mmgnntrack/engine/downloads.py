"""Files of weights from the web: kept, resumed, checked."""

import hashlib
import re
import shutil
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch
from filelock import FileLock
from mmengine.dist import barrier, is_main_process
from tqdm import tqdm

#: OpenMMLab, and torch, put the begin of a file's SHA-256 into its name; some names end in a date besides, or alone.
_DATE = r'(?:19|20)\d{6}'
_DIGEST = re.compile(rf'[-_](?!{_DATE}\W)([0-9a-f]{{8,64}})(?:[-_]{_DATE})?\.\w+$')
_BLOCK = 1 << 20


def is_url(file: str) -> bool:
    """Whether a file is to be downloaded."""
    return file.startswith(('http://', 'https://'))


def fetched(url: str, folder: str | Path | None = None) -> Path:
    """The file of a URL on this machine. What is not there yet is downloaded to where torch keeps its weights
    (`$TORCH_HOME/hub/checkpoints`); a download that broke off goes on.

    Args:
        url: of the file.
        folder: where the file is, if somebody fetched it by hand; then nothing is downloaded.

    Raises:
        OSError: if it cannot be downloaded; says what to do.
        ValueError: if it is not the file that its name says.
    """
    name = Path(urlparse(url).path).name
    if folder is not None:
        file = Path(folder) / name
        if not file.is_file():
            raise FileNotFoundError(f'{file}: no such file; fetch it from {url}')
        return _checked(file)
    file = Path(torch.hub.get_dir()) / 'checkpoints' / name
    if is_main_process() and not file.is_file():
        _download(url, file)
    barrier()
    if not file.is_file():  # another machine's main process has another disk
        _download(url, file)
    return file


def _download(url: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f'{file.name}.lock')):  # another process may be at it
        if not file.is_file():
            _download_alone(url, file)


def _download_alone(url: str, file: Path) -> None:
    part = file.with_name(f'{file.name}.part')
    try:
        _receive(url, part, file)
    except HTTPError as error:
        raise OSError(f'{url} cannot be downloaded: {error.code} {error.reason}') from error
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, 'reason', None) or error
        raise OSError(
            f'{url} cannot be downloaded: {reason}. Behind a proxy, set https_proxy; or fetch it elsewhere and put it '
            f'into {file.parent}, or into a folder for --weights-dir. What has arrived is kept, the next try goes on'
        ) from error
    _checked(part, file)
    part.replace(file)


def _receive(url: str, part: Path, file: Path) -> None:
    """Writes the rest of a file behind what is there of it."""
    have = part.stat().st_size if part.is_file() else 0
    request = Request(url, headers={'User-Agent': 'mmgnntrack', **({'Range': f'bytes={have}-'} if have else {})})
    try:
        answer = urlopen(request, timeout=30)
    except HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get('Content-Range', '').endswith(f'/{have}'):  # nothing is left to send
            return
        part.unlink()  # of another file
        _receive(url, part, file)
        return
    with answer:
        if answer.status != 206:  # all from the beginning
            have = 0
        length = answer.headers.get('Content-Length')
        total = have + int(length) if length else None
        size = f' ({total / 1e6:.0f} MB)' if total else ''
        free = shutil.disk_usage(part.parent).free
        if total and total - have > free:
            raise OSError(f'{file}: needs {(total - have) / 1e6:.0f} MB, {free / 1e6:.0f} MB are free')
        print(f'{"going on with" if have else "downloading"} {url}{size} to {file}', file=sys.stderr)
        with (
            part.open('ab' if have else 'wb') as target,
            tqdm(total=total, initial=have, unit='B', unit_scale=True, desc=file.name, disable=None) as bar,
        ):
            while block := answer.read(_BLOCK):
                target.write(block)
                bar.update(len(block))
        arrived = part.stat().st_size
    if total and arrived != total:
        raise ConnectionError(f'{arrived} of {total} bytes arrived')


def _checked(file: Path, final: Path | None = None) -> Path:
    """The file, if it begins as its name says. A wrong one that was downloaded is removed."""
    expected = _DIGEST.search((final or file).name)
    if expected is None:
        return file
    digest = hashlib.sha256()
    with file.open('rb') as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    digest = digest.hexdigest()
    if not digest.startswith(expected[1]):
        if final is not None:
            file.unlink()
        raise ValueError(
            f'{final or file}: expected a SHA-256 of {expected[1]}..., got {digest[:8]}...: fetch it again'
        )
    return file
