import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgnntrack.apis import many_videos
from mmgnntrack.apis.many_videos import MOST_DEATHS, Outcome, all_done, find_sources, summary, work_through
from mmgnntrack.engine.claims import Claim

FORK = multiprocessing.get_context('fork')


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Videos of 2, 10 and 4 frames, and a folder of frames."""
    folder = tmp_path / 'videos'
    (folder / 'frames').mkdir(parents=True)
    cv2.imwrite(str(folder / 'frames/0.png'), np.zeros((48, 64, 3), np.uint8))
    (folder / 'notes').mkdir()
    (folder / 'notes.md').write_text('no video')
    for name, length in dict(clip2=2, clip10=10, clip4=4).items():
        writer = cv2.VideoWriter(str(folder / f'{name}.mp4'), cv2.VideoWriter_fourcc(*'mp4v'), 5.0, (64, 48))
        for _ in range(length):
            writer.write(np.zeros((48, 64, 3), np.uint8))
        writer.release()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / 'out'
    folder.mkdir()
    return folder


def names(sources: list[str]) -> list[str]:
    return [Path(source).name for source in sources]


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / 'manifest.jsonl').read_text().splitlines()]


def counted(source: str, claim: Claim) -> Outcome:
    return Outcome(over=True, frames=7, broken=0, people=2)


def test_what_sources_are(videos: Path, tmp_path: Path) -> None:
    clips = ['clip2.mp4', 'clip4.mp4', 'clip10.mp4']
    assert names(find_sources([str(videos)])) == [*clips, 'frames']
    assert names(find_sources([f'{videos}/*.mp4', f'{videos}/clip4.mp4'])) == clips
    assert names(find_sources([f'{videos}/frames/*.png'])) == ['*.png']
    (tmp_path / 'list.txt').write_text(f'# mine\n{videos}/clip4.mp4\n\n  {videos}/frames\nnothing.mp4\n')
    assert names(find_sources([str(tmp_path / 'list.txt'), '0'])) == ['clip4.mp4', 'frames', 'nothing.mp4', '0']
    alone = ('rtsp://camera/x', f'{videos}/frames', f'{videos}/frames/', f'{videos}/notes', 'nothing*.mp4', '3')
    for source in (*alone, '/dev/null'):
        assert find_sources([source]) == [source]


def test_what_is_left_out_of_a_folder(videos: Path) -> None:
    """The folder of results, whose contact sheets look like frames, and what is hidden."""
    (videos / 'out').mkdir()
    (videos / 'out/sheet.png').write_bytes(b'')
    (videos / '._clip2.mp4').write_bytes(b'')
    assert names(find_sources([str(videos)], videos / 'out')) == ['clip2.mp4', 'clip4.mp4', 'clip10.mp4', 'frames']


def test_what_is_no_list_of_videos(videos: Path, tmp_path: Path) -> None:
    loop, empty = tmp_path / 'loop.txt', tmp_path / 'empty.txt'
    loop.write_text(str(loop))
    (tmp_path / 'null.txt').write_text('a.mp4\nb\0.mp4\n')
    empty.write_text('# nothing\n')
    (videos / 'cover.jpg').write_bytes(b'')
    (tmp_path / 'a.png').write_bytes(b'')
    (tmp_path / 'b.png').write_bytes(b'')
    for arguments, message in {
        (str(loop),): 'lists itself',
        (str(tmp_path / 'null.txt'),): r'null\.txt, line 2: expected a path, .*, got .b.x00\.mp4',
        (str(empty),): 'expected videos, got none',
        (str(videos),): 'expected images or videos, got both',
        (str(tmp_path / 'a.png'), str(tmp_path / 'b.png')): 'a glob in quotes',
    }.items():
        with pytest.raises(ValueError, match=message):
            find_sources(arguments)


def test_names_of_a_list_are_of_any_bytes(tmp_path: Path) -> None:
    """Also those that are no UTF-8, that look like the number of a camera, or that no file can have."""
    (tmp_path / 'list.txt').write_bytes(b'\xef\xbb\xbf\xff.mp4\r\n' + b'9' * 400 + '\n²\n'.encode())
    assert find_sources([str(tmp_path / 'list.txt')]) == ['\udcff.mp4', '9' * 400, '²']


def test_two_of_one_name(videos: Path, tmp_path: Path) -> None:
    (tmp_path / 'clip2.avi').write_bytes(b'')
    with pytest.raises(ValueError, match=r'different names, got .*clip2\.mp4 and .*clip2\.avi'):
        find_sources([str(videos), str(tmp_path / 'clip2.avi')])


def test_the_longest_first_and_none_twice(videos: Path, out: Path) -> None:
    seen = []

    def track(source: str, claim: Claim) -> Outcome:
        claim.check()
        seen.append(Path(source).name)
        return counted(source, claim)

    sources = find_sources([str(videos)])
    entries = work_through(sources, out, 'a', track)
    assert seen == ['clip10.mp4', 'clip4.mp4', 'clip2.mp4', 'frames']
    assert [entry['source'] for entry in entries] == sources and all_done(entries)
    assert summary(entries) == '4 videos: 4 done; 28 frames, 8 people'
    work_through(sources, out, 'a', track)
    assert len(seen) == 4
    work_through(sources[:1], out, 'b', track)  # with other options
    assert seen[4:] == ['clip2.mp4']


def test_a_bad_one_does_not_stop_the_rest(videos: Path, out: Path) -> None:
    tries = []

    def track(source: str, claim: Claim) -> Outcome:
        tries.append(source)
        if 'clip10' in source:
            raise ValueError('no frame can be decoded')
        if 'clip4' in source:
            raise RuntimeError('out of memory')
        return counted(source, claim)

    sources = find_sources([str(videos)])
    entries = work_through(sources, out, 'a', track)
    assert not all_done(entries)
    errors = {Path(entry['source']).name: entry['error'] for entry in lines(out)}
    expected = {'clip10.mp4': 'no frame can be decoded', 'clip4.mp4': "RuntimeError('out of memory')"}
    assert errors == expected | {'clip2.mp4': None, 'frames': None}
    assert summary(entries).splitlines()[1:] == [f'  {videos}/clip4.mp4: {errors["clip4.mp4"]}'] + [
        f'  {videos}/clip10.mp4: no frame can be decoded'
    ]
    assert len(tries) == 4 and len(work_through(sources, out, 'a', track)) == len(tries)
    assert work_through(sources, out, 'a', counted, retry=True) and all_done(work_through(sources, out, 'a', track))
    assert len(tries) == 4


def test_one_name_of_two_videos(videos: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given by two commands, from two places; and one video that is given in two ways."""
    other = tmp_path / 'other'
    other.mkdir()
    (other / 'clip2.mp4').write_bytes((videos / 'clip2.mp4').read_bytes())
    monkeypatch.chdir(videos)
    assert all_done(work_through(['clip2.mp4'], out, 'a', counted))
    assert all_done(work_through([str(videos / 'clip2.mp4')], out, 'a', counted)) and len(lines(out)) == 1
    monkeypatch.chdir(other)
    (entry,) = work_through(['clip2.mp4'], out, 'a', counted)
    assert f'another video of that name is in this folder, {videos}/clip2.mp4' in entry['error']
    long = f'{"x" * 250}.mp4'
    entries = work_through([long, str(videos / 'clip4.mp4')], out, 'a', counted)
    assert [entry['state'] for entry in entries] == ['failed', 'done'] and 'too long' in entries[0]['error']


