"""Thousands of damaged files: each ends in a result, or in one line that names the file.

More of them, of another seed, of some targets, or one case alone, whose files stay in pytest's temporary folder:

    MMGNNTRACK_FUZZ_CASES=20000 MMGNNTRACK_FUZZ_SEED=7 python -m pytest -m slow tests/fuzz
    MMGNNTRACK_FUZZ_TARGETS='coco;avi' python -m pytest -m slow tests/fuzz
    MMGNNTRACK_FUZZ_FIRST=136 MMGNNTRACK_FUZZ_CASES=1 MMGNNTRACK_FUZZ_SEED=7 python -m pytest -m slow tests/fuzz
"""

import os
import shutil
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from fuzz.targets import Target, targets
from PIL.Image import DecompressionBombWarning

#: Seconds after which something hangs.
LIMIT = 5.0
_targets = cache(targets)


class Hang(BaseException):
    """Something takes too long."""


@contextmanager
def limit() -> Iterator[None]:
    """Raises Hang in what takes longer, and at its end where it has caught that."""

    def stop(*_: object) -> None:
        raise Hang

    before, started = signal.signal(signal.SIGALRM, stop), time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if time.monotonic() - started > LIMIT:
            raise Hang


def write(files: dict[str, bytes], folder: Path) -> None:
    """Makes the folder anew, with these files in it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def flaw(target: Target, files: dict[str, bytes], folder: Path, expected: tuple[Any] | None) -> str | None:
    """What is wrong with how files are read, if anything.

    Args:
        target: reads them.
        files: as they are to be.
        folder: where; they stay there.
        expected: the result where there is only one, in a tuple.
    """
    write(files, folder)
    try:
        with limit(), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')
            result = target.run(folder)
    except (OSError, ValueError) as error:
        text = str(error)
        problems = {
            'not one line': not text.isprintable() or len(text) > 1000,
            'no file in the message': str(folder) not in text,
            'an error for what does no harm': expected is not None,
        }
        return next(
            (f'{problem}: {_place(error)}: {text!a:.300}' for problem, there in problems.items() if there), None
        )
    except Hang as error:
        return f'hang: {_place(error)}'
    except BaseException as error:
        return f'{type(error).__name__}: {_place(error)}: {error!s:.100}'
    noise = [warning for warning in told if issubclass(warning.category, RuntimeWarning)]
    noise = [warning for warning in noise if warning.category is not DecompressionBombWarning]  # of huge images, true
    if noise:
        return f'noise: {Path(noise[0].filename).name}:{noise[0].lineno}: {noise[0].message}'
    return f'another result: {result!r:.200}' if expected and (result,) != expected else None


def _place(error: BaseException) -> str:
    """The last line of the package that an error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = ([frame for frame in frames if 'mmgnntrack' in frame.filename] or frames)[-1]
    return f'{Path(frame.filename).name}:{frame.lineno}'


def run(seed: int, cases: range, folder: Path, names: list[str]) -> list[str]:
    """What was wrong with which cases; each depends on nothing but the seed and its number."""
    sound = {}
    for name in names:
        write(_targets()[name].files, folder)
        sound[name] = (_targets()[name].run(folder),)
    flaws = []
    for case in cases:
        name, rng = names[case % len(names)], Random(f'{seed} {case}')
        files, harmless = _targets()[name].changed(rng)
        found = flaw(_targets()[name], files, folder, sound[name] if harmless else None)
        if found:
            flaws.append(f'{name}, seed {seed}, case {case}{" (harmless)" if harmless else ""}: {found}')
    return flaws


def check(seed: int, cases: range, folder: Path) -> None:
    """Fails with a table of what was wrong, and the first cases of it."""
    only = os.environ.get('MMGNNTRACK_FUZZ_TARGETS')
    flaws = run(seed, cases, folder / 'case', only.split(';') if only else [*_targets()])
    kinds = Counter(flaw.partition(': ')[2][:90] for flaw in flaws)
    table = [f'{count:6} {kind}' for kind, count in kinds.most_common()]
    assert not flaws, '\n'.join([f'{len(flaws)} of {len(cases)} cases', *table, *flaws[:200]])


def test_damaged_files(tmp_path: Path) -> None:
    check(0, range(200), tmp_path)


@pytest.mark.slow
def test_many_damaged_files(tmp_path: Path) -> None:
    """In less than a minute, unless more are asked for."""
    settings = (('SEED', 1), ('FIRST', 0), ('CASES', 2000))
    seed, first, cases = (int(os.environ.get(f'MMGNNTRACK_FUZZ_{name}', usual)) for name, usual in settings)
    check(seed, range(first, first + cases), tmp_path)


def _fail(text: str) -> Callable[[Path], Any]:
    def run(folder: Path) -> None:
        raise ValueError(text.format(folder=folder))

    return run


def _catch_all(folder: Path) -> None:
    try:
        time.sleep(9)
    except BaseException as error:
        raise ValueError(f'{folder}: stopped') from error


FLAWS = {
    'sound': (lambda folder: 1, None),
    'one line': (_fail('{folder}/a: wrong'), 'an error for what does no harm'),
    'two lines': (_fail('{folder}/a: wrong\n'), 'not one line'),
    'no file': (_fail('wrong'), 'no file in the message: test_fuzz.py'),
    'another error': (lambda folder: {}[3], 'KeyError'),
    'an end': (lambda folder: exit(), 'SystemExit'),
    'a hang': (lambda folder: time.sleep(9), 'hang'),
    'a caught hang': (_catch_all, 'hang'),
    'another result': (lambda folder: 2, 'another result: 2'),
    'a warning': (lambda folder: np.float64(1) / 0, 'noise: test_fuzz.py'),
}


@pytest.mark.parametrize(('reader', 'expected'), FLAWS.values(), ids=FLAWS)
def test_what_is_wrong_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Callable[[Path], Any], expected: str | None
) -> None:
    monkeypatch.setitem(globals(), 'LIMIT', 0.2)
    found = flaw(Target({'a': b''}, reader), {'a': b''}, tmp_path / 'case', (1,))
    assert found is None if expected is None else found.startswith(expected)
