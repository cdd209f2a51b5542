"""Many videos, shared out among processes that know nothing of each other but a folder."""

import glob
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from torchvision.datasets.folder import IMG_EXTENSIONS

from mmgnntrack.engine.claims import Claim, ClaimedError

from .frame_source import FrameSource, by_value, source_name
from .manifest import DONE, FAILED, INTERRUPTED, Manifest

#: Endings of the files in a folder that are taken for videos.
VIDEO_EXTENSIONS = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.mts', '.ts', '.webm', '.wmv')
#: A video that processes die of so often in a row is given up.
MOST_DEATHS = 3
#: Seconds between two looks at what others work on.
_PATIENCE = 2.0


class Outcome(TypedDict):
    """What has become of a video: whether it is over, or was interrupted, its frames and its people."""

    over: bool
    frames: int
    people: int


def find_sources(arguments: Sequence[str]) -> list[str]:
    """The videos that a command line names, each as `FrameSource` takes it.

    Args:
        arguments: files, cameras and URLs; folders of frames, which are a video each, or else of videos and of such
            folders; globs of any of these, but one of images is a video; and text files (.txt) of all that, one a line.

    Returns:
        the videos; what is none of these stays as it is.

    Raises:
        ValueError: for two videos of one name, whose results would be written over each other.
    """
    found = list(dict.fromkeys(source for argument in arguments for source in _expanded(argument)))
    names: dict[str, str] = {}
    for source in found:
        other = names.setdefault(source_name(source), source)
        if other != source:
            raise ValueError(f'expected videos of different names, got {other} and {source}: use an --out-dir for each')
    return found


def _expanded(argument: str) -> list[str]:
    path = Path(argument)
    if path.suffix == '.txt' and path.is_file():
        lines = (line.strip() for line in path.read_text().splitlines())
        return [source for line in lines if line and not line.startswith('#') for source in _expanded(line)]
    if path.is_dir():
        return _in_folder(path)
    if argument.isdigit() or '://' in argument or path.is_file():
        return [argument]
    matches = sorted(glob.glob(argument), key=by_value)
    if not matches or any(_is_image(Path(match)) for match in matches):
        return [argument]
    return [source for match in matches for source in _expanded(match)]


def _in_folder(folder: Path) -> list[str]:
    inside = sorted(folder.iterdir(), key=by_value)
    if any(map(_is_image, inside)):
        return [str(folder)]
    videos = [path for path in inside if path.suffix.lower() in VIDEO_EXTENSIONS and path.is_file()]
    videos += [path for path in inside if path.is_dir() and any(map(_is_image, path.iterdir()))]
    return [str(path) for path in videos] or [str(folder)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMG_EXTENSIONS


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
    failed = [manifest[source] for source in sources] if retry else []

    def finished(source: str) -> bool:
        entry = manifest[source]
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
                    entry = _work_on(source, claim, track)
                    manifest.append(source=source, **entry, options=options)
            except ClaimedError:
                others.append(source)
                continue
            if entry['state'] == INTERRUPTED:
                others = []
                break
        left = [source for source in others if not finished(source)]
        if left:
            time.sleep(_PATIENCE)
    return [manifest[source] or dict(source=source) for source in sources]


def all_done(entries: Sequence[dict]) -> bool:
    """Whether no video has failed, or was not finished."""
    return all(entry.get('state') == DONE for entry in entries)


def summary(entries: Sequence[dict]) -> str:
    """What the manifest says of many videos, in a few lines."""
    states = Counter(entry.get('state', 'not begun') for entry in entries)
    frames, people = (sum(entry.get(field, 0) for entry in entries) for field in ('frames', 'people'))
    counted = ', '.join(f'{count} {state}' for state, count in sorted(states.items()))
    failed = [f'  {entry["source"]}: {entry["error"]}' for entry in entries if entry.get('error')]
    return '\n'.join([f'{len(entries)} videos: {counted}; {frames} frames, {people} people', *failed])


def _work_on(source: str, claim: Claim, track: Callable[[str, Claim], Outcome]) -> dict:
    entry, began = dict(state=FAILED, frames=0, people=0, seconds=0.0, error=None), time.monotonic()
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
    return entry | dict(seconds=round(time.monotonic() - began, 1))