def test_an_interruption_ends_the_work(videos: Path, out: Path) -> None:
    def interrupted(source: str, claim: Claim) -> Outcome:
        return Outcome(over='clip4' not in source, frames=1, broken=0, people=1)

    sources = find_sources([str(videos)])
    entries = work_through(sources, out, 'a', interrupted)
    assert [entry.get('state') for entry in entries] == [None, 'interrupted', 'done', None]
    assert '1 done, 1 interrupted, 2 not begun' in summary(entries)
    assert all_done(work_through(sources, out, 'a', counted))


def work(sources: list[str], out: Path, seen: Path, deadly: str | None = None) -> None:
    def track(source: str, claim: Claim) -> Outcome:
        if deadly and deadly in source:
            os.kill(os.getpid(), signal.SIGKILL)
        with seen.open('a') as file:
            file.write(f'{source}\n')
        time.sleep(0.2)
        return counted(source, claim)

    work_through(sources, out, 'a', track)


def test_another_has_done_it_meanwhile(videos: Path, out: Path) -> None:
    """While this process was suspended: it then fails without its files, which is not to be recorded."""
    sources = [str(videos / 'clip2.mp4')]

    def suspended(source: str, claim: Claim) -> Outcome:
        claim.path.unlink()
        work_through(sources, out, 'x', counted)
        claim._looked = 0.0
        raise FileNotFoundError('the other has cleared up')

    (entry,) = work_through(sources, out, 'x', suspended)
    assert entry['state'] == 'done' and entry['frames'] == 7 and len(lines(out)) == 1


def test_several_processes_share_the_work(videos: Path, out: Path, tmp_path: Path) -> None:
    """What one was killed over is done by another."""
    sources = find_sources([str(videos)])
    workers = [
        FORK.Process(target=work, args=(sources, out, tmp_path / 'seen', deadly)) for deadly in ('clip10', '', '')
    ]
    for worker in workers:
        worker.start()
        time.sleep(0.1)  # the first gets the longest
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [-signal.SIGKILL, 0, 0]
    assert sorted((tmp_path / 'seen').read_text().split()) == sorted(sources)
    assert sorted(entry['source'] for entry in lines(out)) == sorted(sources)
    assert {entry['state'] for entry in lines(out)} == {'done'} and not list(out.glob('*.claim*'))


def test_a_video_that_kills(videos: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is given up, and said to."""
    monkeypatch.setattr(many_videos, '_PATIENCE', 0.05)
    sources = find_sources([str(videos)])
    for _ in range(MOST_DEATHS):
        worker = FORK.Process(target=work, args=(sources, out, tmp_path / 'seen', 'clip4'))
        worker.start()
        worker.join(timeout=60)
        assert worker.exitcode == -signal.SIGKILL
    entries = work_through(sources, out, 'a', counted)
    errors = [entry['error'] for entry in entries if entry['state'] == 'failed']
    assert errors == [f'{MOST_DEATHS} processes in a row have died of it']
