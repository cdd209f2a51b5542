import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from videos import a_video, people_at

from mmgnntrack.evaluation.functional import PoseTrackResult, column_means, evaluate, filter_predictions
from mmgnntrack.posetrack import PoseVideo, read_folder, read_video, write_video
from mmgnntrack.report.pictures import choose_moments
from mmgnntrack.report.runs import distinct_tails
from mmgnntrack.report.timeline import ABSENT, MISSED, Timeline
from mmgnntrack.visualization import OverlayVideo

TOOLS = Path(__file__).parents[2] / 'tools'

Run = Callable[..., tuple[int, str, str]]

THRESHOLD = 0.5
CONFIG = """
test_dataloader = dict(dataset=dict(data_root={root!r}, data_prefix=dict(img='')))
test_evaluator = [dict(type='Other'), dict(type='mmgnntrack.PoseTrackMetric', ann_dir={annotations!r},
                                           joint_score_thr={threshold})]
name = {name!r}
"""


@pytest.fixture
def run(run_tool: Callable[[Path], Run]) -> Run:
    """Runs the tool in this process; gives its exit status, its output and its complaints."""
    return run_tool(TOOLS / 'report.py')


def changed(video: PoseVideo, swapped: bool) -> PoseVideo:
    """Ground truth as results. If `swapped`, two people exchange their ids from frame 4 on, frame 3 lacks one of them,
    and a joint of everybody has a low score."""
    frames = []
    for index, frame in enumerate(video.frames):
        track_ids, scores = frame.track_ids.copy(), frame.annotated * 0.9
        kept = np.ones(len(frame), bool)
        if swapped:
            scores[:, 5] *= 0.3
            if index == 3:
                kept = track_ids != 2
            elif index > 3:
                track_ids = np.select([track_ids == 1, track_ids == 2], [2, 1], track_ids)
        fields = ('keypoints', 'annotated', 'visible', 'bboxes', 'head_bboxes')
        poses = {field: getattr(frame, field)[kept] for field in fields}
        frames.append(replace(frame, **poses, track_ids=track_ids[kept], keypoint_scores=scores[kept]))
    return replace(video, frames=frames)


@pytest.fixture
def runs(synthtrack: Path, tmp_path: Path) -> list[Path]:
    """Two runs as tools/test.py --out-dir writes them: one that found all people, and one of `changed` results."""
    folders = [tmp_path / 'right', tmp_path / 'wrong']
    annotations = synthtrack / 'annotations/train'
    for folder in folders:
        (folder / 'posetrack').mkdir(parents=True)
        for video in read_folder(annotations):
            write_video(folder / 'posetrack' / f'{video.name}.json', changed(video, folder.name == 'wrong'))
        settings = dict(root=str(synthtrack), annotations=str(annotations), threshold=THRESHOLD, name=folder.name)
        (folder / 'config.py').write_text(CONFIG.format(**settings))
        (folder / 'metrics.json').write_text(json.dumps({'boxes_from': 'annotations'}))
    return folders


class Tables(HTMLParser):
    """The body rows of a page's tables by the table's id; a cell is its figure, or else its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[Any]]] = {}
        self._table, self._in_cell = None, False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == 'table':
            self._table = self.rows.setdefault(known['id'], [])
        elif tag == 'tr':
            self._table.append([])
        elif tag in ('td', 'th') and self._table is not None:
            self._table[-1].append(float(known['data-value']) if known.get('data-value') else '')
            self._in_cell = 'data-value' not in known

    def handle_endtag(self, tag: str) -> None:
        if tag in ('td', 'th'):
            self._in_cell = False

    def handle_data(self, text: str) -> None:
        if self._in_cell:
            self._table[-1][-1] += text.strip()


def page_data(page: str) -> dict[str, Any]:
    """What the page's script shows."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def totals(every: PoseTrackResult, kept: PoseTrackResult) -> list[float]:
    """The figures of a row in the page."""
    figures = (every.ap, kept.ap, kept.mota, kept.miss_rate, kept.switch_rate, kept.false_positive_rate, kept.idf1)
    return [values[-1] for values in (*figures, kept.hota)]


