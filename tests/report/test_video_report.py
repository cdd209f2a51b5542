import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from videos import a_video

from mmgnntrack.posetrack import COCO, PoseFrame, PoseVideo
from mmgnntrack.report import by_number, write_video_report
from mmgnntrack.report.crops import choose_places, collect_crops
from mmgnntrack.report.identities import find_identities
from mmgnntrack.report.video_report import PICTURED, sparkline
from mmgnntrack.visualization import OverlayVideo

FPS = 10.0
#: px, of the people of `tracked`; their boxes are as high.
BODY = 100


def tracked(*frames: dict[int, float], boxes: bool = True) -> PoseVideo:
    """People of COCO's joints by track id and x, who have boxes of 40 x 100 px."""
    video = PoseVideo('v', [], skeleton=COCO)
    for index, people in enumerate(frames):
        corners = np.array([[x, 20] for x in people.values()], float).reshape(-1, 2)
        keypoints = corners[:, None] + np.linspace((0, 0), (40, BODY), 17)
        instances = dict(
            keypoints=keypoints, keypoint_scores=np.ones((len(people), 17)), instances_id=np.array([*people])
        )
        if boxes:
            instances['bboxes'] = np.concatenate([corners, corners + (40, BODY)], 1)
        video.frames.append(PoseFrame.of(instances, f'{index:06}', index))
    return video


def drawn(count: int, broken: tuple[int, ...] = ()) -> Iterator[tuple[int, str, np.ndarray | None]]:
    """Frames, each of a grey of its own."""
    for number in range(count):
        yield number, f'{number:06}', None if number in broken else np.full((160, 320, 3), 20 + number, np.uint8)


class Page(HTMLParser):
    """What is in a page: its attributes by tag, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.tags, self.text = page, [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str, kind: str | None = None) -> list[dict[str, str | None]]:
        return [attrs for own, attrs in self.tags if own == tag and kind in (None, attrs.get('class'))]

    def figures(self) -> list[tuple[str, str]]:
        """The labelled figures: those of the header, then those of each identity."""
        return re.findall(r'<dt>(.*?)</dt><dd>(.*?)</dd>', self.page)


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Page]:
    """Writes a page and reads it."""

    def write(video: PoseVideo, *, broken: tuple[int, ...] = (), **options: object) -> Page:
        path = write_video_report(tmp_path / 'v.html', video, drawn(len(video), broken), FPS, **options)
        page = Page(path.read_text(encoding='utf-8'))
        assert not re.search(r'\bnan\b|\binf\b|NaN|Infinity', re.sub(r'base64,[^"]*', '', page.page))
        return page

    return write


def test_rows_gaps_and_speeds(report: Callable[..., Page]) -> None:
    """Identity 7 goes 20 px a frame, a fifth of its height; 3 stands still and is away in two of the frames."""
    frames = [{7: 20.0 * index} | ({} if index in (2, 3) else {3: 200.0}) for index in range(6)]
    page = report(tracked(*frames))
    bars = page.of('i')
    assert [bar['title'] for bar in bars] == [
        '#7: 0:00.00 to 0:00.60',
        '#3: 0:00.00 to 0:00.20',
        '#3: 0:00.40 to 0:00.60',
    ]
    assert 'left:66.667%;width:33.333%' in bars[2]['style']
    figures = page.figures()
    assert dict(figures[:6]) == {
        'frames': '6',
        'frames a second': '10',
        'length': '0:00.60',
        'people': '2',
        'seen for more than a second': '0',
        'most at once': '2',
    }
    assert dict(figures[6:13]) == {
        'from': '0:00.00',
        'to': '0:00.60',
        'seen': '0.60 s',
        'gaps': '0',
        'longest gap': '–',
        'mean speed': '2.00',
        'peak speed': '2.00',
    }
    other = dict(figures[13:])
    assert (other['seen'], other['gaps'], other['longest gap']) == ('0.40 s', '1', '0.20 s')
    assert other['peak speed'] == '0.00'
    assert 'body heights a second' in page.page and not page.of('video')


def test_speed_is_that_of_most_joints() -> None:
    """One joint that jumps, and one without a place, are no haste; across a gap there is none."""
    video = tracked({1: 0}, {1: 10}, {1: 40}, {}, {1: 0})
    video.frames[1].keypoints[0, 0] = 5000
    video.frames[2].annotated[0, 5] = False
    (identity,) = find_identities(video, FPS)
    assert identity.speeds == pytest.approx([np.nan, 1, 3, np.nan], nan_ok=True)
    assert identity.mean_speed == pytest.approx(2) and identity.peak_speed == pytest.approx(3)
    assert identity.runs.tolist() == [[0, 3], [4, 5]] and identity.gaps.tolist() == [1]
    assert sparkline(identity).count('M') == 1


def test_poses_without_boxes_or_joints() -> None:
    """The joints' extent is the box; a pose of nothing has none, and no picture."""
    video = tracked({1: 0, 2: 100}, {1: 20, 2: 100}, boxes=False)
    for frame in video.frames:
        frame.annotated[1] = False
    one, nothing = find_identities(video, FPS)
    assert one.boxes.tolist() == [[0, 20, 40, 120], [20, 20, 60, 120]] and one.peak_speed == pytest.approx(2)
    assert np.isnan(nothing.boxes).all() and nothing.peak_speed is None and sparkline(nothing) == ''
    crops = collect_crops([one, nothing], video, drawn(2))
    assert [len(own) for own in crops] == [2, 0]


