import json
import multiprocessing
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import save_checkpoint

from mmgnntrack.apis import video_outputs
from mmgnntrack.apis.pose_track_inferencer import find_config
from mmgnntrack.apis.video_outputs import VideoOutputs
from mmgnntrack.engine.claims import Claim, ClaimedError
from mmgnntrack.posetrack import COCO, PoseStream, read_poses, read_video
from mmgnntrack.registry import MODELS
from mmgnntrack.visualization import OverlayVideo

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/track_video.py'
CONFIG = 'full_rtmdet-tiny_hrnet-w32_coco'
FORK = multiprocessing.get_context('fork')
FRAMES = 18  # of a video that is interrupted: enough to be in the midst of it


@pytest.fixture(scope='module')
def options(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The small models with random weights, matched by oks; everyone is tracked."""
    folder = tmp_path_factory.mktemp('weights')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(repository / 'configs/mini/gnn_hrnet-mini_synthtrack.py').model)
    found = ['--config', 'gnn_hrnet-mini_synthtrack']
    for option, part in {'--detector-checkpoint': model.detector, '--pose-checkpoint': model.pose_estimator}.items():
        file = folder / f'{option[2:]}.pth'
        save_checkpoint(dict(state_dict=part.model.state_dict()), str(file))
        found += [option, str(file)]
    tracker = ('matching=oks', 'init_score_thr=0.0', 'min_similarity=0.0')
    settings = [
        *(f'model.tracker.{setting}' for setting in tracker),
        'model.detector.model.test_cfg.rcnn.max_per_img=3',
    ]
    return [*found, '--cfg-options', *settings]


@pytest.fixture
def frames(synthtrack: Path) -> Path:
    return next((synthtrack / 'images/val').iterdir())


def length_of(video: Path) -> int:
    capture = cv2.VideoCapture(str(video))
    return sum(1 for _ in iter(lambda: capture.read()[0], False))


@pytest.fixture
def track(run_tool: Callable) -> Iterator[Callable]:
    """The tool, on one thread: on more, sums depend on chance, and the peaks of random heatmaps on sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield run_tool(TOOL)
    torch.set_num_threads(threads)


def test_all_outputs(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    outputs = ('--save-json', 'posetrack', 'coco', '--save-video')
    status, output, errors = track(frames, '--out-dir', tmp_path, *outputs, *options)
    assert status == 0, errors
    assert f'{tmp_path}: 8 frames' in output
    assert {path.name for path in tmp_path.iterdir()} == {
        f'{frames.name}{end}' for end in ('.json', '.coco.json', '.mp4', '.png')
    }
    video = read_video(tmp_path / f'{frames.name}.json')
    results = json.loads((tmp_path / f'{frames.name}.coco.json').read_text())
    assert len(video) == length_of(tmp_path / f'{frames.name}.mp4') == 8
    assert sum(map(len, video.frames)) == len(results) > 8
    assert video.frames[3].file_name == '000003.jpg'


def test_ctrl_c_and_resume(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """What is done is whole, and the rest is as if nothing had happened."""
    many = tmp_path / 'many'
    many.mkdir()
    images = sorted(frames.iterdir())
    for number in range(FRAMES):  # there and back
        place = number % 14
        (many / f'{number:03}.jpg').symlink_to(images[place if place < 8 else 14 - place])
    arguments = [many, *options, '--smooth', '--save-video', '--save-json', 'posetrack', '--save-panels', 'fusion']
    arguments.append('--out-dir')
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    assert track(*arguments, whole)[0] == 0

    results = FORK.SimpleQueue()
    process = FORK.Process(target=lambda: results.put(track(*arguments, parts)), daemon=True)
    process.start()
    lines = parts / '.many.frames.jsonl'
    while process.is_alive() and not (lines.is_file() and list(parts.glob('.many.mp4.*.partial.mp4'))):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    process.join(timeout=60)
    assert process.exitcode == 0 and not results.empty()
    status, output, errors = results.get()
    assert status == 0 and '--resume goes on from there' in output, errors
    done = len(read_video(parts / 'many.json'))
    assert 0 < done < FRAMES and length_of(parts / 'many.mp4') == length_of(parts / 'many_fusion.mp4') == done

    assert track(*arguments, parts, '--resume', '--report')[0] == 0
    assert (parts / 'many.json').read_text() == (whole / 'many.json').read_text()
    for drawn in ('many.mp4', 'many.png'):
        assert (parts / drawn).read_bytes() == (whole / drawn).read_bytes()
    assert length_of(parts / 'many_fusion.mp4') == FRAMES
    files = {'many.json', 'many.mp4', 'many.png', 'many_fusion.mp4', 'many.html', 'many_overlay.webm'}
    assert {path.name for path in parts.iterdir()} == files
    assert length_of(parts / 'many_overlay.webm') == FRAMES

    torch.save(({}, 0, '', False, dict(source=str(frames), every='1')), parts / '.many.state.pth')
    status, _, errors = track(*arguments, parts, '--resume')
    assert status == 1 and f'many was begun with source {frames}, got {many}' in errors
    torch.save(({}, 0, '', False, dict(every='3', save_json="['posetrack']")), parts / '.many.state.pth')
    status, _, errors = track(*arguments, parts, '--resume')
    assert status == 1 and 'many was begun with --every 3, got 1' in errors
    (parts / '.many.state.pth').unlink()
    status, _, errors = track(*arguments, parts, '--resume')
    assert status == 1 and 'nothing of many to resume' in errors


def test_killed_again_and_again(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """What is under a final name is whole, and at the end all is as if nothing had happened."""
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    arguments = ['--save-video', '--save-json', 'posetrack', '--smooth', *options]
    assert track(frames, '--out-dir', whole, *arguments)[0] == 0
    resume, lines = [], parts / f'.{frames.name}.frames.jsonl'
    for killed_after in (1, 4, 6):
        process = FORK.Process(target=saved_often, args=(track, frames, '--out-dir', parts, *arguments, *resume))
        process.start()
        while process.is_alive() and not (lines.is_file() and lines.read_bytes().count(b'\n') >= killed_after):
            time.sleep(0.01)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not [path for path in parts.iterdir() if not path.name.startswith('.')]
        resume = ['--resume']
    assert track(frames, '--out-dir', parts, *arguments, *resume)[0] == 0
    assert {path.name: path.read_bytes() for path in parts.iterdir()} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }


def saved_often(track: Callable, *arguments: object) -> None:
    """Runs the tool in a process of its own, which saves after every other frame, and writes at once."""
    video_outputs.SAVE_EVERY = 2
    append = PoseStream.append
    PoseStream.append = lambda stream, *frame: (append(stream, *frame), stream.flush())
    track(*arguments)


def test_a_state_that_is_broken(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    begun = tmp_path / 'begun'
    arguments = ('--save-json', 'posetrack', *options)
    process = FORK.Process(target=saved_often, args=(track, frames, '--out-dir', begun, *arguments))
    process.start()
    name = f'.{frames.name}.state.pth'
    while process.is_alive() and not (begun / name).is_file():
        time.sleep(0.01)
    process.kill()
    process.join()
    data = (begun / name).read_bytes()
    harmed = {'torn': data[: len(data) // 2], 'empty': b'', 'no state': b'hello'}
    for harm in ('malicious', 'of another version', *harmed):
        out = tmp_path / harm
        shutil.copytree(begun, out)
        if harm == 'malicious':
            torch.save((Path('/'), os.system, 3), out / name)
        elif harm == 'of another version':
            (kept, *others) = torch.load(out / name, weights_only=True)
            torch.save((dict(memory=kept['memory']), *others), out / name)
        else:
            (out / name).write_bytes(harmed[harm])
        status, _, errors = track(frames, '--out-dir', out, *arguments, '--resume')
        assert status == 1 and f'--resume: {out / name} is ' in errors.splitlines()[-1]
        assert track(frames, '--out-dir', out, *arguments)[0] == 0, harm


def test_one_that_has_lost_its_claim_removes_nothing(
    track: Callable, frames: Path, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was still for so long, while it wrote its files, that another one works on the video."""
    closing, close = [], VideoOutputs.close

    def check(claim: Claim) -> None:
        if closing:
            raise ClaimedError('somebody else has it')

    def slow(outputs: VideoOutputs, done: bool, check: Callable[[], None]) -> None:
        closing.append(outputs)
        close(outputs, done, check)

    monkeypatch.setattr(Claim, 'check', check)
    monkeypatch.setattr(VideoOutputs, 'close', slow)
    status, _, errors = track(frames, '--out-dir', tmp_path, '--save-json', 'posetrack', *options)
    assert status == 1 and 'somebody else has it' in errors
    assert (tmp_path / f'.{frames.name}.frames.jsonl').is_file()


def test_two_at_once(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """The second one says so, and harms nothing."""
    with Claim(tmp_path / f'.{frames.name}.claim'):
        status, _, errors = track(frames, '--out-dir', tmp_path, '--save-json', 'posetrack', *options)
        assert status == 1 and f'{tmp_path}: {frames.name} is being worked on by process' in errors
    assert not list(tmp_path.iterdir())


def test_many(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """Of two videos and a broken one."""
    videos, out = tmp_path / 'videos', tmp_path / 'out'
    for name, start in dict(one=0, two=4).items():
        (videos / name).mkdir(parents=True)
        for path in sorted(frames.iterdir())[start : start + 3]:
            (videos / name / path.name).symlink_to(path)
    (videos / 'three.mp4').write_bytes(b'no video')
    status, output, errors = track(videos, '--out-dir', out, *options)
    assert status == 1 and '3 videos: 2 done, 1 failed; 6 frames' in output, errors
    assert 'three.mp4: expected a video' in output
    assert {path.name for path in out.iterdir() if not path.name.startswith('.')} == {
        *(f'{name}.{end}' for name in ('one', 'two') for end in ('json', 'mp4', 'png')),
        'manifest.jsonl',
    }
    before = (out / 'one.json').stat()
    status, output, _ = track(videos / 'one', videos / 'two', '--out-dir', out, *options)
    assert status == 0 and '2 videos: 2 done; 6 frames' in output and (out / 'one.json').stat() == before
    alone = tmp_path / 'alone'
    assert track(videos / 'two', '--out-dir', alone, *options)[0] == 0
    assert (alone / 'two.json').read_bytes() == (out / 'two.json').read_bytes()


def test_join(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """Poses and picture are those of afterwards, also if the video was ended and resumed."""
    arguments = [frames, *options, '--report', '--save-json', 'coco', '--join', '4', '--out-dir']
    status, output, errors = track(*arguments, tmp_path)
    assert status == 0 and '8 frames' in output and f'{tmp_path}/{frames.name}.html' in output, errors
    assert {path.name for path in tmp_path.iterdir()} == {
        f'{frames.name}{end}' for end in ('.json', '.coco.json', '.mp4', '.png', '.html', '_overlay.webm')
    }
    document = json.loads((tmp_path / f'{frames.name}.json').read_text())
    assert document['info']['join'] == 4
    video = read_video(tmp_path / f'{frames.name}.json')
    assert len(video) == length_of(tmp_path / f'{frames.name}.mp4') == 8
    page = (tmp_path / f'{frames.name}.html').read_text()
    identities = {track_id for frame in video.frames for track_id in frame.track_ids.tolist()}
    assert {int(number) for number in re.findall(r'id="identity-(\d+)"', page)} == identities
    results = json.loads((tmp_path / f'{frames.name}.coco.json').read_text())
    assert [pose['track_id'] for pose in results] == [i for frame in video.frames for i in frame.track_ids]

    assert track(frames, *options, '--save-json', 'posetrack', '--out-dir', tmp_path / 'plain')[0] == 0
    plain = read_video(tmp_path / 'plain' / f'{frames.name}.json')
    assert sum(map(len, plain.frames)) <= sum(map(len, video.frames))
    moved = [
        len(a) != len(b) or not np.array_equal(a.keypoints, b.keypoints) for a, b in zip(plain.frames, video.frames)
    ]
    assert any(moved)


@pytest.mark.parametrize(
    ('options', 'message'),
    [(('--join', '4'), '--join needs --save-json alone'), (('--report',), '--report needs a file or a folder')],
)
def test_a_stream_cannot_be_read_again(track: Callable, options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    video = OverlayVideo(tmp_path / 'a.mp4', 25)
    video.write(np.zeros((64, 64, 3), np.uint8))
    video.close()
    status, _, errors = track(f'file://{tmp_path}/a.mp4', '--out-dir', tmp_path / 'out', *options)
    assert status == 1 and message in errors and not (tmp_path / 'out').exists()


def test_the_public_models(track: Callable, frames: Path, tmp_path: Path) -> None:
    """What is taken without --config, with COCO's joints; random weights in the place of those to download."""
    model = MODELS.build(find_config(CONFIG).model)
    options = ['--cfg-options', 'model.tracker.init_score_thr=-1.0', 'model.detector.score_thr=0.0']
    for option, part in {'--detector-checkpoint': model.detector, '--pose-checkpoint': model.pose_estimator}.items():
        save_checkpoint(dict(state_dict=part.model.state_dict()), str(tmp_path / f'{option}.pth'))
        options = [option, tmp_path / f'{option}.pth', *options]
    few = tmp_path / 'few'
    few.mkdir()
    for path in sorted(frames.iterdir())[:2]:
        (few / path.name).symlink_to(path)
    status, _, errors = track(few, '--out-dir', tmp_path / 'out', '--max-people', '2', *options)
    assert status == 0, errors
    video = read_poses(tmp_path / 'out/few.json')
    assert video.skeleton == COCO and len(video) == length_of(tmp_path / 'out/few.mp4') == 2


def test_panels_that_the_matching_has_not(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    status, _, errors = track(frames, '--out-dir', tmp_path / 'out', '--save-panels', 'attention', *options)
    assert status == 1 and "panel 'attention' needs matching" in errors and not (tmp_path / 'out').exists()


def test_frames_that_cannot_be_decoded(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    """Picture and pose of a frame keep its number."""
    some = tmp_path / 'some'
    some.mkdir()
    for path in sorted(frames.iterdir())[:4]:
        (some / path.name).write_bytes(path.read_bytes()[: 20 if path.stem in ('000001', '000002') else None])
    with pytest.warns(UserWarning, match='frame 1 is skipped'):
        status, output, errors = track(some, '--out-dir', tmp_path, '--save-panels', 'fusion', *options)
    assert status == 0 and '4 frames, 2 of them could not be decoded' in output, errors
    assert length_of(tmp_path / 'some.mp4') == length_of(tmp_path / 'some_fusion.mp4') == 4
    assert list(map(len, read_video(tmp_path / 'some.json').frames))[1:3] == [0, 0]


def test_no_frame_can_be_decoded(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    some = tmp_path / 'some'
    some.mkdir()
    for path in sorted(frames.iterdir())[:2]:
        (some / path.name).write_bytes(path.read_bytes()[:20])
    with pytest.warns(UserWarning, match='frame 0 is skipped'):
        status, _, errors = track(some, '--out-dir', tmp_path, '--save-json', 'posetrack', *options)
    assert status == 1 and 'expected frames, got 2, none of which can be decoded' in errors


def test_what_a_run_is_not_resumed_with(
    track: Callable, frames: Path, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights under the same name, more frames, other poses; and an older run's state is gone when one begins
    anew."""
    some = tmp_path / 'some'
    some.mkdir()
    for path in sorted(frames.iterdir())[:3]:
        (some / path.name).write_bytes(path.read_bytes())
    pose = tmp_path / 'pose.pth'
    pose.write_bytes(Path(options[options.index('--pose-checkpoint') + 1]).read_bytes())
    options = [str(pose) if option.endswith('pose-checkpoint.pth') else option for option in options]
    out = ('--out-dir', tmp_path / 'out', '--save-json', 'posetrack')
    monkeypatch.setattr(VideoOutputs, 'close', interrupted)
    assert track(some, *out, *options)[0] == 1
    (state,) = (tmp_path / 'out').glob('.*.state.pth')
    kept = state.read_bytes()
    (some / '000099.jpg').write_bytes(path.read_bytes())
    status, _, errors = track(some, *out, *options, '--resume')
    assert status == 1 and 'out/some was begun with frames 3, got 4' in errors
    (some / '000099.jpg').unlink()
    lines = tmp_path / 'out/.some.frames.jsonl'
    lines.write_text(lines.read_text().replace('"frame_id":1', '"frame_id":7', 1))
    status, _, errors = track(some, *out, *options, '--resume')
    assert status == 1 and f'{lines}: expected the frames of an earlier run, got others' in errors
    weights = torch.load(pose, weights_only=True)
    weights['state_dict']['head.final_layer.bias'] += 1
    torch.save(weights, pose)
    status, _, errors = track(some, *out, *options, '--resume')
    assert status == 1 and re.search('out/some was begun with weights [0-9a-f]{12}, got [0-9a-f]{12}', errors)
    monkeypatch.setattr(VideoOutputs, 'add', interrupted)
    assert state.read_bytes() == kept
    assert track(some, *out, *options)[0] == 1 and not state.exists()
    monkeypatch.undo()
    status, _, errors = track(some, *out, *options, '--resume')  # nothing was saved: from the beginning
    assert status == 0 and len(read_video(tmp_path / 'out/some.json')) == 3, errors
    status, _, errors = track(some, *out, *options, '--resume')
    assert status == 1 and 'nothing of some to resume' in errors


def interrupted(outputs: VideoOutputs, *_: object) -> None:
    """As if the process ended there."""
    if len(outputs):
        outputs.save()
    raise ValueError('interrupted')


def test_the_source_is_not_written_over(track: Callable, options: list[str], tmp_path: Path) -> None:
    source = tmp_path / 'dance.mp4'
    writer = cv2.VideoWriter(str(source), cv2.VideoWriter_fourcc(*'mp4v'), 5.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    before = source.read_bytes()
    status, _, errors = track(source, '--out-dir', tmp_path, *options)
    assert status == 1 and 'dance.mp4 would be written over' in errors
    assert source.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ['dance.mp4']


def test_joints_of_another_model(track: Callable, frames: Path, options: list[str], tmp_path: Path) -> None:
    status, _, errors = track(frames, '--out-dir', tmp_path / 'out', '--metainfo', 'coco.py', *options)
    assert status == 1 and '--metainfo coco.py: expected the 15 joints of the model' in errors
    assert not (tmp_path / 'out').exists()


def test_a_real_clip(track: Callable, real_data: Path, options: list[str], tmp_path: Path) -> None:
    clip = real_data / 'posetrack18/videos/000001_mpiinew_test/000001_mpiinew_test.mp4'
    settings = ('--every', '2', '--smooth', '--max-people', '2')
    assert track(clip, '--out-dir', tmp_path, *settings, *options)[0] == 0
    video = read_video(tmp_path / f'{clip.stem}.json')
    assert len(video) == length_of(clip) == length_of(tmp_path / f'{clip.stem}.mp4')
    assert 0 < max(map(len, video.frames)) <= 2


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nothing.mp4'], 'nothing.mp4: no such file'),
        (['.', '--every', '0'], '--every: expected 1 or more, got 0'),
        (['rtsp://localhost:1/x'], 'expected a video, camera or stream'),
        (['.', '--show'], '--show needs a screen, and there is no DISPLAY'),
    ],
)
def test_bad_input(
    track: Callable, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    status, _, errors = track(*arguments)
    assert status and message in errors
    assert not list(tmp_path.iterdir())