def test_figures_are_those_of_the_evaluation(run: Run, runs: list[Path], synthtrack: Path, tmp_path: Path) -> None:
    out = tmp_path / 'report.html'
    status, output, complaints = run(*runs, '--out', out)
    assert (status, complaints) == (0, '')
    assert output.startswith(f'{out}: runs: 2, sequences: 2, ')
    gt = read_folder(synthtrack / 'annotations/train')
    tables = Tables(out.read_text()).rows
    for index, folder in enumerate(runs):
        pred = read_folder(folder / 'posetrack', predictions=True)
        kept = [filter_predictions(video, THRESHOLD, 0.0) for video in pred]
        every, filtered = evaluate(gt, pred), evaluate(gt, kept)
        row = tables['summary'][1 + index]
        assert row[0] == folder.name and row[1:9] == pytest.approx(totals(every, filtered), abs=1e-9)
        assert row[9:] == [THRESHOLD, 'annotations']
        per_joint = {row[0]: row[2:] for row in tables['per-joint'] if row[1] == folder.name}
        for name, values in (('mAP', every.ap), ('mAP filtered', filtered.ap), ('MOTA', filtered.mota)):
            assert per_joint[name] == pytest.approx(list(column_means(values).values()), abs=1e-9)
        for number, video in enumerate(gt):
            row = tables['per-sequence'][1 + len(runs) * number + index]
            single = [evaluate([video], [poses[number]]) for poses in (pred, kept)]
            assert row[:2] == [video.name, folder.name] and row[2:] == pytest.approx(totals(*single), abs=1e-9)
            shown = page_data(out.read_text())['sequences'][number]
            # Officially the last frame does not count, so the one before it has the sequence's MOTA.
            assert shown['runs'][index]['mota'][-2:] == pytest.approx([single[1].mota[-1], None])
    assert tables['summary'][1][3] > tables['summary'][2][3]


def test_differences_from_the_first_run(run: Run, runs: list[Path], tmp_path: Path) -> None:
    run(*runs, '--out', tmp_path / 'report.html')
    page = (tmp_path / 'report.html').read_text()
    rows = Tables(page).rows['summary'][1:]
    changes = re.findall(r'<small class="(\w*)">(.*?)</small>', page)
    assert len(changes) == 8
    for (verdict, text), first, second, name in zip(
        changes, rows[0][1:9], rows[1][1:9], ('mAP', 'mAPf', 'MOTA', 'Miss', 'Switch', 'FP', 'IDF1', 'HOTA')
    ):
        assert float(text.replace('−', '-').replace('±', '')) == pytest.approx(second - first, abs=0.051)
        better = second < first if name in ('Miss', 'Switch', 'FP') else second > first
        assert verdict == ('' if text == '±0.0' else 'better' if better else 'worse')
    added = re.findall(r'<span class="add">(.*?)</span>', page)
    assert added == ['+++ wrong', '+name = &#39;wrong&#39;']


def test_a_page_needs_nothing_else(run: Run, runs: list[Path], tmp_path: Path) -> None:
    run(*runs, '--out', tmp_path / 'report.html')
    page = (tmp_path / 'report.html').read_text()
    assert set(re.findall(r'https?://[^\'"\s]*', page)) == {'http://www.w3.org/2000/svg'}
    assert all(link.startswith('data:') for link in re.findall(r'(?:\bsrc|href)\s*=\s*["\'](.*?)["\']', page))
    assert '@import' not in page and 'url(' not in page
    assert [path.name for path in tmp_path.glob('*report*')] == ['report.html']
    pictures = [own['pictures'] for shown in page_data(page)['sequences'] for own in shown['runs']]
    assert [len(own) for own in pictures] == [6] * 4
    assert all(picture.startswith('data:image/webp;base64,') for own in pictures for picture in own)


