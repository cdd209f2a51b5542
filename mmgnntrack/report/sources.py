"""Where the annotations, images and sequences of runs are."""

from collections.abc import Sequence
from pathlib import Path

from mmgnntrack.command_line import warn
from mmgnntrack.posetrack import format_error, posetrack_files

from .runs import Run


def find_annotations(runs: Sequence[Run], given: Path | None) -> Path:
    """The annotations that the command line or the first config names."""
    named = {run.name: Path(run.evaluator['ann_dir']) for run in runs if 'ann_dir' in run.evaluator}
    if given is None and not named:
        expected = 'a config.py with test_evaluator.ann_dir, or --annotations'
        raise format_error(runs[0].path, 'config', expected, 'none')
    folder = given or next(iter(named.values()))
    if not folder.exists():
        raise format_error(folder, 'folder', 'annotations, whose folder --annotations names', 'nothing')
    others = [name for name, own in named.items() if own.resolve() != folder.resolve()]
    if others:
        warn(f'all runs are compared with {folder}; other annotations were used in the test of {", ".join(others)}')
    return folder


def find_images(runs: Sequence[Run], given: Path | None) -> Path | None:
    """The folder of images that the command line or a config names, None with a warning if there is none."""
    if given is not None:
        if not given.is_dir():
            raise format_error(given, 'folder', 'the folder that image names are relative to', 'nothing')
        return given
    named = [run.images for run in runs if run.images]
    found = next((folder for folder in named if folder.is_dir()), None)
    if found is None:
        got = f'{named[0]} is not there' if named else 'no config names any'
        warn(f'frames are shown without images: {got}; --images names their folder')
    return found


def find_sequences(folder: Path, runs: Sequence[Run], wanted: Sequence[str] | None) -> dict[str, Path]:
    """The annotation files of the sequences to show, by name; every run has them."""
    files = {file.stem: file for file in posetrack_files(folder)}
    unknown = sorted(set(wanted or ()) - files.keys())
    if unknown:
        raise format_error(folder, '--sequences', f'some of {", ".join(files)}', ', '.join(unknown))
    names = [name for name in files if (name in wanted if wanted else any(name in run.files for run in runs))]
    if not names:
        raise format_error(runs[0].path, 'file', f'results for sequences of {folder}', ', '.join(runs[0].files))
    for run in runs:
        missing = [name for name in names if name not in run.files]
        if missing:
            expected = f'results for {", ".join(missing)}, as another run has (--sequences names those to compare)'
            raise format_error(run.path, 'file', expected if not wanted else f'results for {missing[0]}', 'none')
    unused = sorted({file for run in runs for name, file in run.files.items() if name not in files})
    if unused:
        warn(f'no annotations for {", ".join(map(str, unused))}')
    if not wanted and len(names) < len(files):
        warn(f'no results for {len(files) - len(names)} of the {len(files)} sequences in {folder}')
    return {name: files[name] for name in names}
