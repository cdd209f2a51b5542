"""Many videos, shared out among processes that know nothing of each other but a folder."""

import errno
import glob
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

from torchvision.datasets.folder import IMG_EXTENSIONS

from mmgnntrack.engine.claims import Claim, ClaimedError
from mmgnntrack.posetrack.errors import OneLineError, printable

from .frame_source import FrameSource, by_value, is_live, source_name
from .manifest import DONE, FAILED, INTERRUPTED, Manifest

#: Endings of the files in a folder that are taken for videos.
VIDEO_EXTENSIONS = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.mts', '.ts', '.webm', '.wmv')
#: A video that processes die of so often in a row is given up.
MOST_DEATHS = 3
#: What is recorded of a video that nobody could work on.
_NOTHING = dict(state=FAILED, frames=0, people=0, seconds=0.0, error=None)
#: Seconds between two looks at what others work on.
_PATIENCE = 2.0


class Outcome(TypedDict):
    """What has become of a video: whether it is over, or was interrupted, its frames and its people."""

    over: bool
    frames: int
    broken: int
    people: int


def find_sources(arguments: Sequence[str], out: Path | None = None) -> list[str]:
    """The videos that a command line names, each as `FrameSource` takes it.

    Args:
        arguments: files, cameras and URLs; folders of frames, which are a video each, or else of videos and of such
            folders; globs of any of these, but one of images is a video; and text files (.txt) of all that, one a line.
        out: the folder of results, which is no video.

    Returns:
        the videos; what is none of these stays as it is.

    Raises:
        ValueError: for two videos of one name, whose results would be written over each other, for several images, for
            a folder of both images and videos, for lists of nothing, or that list themselves.
    """
    skipped = None if out is None else os.path.realpath(out)
    expanded = (source for argument in arguments for source in _expanded(argument, skipped, ()))
    found = list({_real(source): source for source in expanded}.values())
    if not found:
        raise ValueError(f'{", ".join(arguments)}: expected videos, got none')
    names: dict[str, str] = {}
    for source in found:
        other = names.setdefault(source_name(source), source)
        if other != source:
            got = f'{other} and {source}: use an --out-dir for each'
            raise OneLineError(f'expected videos of different names, got {got}')
    images = [source for source in found if _is_image(Path(source)) and os.path.isfile(source)]
    if len(images) > 1:
        raise ValueError(f'expected videos, got {len(images)} images: frames of one video are a glob in quotes')
    return found


def _expanded(argument: str, skipped: str | None, lists: tuple[str, ...]) -> list[str]:
    path = Path(argument)
    if path.suffix == '.txt' and os.path.isfile(path):
        if _real(argument) in lists:
            raise ValueError(f'{argument}: lists itself')
        return [source for line in _lines(path) for source in _expanded(line, skipped, (*lists, _real(argument)))]
    if os.path.isdir(path):
        return _in_folder(argument, skipped)
    if is_live(argument) or os.path.isfile(path):
        return [argument]
    matches = sorted(glob.glob(argument), key=by_value)
    if matches in ([], [argument]) or any(_is_image(Path(match)) for match in matches):
        return [argument]
    return [source for match in matches for source in _expanded(match, skipped, lists)]


def _lines(path: Path) -> Iterator[str]:
    """The sources that a text file lists; names need not be UTF-8."""
    for number, line in enumerate(os.fsdecode(path.read_bytes()).split('\n'), 1):
        source = line.strip('\ufeff \t\r')
        if '\0' in source:
            raise ValueError(f'{path}, line {number}: expected a path, a glob or a URL, got {source!r:.50}')
        if source and not source.startswith('#'):
            yield source


def _in_folder(folder: str, skipped: str | None) -> list[str]:
    """A folder of frames as it is, or else what is in it."""
    inside = [path for path in sorted(Path(folder).iterdir(), key=by_value) if not path.name.startswith('.')]
    videos = [path for path in inside if path.suffix.lower() in VIDEO_EXTENSIONS and path.is_file()]
    if any(map(_is_image, inside)):
        if videos:
            raise ValueError(f"{folder}: expected images or videos, got both: choose with a glob, as '{folder}/*.mp4'")
        return [folder]
    folders = (path for path in inside if path.is_dir() and os.path.realpath(path) != skipped)
    videos += [path for path in folders if any(map(_is_image, path.iterdir()))]
    return [str(path) for path in videos] or [folder]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMG_EXTENSIONS