def test_who_is_followed_by_whom() -> None:
    gt = a_video(*[people_at(100, 400)] * 6, {0: 100}, name='v')
    pred = a_video({7: 100, 8: 400}, {8: 400}, {8: 400, 3: 900}, {9: 100, 8: 400}, {9: 100}, {9: 400, 8: 100}, {})
    timeline = Timeline.of(gt, pred, official_quirks=False)
    assert timeline.people.tolist() == [0, 1] and timeline.frames.tolist() == list(range(7))
    assert timeline.identities.tolist() == [[7, MISSED, MISSED, 9, 9, 8, MISSED], [8, 8, 8, 8, MISSED, 9, ABSENT]]
    assert timeline.found.tolist() == [[15, 0, 0, 15, 15, 15, 0], [15, 15, 15, 15, 0, 15, 0]]
    assert timeline.annotated.tolist() == [[15] * 7, [15] * 6 + [0]]
    assert timeline.extra.tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert timeline.events() == [
        (0, 1, 'miss'),
        (0, 3, 'recovery'),
        (0, 3, 'switch'),
        (0, 5, 'switch'),
        (0, 6, 'miss'),
        (1, 4, 'miss'),
        (1, 5, 'recovery'),
        (1, 5, 'switch'),
    ]


def test_few_joints_cover_nobody() -> None:
    gt, pred = a_video(people_at(100), people_at(100)), a_video({5: 100}, {5: 100})
    for frame, number in zip(pred.frames, (3, 2)):
        frame.keypoints[:, number:] += 1000
    timeline = Timeline.of(gt, pred, official_quirks=False)
    assert timeline.identities.tolist() == [[5, MISSED]] and timeline.extra.tolist() == [0, 1]
    assert timeline.found.tolist() == [[3, 0]]


@pytest.mark.parametrize('official_quirks', [True, False])
def test_mota_over_time_is_that_of_the_frames_so_far(official_quirks: bool) -> None:
    gt = a_video(*[people_at(100, 400)] * 5)
    pred = a_video({0: 100, 1: 400}, {0: 100}, {1: 100, 0: 400}, {}, {5: 100, 6: 700})
    values = Timeline.of(gt, pred, official_quirks).mota
    for column in range(5):
        end = column + 2 if official_quirks else column + 1
        if end > 5:
            assert np.isnan(values[column])
            continue
        parts = [replace(video, frames=video.frames[:end]) for video in (gt, pred)]
        assert values[column] == evaluate(parts[:1], parts[1:], official_quirks=official_quirks).mota[-1]


def test_moments_with_events_come_first() -> None:
    events = [(0, 20, 'switch'), (0, 20, 'recovery'), (1, 15, 'recovery'), (1, 3, 'miss')]
    assert choose_moments(events, 40, 0) == []
    assert choose_moments(events, 40, 2) == [19, 20]
    assert choose_moments(events, 40, 3) == [15, 19, 20]
    assert choose_moments(events, 40, 4) == [3, 15, 19, 20]
    assert len(choose_moments(events, 40, 10)) == 10 and choose_moments(events, 5, 100)[:4] == [0, 1, 2, 3]
    assert choose_moments([], 40, 4) == [5, 15, 25, 35]
    assert choose_moments([], 0, 4) == []


def test_names() -> None:
    assert distinct_tails([Path('/a/x'), Path('/b/x'), Path('/b/y')]) == ['a/x', 'b/x', 'y']
    assert distinct_tails([Path('/x'), Path('/a/x')]) == ['/x', 'a/x']
    with pytest.raises(ValueError, match='twice'):
        distinct_tails([Path('/a/x'), Path('/a/../a/x')])