def picture(source: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(source.partition('base64,')[2]), np.uint8), cv2.IMREAD_COLOR)


def test_crops(report: Callable[..., Page]) -> None:
    """Eight of a long life, evenly spread, of one height; broken frames have none."""
    page = report(tracked(*[{1: 30.0, 2: -500.0 if index else 1e6} for index in range(30)]), broken=(0, 29))
    images = page.of('img')
    numbers = [re.search(r'#(\d), frame (\d+)', image['alt']).groups() for image in images]
    assert [int(frame) for track, frame in numbers if track == '1'] == [4, 8, 12, 17, 21, 25]
    assert {picture(image['src']).shape[0] for image in images} == {120}
    assert max(picture(image['src']).shape[1] for image in images) <= 180
    # The greys of the frames: the corner of a picture is no one's skeleton.
    assert [int(picture(image['src'])[60, -3, 0]) for image in images[:6]] == pytest.approx(
        [20 + frame for frame in (4, 8, 12, 17, 21, 25)], abs=3
    )
    (identity,) = find_identities(tracked({1: 0}, {}, {}, {1: 0}, {1: 0}), FPS)
    assert choose_places(identity, 3) == [0, 1, 2] and choose_places(identity, 2) == [0, 2]


def test_frames_are_read_once_and_no_further_than_needed() -> None:
    video = tracked({1: 0}, {1: 0}, {}, {})
    read = []
    frames = (read.append(frame[0]) or frame for frame in drawn(4))
    collect_crops(find_identities(video, FPS), video, frames)
    assert read == [0, 1]


def test_odd_names(report: Callable[..., Page], tmp_path: Path) -> None:
    video = tracked({1: 30.0}, {1: 30.0})
    video.name = '<b>"é\' & </script>'
    overlay = OverlayVideo(tmp_path / 'a #1 50%?.mp4', FPS)
    for _, _, image in drawn(2):
        overlay.write(image)
    overlay.close()
    page = report(video, overlay=overlay.path, source='<img src=x>')
    assert '<b>' not in page.page and '<img src=x>' not in page.page
    assert f'Tracks of {video.name}' in page.text and '<img src=x>' in page.text
    assert [source['src'] for source in page.of('source')] == [
        'a%20%231%2050%25%3F_overlay.webm',
        'a%20%231%2050%25%3F.mp4',
    ]
    capture = cv2.VideoCapture(str(tmp_path / 'a #1 50%?_overlay.webm'))
    assert capture.read()[1].shape == (160, 320, 3) and capture.read()[0] and not capture.read()[0]
    assert {path.suffix for path in tmp_path.iterdir()} == {'.html', '.mp4', '.webm'}


def test_a_page_needs_no_network(report: Callable[..., Page]) -> None:
    page = report(tracked({1: 30.0}))
    assert 'http' not in page.page and '@import' not in page.page and 'url(' not in page.page
    assert all(image['src'].startswith('data:image/') for image in page.of('img'))


@pytest.mark.parametrize('frames', [[], [{}], [{}, {}]])
def test_no_people(report: Callable[..., Page], frames: list[dict[int, float]]) -> None:
    page = report(tracked(*frames), overlay=Path('nowhere.mp4'))
    assert 'Nobody is seen' in page.page and not page.of('img') and not page.of('video')
    assert dict(page.figures())['people'] == '0'


def test_one_frame_and_poses_without_identities(report: Callable[..., Page]) -> None:
    page = report(a_video({4: 30.0, -1: 100.0}))
    assert '1 pose without an identity is left out' in page.page
    assert len(page.of('i')) == len(page.of('img')) == 1 and dict(page.figures())['mean speed'] == '–'


def test_very_many_identities(report: Callable[..., Page]) -> None:
    """All are in the timeline, the longest have pictures, the others a table; the page stays small."""
    people = 200
    frames = [{track: float(track) for track in range(people) if track >= 3 * index} for index in range(40)]
    page = report(tracked(*frames))
    assert len(page.of('div', 'row')) == people and len(page.of('article', 'card')) == PICTURED
    assert f'{people - PICTURED} others' in page.page
    assert len(re.findall(r'<tr>', page.page)) == 1 + people - PICTURED
    assert len(page.page) < 2e6


@pytest.mark.parametrize('fps', [0.0, -1.0, float('nan')])
def test_no_frames_a_second(fps: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='v: expected frames a second above 0'):
        write_video_report(tmp_path / 'v.html', tracked({1: 0}), drawn(1), fps)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('ids', 'places'),
    [((0, 1, 2), [0, 1, 2]), ((10, 11, 14), [10, 11, 14]), ((10340010, 10340020, 10340050), [0, 1, 4])],
)
def test_frames_are_where_the_source_has_them(ids: tuple[int, ...], places: list[int]) -> None:
    frames = [replace(frame, frame_id=number) for frame, number in zip(a_video(*[{0: 10.0}] * 3).frames, ids)]
    video = by_number(PoseVideo('v', frames))
    assert len(video) == places[-1] + 1
    assert [index for index, frame in enumerate(video.frames) if len(frame)] == places
    assert all(frame.keypoints.shape[1:] == (15, 2) for frame in video.frames)


def test_frame_ids_that_do_not_increase() -> None:
    frames = [replace(frame, frame_id=number) for frame, number in zip(a_video(*[{0: 10.0}] * 3).frames, (3, 1, 2))]
    with pytest.raises(ValueError, match='expected frame ids that increase'):
        by_number(PoseVideo('v', frames))
