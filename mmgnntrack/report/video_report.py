"""One HTML page about a tracked video: who is seen when, what they look like, and how fast they are."""

import math
from collections.abc import Iterable, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from tqdm import tqdm

from mmgnntrack.files import write_text
from mmgnntrack.posetrack import PoseVideo

from .crops import HEIGHT, Crop, collect_crops
from .identities import Identity, find_identities, peaks, stretches
from .playback import write_playable
from .templates import css_palette, render_template

#: Identities with pictures: those that are seen in the most frames.
PICTURED = 50
#: px of a sparkline.
_SPARK_WIDTH, _SPARK_HEIGHT = 240, 36


def write_video_report(
    path: Path,
    video: PoseVideo,
    frames: Iterable[tuple[int, str, np.ndarray | None]],
    fps: float,
    overlay: Path | None = None,
    source: str = '',
) -> Path:
    """Write one HTML page about a tracked video that has no ground truth.

    The page needs no network. It plays the overlay from its place, so the two have to stay together. Browsers do not
    play the overlay's MPEG-4: a copy that they play is written beside it, `NAME_overlay.webm`.

    Args:
        path: the page.
        video: poses with track ids; a pose without one is in no figure.
        frames: number, name and image (H, W, 3) uint8 BGR of each frame in order, None for an image that is broken, as
            `FrameSource.frames` gives them. Read once, and no further than needed.
        fps: frames a second.
        overlay: the video with the tracks drawn; it may be missing.
        source: what was tracked.

    Returns:
        The page's path.

    Raises:
        ValueError: for frames a second that are none.
        OSError: if the folder cannot be written to.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f'{video.name}: expected frames a second above 0, got {fps}')
    identities = find_identities(video, fps)
    pictured = sorted(identities, key=len, reverse=True)[:PICTURED]
    crops = collect_crops(pictured, video, tqdm(frames, 'cutting out', len(video), unit='frame', disable=None))
    sources = _sources(path, overlay)
    write_text(path, render_video(video, identities, list(zip(pictured, crops)), fps, sources, source or video.name))
    return path


def _sources(page: Path, overlay: Path | None) -> list[tuple[str, str]]:
    """Links to the overlay and what they lead to, best first."""
    if overlay is None or not overlay.is_file():
        return []
    playable = write_playable(overlay, overlay.with_name(f'{overlay.stem}_overlay.webm'))
    files = {playable: 'video/webm', overlay: 'video/mp4'}
    return [(quote(Path(relpath(file, page.parent)).as_posix()), kind) for file, kind in files.items() if file]


def render_video(
    video: PoseVideo,
    identities: Sequence[Identity],
    pictured: Sequence[tuple[Identity, Sequence[Crop]]],
    fps: float,
    overlay: Sequence[tuple[str, str]] = (),
    source: str = '',
) -> str:
    """The page.

    Args:
        video: poses.
        identities: all of them.
        pictured: those that get a strip of pictures, with these.
        fps: frames a second.
        overlay: links to files that show the overlay, and their types.
        source: what was tracked.
    """
    length = len(video)
    shown = {identity.track_id for identity, _ in pictured}
    return render_template(
        'video.html',
        name=video.name,
        source=source,
        header=_header(video, identities, fps),
        rows=[_row(identity, length, fps) for identity in identities],
        cards=[_facts(own, fps) | {'crops': _strip(crops, fps), 'spark': sparkline(own)} for own, crops in pictured],
        others=[_facts(identity, fps) for identity in identities if identity.track_id not in shown],
        unnamed=sum(int((frame.track_ids < 0).sum()) for frame in video.frames),
        ticks=_ticks(length / fps),
        overlay=overlay,
        fps=fps,
        length=length,
        crop_height=HEIGHT,
        spark=(_SPARK_WIDTH, _SPARK_HEIGHT),
    )


def _header(video: PoseVideo, identities: Sequence[Identity], fps: float) -> dict[str, str]:
    most = max((np.unique(frame.track_ids[frame.track_ids >= 0]).size for frame in video.frames), default=0)
    return {
        'frames': str(len(video)),
        'frames a second': f'{fps:.4g}',
        'length': clock(len(video) / fps),
        'people': str(len(identities)),
        'seen for more than a second': str(sum(len(identity) > fps for identity in identities)),
        'most at once': str(most),
    }


def _row(identity: Identity, length: int, fps: float) -> dict[str, Any]:
    """A row of the timeline: its bars in percent of the video."""
    bars = [
        {
            'left': f'{100 * start / length:.3f}',
            'width': f'{100 * (end - start) / length:.3f}',
            'title': f'#{identity.track_id}: {clock(start / fps)} to {clock(end / fps)}',
        }
        for start, end in identity.runs.tolist()
    ]
    return _name(identity) | {'bars': bars, 'first_frame': int(identity.frames[0])}


def _name(identity: Identity) -> dict[str, Any]:
    palette = css_palette()
    return {'id': identity.track_id, 'color': palette[identity.track_id % len(palette)][0]}


def _facts(identity: Identity, fps: float) -> dict[str, Any]:
    """What the page says of an identity: each figure with its text."""
    start, end = identity.frames[0] / fps, (identity.frames[-1] + 1) / fps
    gaps = identity.gaps
    longest = gaps.max() / fps if len(gaps) else None
    figures = {
        'from': (start, clock(start)),
        'to': (end, clock(end)),
        'seen': (len(identity) / fps, f'{len(identity) / fps:.2f} s'),
        'gaps': (len(gaps), str(len(gaps))),
        'longest gap': (longest, '–' if longest is None else f'{longest:.2f} s'),
        'mean speed': (identity.mean_speed, _speed(identity.mean_speed)),
        'peak speed': (identity.peak_speed, _speed(identity.peak_speed)),
    }
    return _name(identity) | {'figures': figures, 'first_frame': int(identity.frames[0])}


def _speed(value: float | None) -> str:
    return '–' if value is None else f'{value:.2f}'


def _strip(crops: Sequence[Crop], fps: float) -> list[dict[str, Any]]:
    return [{'frame': crop.frame, 'picture': crop.picture, 'time': clock(crop.frame / fps)} for crop in crops]


def clock(seconds: float, digits: int = 2) -> str:
    """A time of a video.

    >>> clock(83.456), clock(59.999), clock(120, 0)
    ('1:23.46', '1:00.00', '2:00')
    """
    rounded = round(seconds, digits)
    width = 3 + digits if digits else 2
    return f'{int(rounded // 60)}:{rounded % 60:0{width}.{digits}f}'


def _ticks(seconds: float) -> list[tuple[float, str]]:
    """Marks of the time axis, ten at most: places in percent, and their times. The last tenth has no room for one."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
    step = next((step for step in steps if seconds / step <= 10), seconds / 10)
    digits = 1 if step < 1 else 0
    times = [number * step for number in range(math.ceil(0.9 * seconds / step))]
    return [(100 * time / seconds, clock(time, digits)) for time in times]


def sparkline(identity: Identity) -> str:
    """The speeds of an identity over its life as the path of an SVG, up to its own peak; empty without any.

    Frames without a speed are left out; of long lives the path has the peaks.
    """
    if identity.peak_speed is None:
        return ''
    life = np.full(identity.frames[-1] - identity.frames[0] + 1, np.nan)
    life[identity.frames - identity.frames[0]] = identity.speeds
    values = peaks(life, _SPARK_WIDTH)
    x = (np.arange(len(values)) + 0.5) * _SPARK_WIDTH / len(values)
    y = _SPARK_HEIGHT - 2 - (_SPARK_HEIGHT - 4) * values / max(identity.peak_speed, 1e-9)
    parts = []
    for start, end in stretches(np.isfinite(values)):
        points = [f'{x[place]:.1f} {y[place]:.1f}' for place in range(start, end)]
        parts.append('M' + 'L'.join(points) + ('h0' if len(points) == 1 else ''))
    return ''.join(parts)