def test_plain_folders_without_images(run: Run, runs: list[Path], synthtrack: Path, tmp_path: Path) -> None:
    out, annotations = tmp_path / 'report.html', synthtrack / 'annotations/train'
    (name, _) = (video.name for video in read_folder(annotations))
    folders = [folder / 'posetrack' for folder in runs]
    status, _, complaints = run(
        *folders, '--annotations', annotations, '--out', out, '--sequences', name, '--max-frames', 3
    )
    assert status == 0 and complaints.splitlines() == [
        'warning: frames are shown without images: no config names any; --images names their folder'
    ]
    data = page_data(out.read_text())
    assert data['runs'] == ['right/posetrack', 'wrong/posetrack']
    assert [shown['name'] for shown in data['sequences']] == [name]
    assert [len(own['pictures']) for own in data['sequences'][0]['runs']] == [3, 3]
    assert Tables(out.read_text()).rows['summary'][1][9] == 0
    assert 'one of them has no config' in out.read_text()

    # Images that are not there, and no picture at all.
    status, _, complaints = run(*runs, '--out', out, '--images', tmp_path)
    assert status == 0 and len(complaints.splitlines()) == 1 and 'frames are shown without images' in complaints
    status, _, complaints = run(*runs, '--out', out, '--max-frames', 0)
    assert (status, complaints) == (0, '')


def test_figures_that_the_test_itself_had_otherwise(run: Run, runs: list[Path], tmp_path: Path) -> None:
    (runs[1] / 'metrics.json').write_text(json.dumps({'posetrack/mAP': 12.0}))
    _, _, complaints = run(*runs, '--out', tmp_path / 'report.html', '--max-frames', 0)
    assert complaints.startswith(f'warning: {runs[1]}/metrics.json: mAP is 12.00 there, ')


def test_a_sequence_without_annotated_people(run: Run, tmp_path: Path) -> None:
    for folder in ('gt', 'pred'):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / 'v.json', a_video({}, {}))
    arguments = (tmp_path / 'pred', '--annotations', tmp_path / 'gt', '--out', tmp_path / 'report.html')
    assert run(*arguments, '--images', tmp_path)[0] == 0
    assert '–' in (tmp_path / 'report.html').read_text()


def _no_config(first: Path) -> None:
    (first / 'config.py').unlink()


def _bad_config(first: Path) -> None:
    (first / 'config.py').write_text('test_evaluator = (')


def _no_results(first: Path) -> None:
    shutil.rmtree(first / 'posetrack')
    (first / 'posetrack').mkdir()


def _fewer_results(first: Path) -> None:
    (first / 'posetrack/000001_synth.json').unlink()


def _bad_results(first: Path) -> None:
    (first / 'posetrack/000001_synth.json').write_text('{}')


def _bad_metrics(first: Path) -> None:
    (first / 'metrics.json').write_text('[]')


def _nothing(first: Path) -> None:
    shutil.rmtree(first)


BAD = {
    'no config': (_no_config, [], "right, field 'config'", 'test_evaluator.ann_dir, or --annotations'),
    'bad config': (_bad_config, [], "right/config.py, field 'file'", 'a config as mmengine writes it'),
    'no results': (_no_results, [], "right/posetrack, field 'folder'", 'at least one *.json file'),
    'fewer results': (_fewer_results, [], "right, field 'file'", 'results for 000001_synth, as another run has'),
    'bad results': (_bad_results, [], 'right/posetrack/000001_synth.json', "'images' and 'annotations'"),
    'bad metrics': (_bad_metrics, [], "right/metrics.json, field 'file'", 'an object of figures'),
    'nothing': (_nothing, [], "right, field 'folder'", 'tools/test.py --out-dir'),
    'sequence': (None, ['--sequences', 'x'], "field '--sequences'", 'some of 000001_synth, 000002_synth'),
    'annotations': (None, ['--annotations', 'nowhere'], "nowhere, field 'folder'", 'annotations'),
    'images': (None, ['--images', 'nowhere'], "nowhere, field 'folder'", 'image names'),
    'out': (None, ['--out', 'nowhere/report.html'], 'nowhere: no such folder', 'to write the page to'),
}