#: Each video is looked up on the disk once: everybody compares with all that were recorded.
_name = cache(source_name)


def _real(source: str) -> str:
    """A source by which it is known in the manifest, whatever folder a command is called from."""
    return source if is_live(source) else os.path.realpath(source)


def _longest_first(sources: Sequence[str]) -> list[str]:
    """The videos in the order in which they are best shared out, by the lengths that they claim."""
    lengths = dict.fromkeys(sources, 0)
    for source in sources:
        try:
            lengths[source] = FrameSource(source).length or 0
        except (OSError, ValueError):  # will be said when it is its turn
            continue
    return sorted(sources, key=lambda source: -lengths[source])


def work_through(
    sources: Sequence[str], folder: Path, options: str, track: Callable[[str, Claim], Outcome], retry: bool = False
) -> list[dict]:
    """Tracks the videos that nobody has finished or works on, one after the other, until all are finished; then waits
    for those of others, in case they die. Each is recorded in `manifest.jsonl`.

    Args:
        sources: of all videos, see `find_sources`.
        folder: of the results.
        options: what else results depend on; a video that was finished with others is tracked again.
        track: tracks a video; what it raises fails this video alone.
        retry: try those again that have failed before.

    Returns:
        What the manifest says of each; nothing but its `source` of one that was not begun before the work was
        interrupted.
    """
    manifest = Manifest(folder / 'manifest.jsonl')
    failed = [manifest[_real(source)] for source in sources] if retry else []

    def finished(source: str) -> bool:
        entry = manifest[_real(source)]
        if entry.get('state') == FAILED and any(entry is old for old in failed):
            return False
        return entry.get('state') in (DONE, FAILED) and entry.get('options') == options

    left = _longest_first([source for source in sources if not finished(source)])
    while left:
        others = []
        for source in left:
            try:
                with Claim(folder / f'.{source_name(source)}.claim') as claim:
                    if finished(source):
                        continue
                    entry = _work_on(source, claim, track, manifest)
                    manifest.append(source=_real(source), **entry, options=options)
            except ClaimedError:
                others.append(source)
                continue
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                entry = _NOTHING | dict(error=str(error))
                manifest.append(source=_real(source), **entry, options=options)
            if entry['state'] == INTERRUPTED:
                others = []
                break
        left = [source for source in others if not finished(source)]
        if left:
            time.sleep(_PATIENCE)
    return [manifest[_real(source)] or dict(source=_real(source)) for source in sources]


def all_done(entries: Sequence[dict]) -> bool:
    """Whether no video has failed, or was not finished."""
    return all(entry.get('state') == DONE for entry in entries)


def summary(entries: Sequence[dict]) -> str:
    """What the manifest says of many videos, in a few lines."""
    states = Counter(entry.get('state', 'not begun') for entry in entries)
    frames, people = (sum(entry.get(field, 0) for entry in entries) for field in ('frames', 'people'))
    counted = ', '.join(f'{count} {state}' for state, count in sorted(states.items()))
    failed = [printable(f'  {entry["source"]}: {entry["error"]}') for entry in entries if entry.get('error')]
    return '\n'.join([f'{len(entries)} videos: {counted}; {frames} frames, {people} people', *failed])


def _work_on(source: str, claim: Claim, track: Callable[[str, Claim], Outcome], manifest: Manifest) -> dict:
    entry, began = dict(_NOTHING), time.monotonic()
    for other in manifest.sources():
        if other != _real(source) and _name(other) == _name(source):
            return entry | dict(error=f'another video of that name is in this folder, {other}: use another --out-dir')
    if claim.deaths >= MOST_DEATHS:
        return entry | dict(error=f'{claim.deaths} processes in a row have died of it')
    try:
        outcome = track(source, claim)
    except ClaimedError:
        raise
    except (OSError, ValueError) as error:
        entry['error'] = str(error)
    except Exception as error:  # one bad video never stops the rest
        traceback.print_exc()
        entry['error'] = repr(error)
    else:
        state = DONE if outcome['over'] else INTERRUPTED
        entry |= dict(state=state, frames=outcome['frames'], people=outcome['people'])
    claim.check()  # what has become of another's video is not for this process to say
    return entry | dict(seconds=round(time.monotonic() - began, 1))