@pytest.mark.parametrize(('change', 'options', 'place', 'expected'), BAD.values(), ids=BAD.keys())
def test_bad_input(
    run: Run,
    runs: list[Path],
    tmp_path: Path,
    change: Callable[[Path], None] | None,
    options: list[str],
    place: str,
    expected: str,
) -> None:
    # `no config` takes away the second's, too: annotations come from the first config that there is.
    for folder in runs if change is _no_config else runs[:1] if change else []:
        change(folder)
    out = [] if '--out' in options else ['--out', tmp_path / 'report.html']
    # One run that has all tells that the other lacks some.
    status, output, complaint = run(*runs, *out, *options)
    assert status == 1 and output == '' and len(complaint.splitlines()) == 1, complaint
    assert complaint.startswith('error: ') and place in complaint and expected in complaint
    assert not (tmp_path / 'report.html').exists()


def test_help_has_examples(run: Run) -> None:
    status, output, _ = run('--help')
    assert status == 0 and 'python tools/report.py results' in output


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A headless Chromium."""
    webdriver = pytest.importorskip('selenium.webdriver')
    chromium, driver = shutil.which('chromium'), shutil.which('chromedriver')
    if not chromium or not driver:
        pytest.skip('no chromium and chromedriver here')
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    for flag in ('headless', 'no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run', 'disable-sync'):
        options.add_argument(f'--{flag}')
    for flag in ('disable-background-networking', 'disable-component-update', f'user-data-dir={tmp_path / "profile"}'):
        options.add_argument(f'--{flag}')
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


def test_in_a_browser(run: Run, runs: list[Path], tmp_path: Path, browser: Any) -> None:
    run(*runs, '--out', tmp_path / 'report.html')
    browser.get((tmp_path / 'report.html').as_uri())

    def find(selector: str) -> Any:
        return browser.find_element('css selector', selector)

    def all_of(selector: str) -> list[Any]:
        return browser.find_elements('css selector', selector)

    def column(table: str, number: int) -> list[str]:
        return [cell.text.split()[0] for cell in all_of(f'#{table} tbody tr > :nth-child({number})')]

    def choose(select: str, index: int) -> None:
        find(f'#{select} option:nth-child({index + 1})').click()

    # Sorting, from the best down and back.
    before = column('per-sequence', 5)
    header = find('#per-sequence thead th:nth-child(5)')
    header.find_element('css selector', 'button').click()
    assert header.get_attribute('aria-sort') == 'descending'
    assert [float(text) for text in column('per-sequence', 5)] == sorted(map(float, before), reverse=True)
    header.find_element('css selector', 'button').click()
    assert [float(text) for text in column('per-sequence', 5)] == sorted(map(float, before))

    # The right run has no events, the wrong one has.
    assert not all_of('#timeline .switch') and not all_of('#timeline .miss')
    choose('run', 1)
    assert len(all_of('#timeline .switch')) == 2 and all_of('#timeline .miss') and all_of('#timeline .recovery')
    assert 'switches' in find('#counts').text and len(all_of('#timeline polyline.curve')) == 2

    # Each frame has its own picture, by a click, by the buttons and by the keys.
    def picture() -> str:
        assert find('#picture').is_displayed()
        assert browser.execute_script('return arguments[0].naturalWidth', find('#picture')) == 640
        return find('#picture').get_attribute('src')

    def click(frame: int) -> None:
        script = """
            const timeline = document.getElementById('timeline'), box = timeline.getBoundingClientRect();
            const place = {clientX: box.left + (arguments[0] + 0.5) * box.width / arguments[1], bubbles: true};
            timeline.dispatchEvent(new MouseEvent('click', place));
        """
        browser.execute_script(script, frame, 6)

    click(0)
    first = picture()
    assert find('#moment').text == 'frame 1' and not find('#previous').is_enabled()
    click(5)
    last = picture()
    assert last != first and find('#moment').text == 'frame 6' and not find('#next').is_enabled()
    find('#previous').click()
    assert find('#moment').text == 'frame 5' and picture() not in (first, last)
    find('body').send_keys('\ue014')  # the right arrow
    assert picture() == last
    assert 'identity 2, was' not in find('#people').text and 'person #1: identity 2' in find('#people').text
    choose('sequence', 1)
    assert picture() != last
    find('#per-sequence tbody button').click()
    assert 'frame' in find('#moment').text

    # On a phone the page itself does not scroll sideways.
    for width in (360, 1200):
        size = dict(width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
        browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
        assert browser.execute_script('return document.documentElement.scrollWidth') <= width
    assert [entry for entry in browser.get_log('browser') if entry['level'] == 'SEVERE'] == []


@pytest.fixture
def tracked(synthtrack: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A tracked video: the JSON, with the overlay beside it, and the frames."""
    (video,) = read_folder(synthtrack / 'annotations/val')
    images = synthtrack / 'images/val' / video.name
    path = tmp_path / f'{video.name}.json'
    write_video(path, video)
    overlay = OverlayVideo(path.with_suffix('.mp4'), 25)
    for image in sorted(images.iterdir()):
        overlay.write(cv2.imread(str(image)))
    overlay.close()
    return path, images


def test_a_tracked_video(run: Run, tracked: tuple[Path, Path], tmp_path: Path) -> None:
    path, images = tracked
    status, output, complaints = run(path, '--video', images)
    assert status == 0 and '8 frames' in output, complaints
    page = path.with_suffix('.html').read_text()
    identities = {track for frame in read_video(path).frames for track in frame.track_ids.tolist()}
    assert {int(number) for number in re.findall(r'id="identity-(\d+)"', page)} == identities
    assert 'const FPS = 25.0' in page
    overlay = OverlayVideo(path.with_suffix('.mp4'), 10)  # says how many frames a second a folder was taken to have
    overlay.write(np.zeros((64, 64, 3), np.uint8))
    overlay.close()
    assert run(path, '--video', images)[0] == 0 and 'const FPS = 10.0' in path.with_suffix('.html').read_text()
    path.with_suffix('.mp4').unlink()
    status, _, complaints = run(path, '--video', images, '--max-frames', 4)
    assert status == 2 and '--video: --max-frames is about tests' in complaints
    status, _, complaints = run(path, path, '--video', images)
    assert status == 2 and '--video: expected one JSON file, got 2' in complaints
    status, _, complaints = run(tmp_path / 'x.json', '--video', images)
    assert status == 1 and "x.json, field 'file'" in complaints
    status, _, complaints = run(path, '--video', 'rtsp://localhost:1/x')
    assert status == 1 and 'rtsp://localhost:1/x' in complaints


def test_a_tracked_video_in_a_browser(run: Run, tracked: tuple[Path, Path], browser: Any) -> None:
    path, images = tracked
    run(path, '--video', images)
    browser.get(path.with_suffix('.html').as_uri())

    def wait_for(frame: int) -> None:
        waiting = pytest.importorskip('selenium.webdriver.support.ui')
        moment = browser.find_element('id', 'moment')
        waiting.WebDriverWait(browser, 20).until(lambda _: moment.text.endswith(f', frame {frame}'))
        time = browser.execute_script('return document.getElementById("overlay").currentTime')
        assert int(25 * time) == frame

    wait_for(0)
    pictures = browser.find_elements('css selector', '.strip [data-frame="5"]')
    browser.execute_script('arguments[0].click()', pictures[0])
    wait_for(5)
    script = """
        const lane = document.querySelector('.row .lane'), box = lane.getBoundingClientRect();
        lane.dispatchEvent(new MouseEvent('click', {clientX: box.left + 2.5 / 8 * box.width, bubbles: true}));
    """
    browser.execute_script(script)
    wait_for(2)
    assert not browser.find_element('id', 'unplayable').is_displayed()
    size = dict(width=360, height=800, deviceScaleFactor=1, mobile=True)
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
    assert browser.execute_script('return document.documentElement.scrollWidth') <= 360
    assert [entry for entry in browser.get_log('browser') if entry['level'] == 'SEVERE'] == []
