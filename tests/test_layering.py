"""Which parts may import what, and other rules that hold for every file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {'mmengine', 'mmcv', 'mmdet', 'mmpose'}
#: Folder of the package, and the packages that it must not import.
LAYERS = {
    'functional': FRAMEWORKS,
    'evaluation/functional': FRAMEWORKS | {'torch', 'torchvision'},
    'posetrack': FRAMEWORKS | {'torch', 'torchvision'},
    'formats': FRAMEWORKS | {'torch', 'torchvision'},
    'synthetic': FRAMEWORKS | {'torch', 'torchvision'},
}
#: The parts of the package that follow the same rules, so that the layers may import them.
PURE = ('mmgnntrack.disk_list', 'mmgnntrack.files', *(f'mmgnntrack.{layer.replace("/", ".")}' for layer in LAYERS))
#: Arguments that a class hands on to OpenMMLab's base classes.
HANDED_ON = {'self', 'init_cfg', 'data_preprocessor', 'collect_device', 'prefix'}

SOURCES = [path for folder in ('mmgnntrack', 'tools') for path in sorted((ROOT / folder).rglob('*.py'))]
SOURCES = [path for path in SOURCES if '.mim' not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = '.'.join([*base, *filter(None, [node.module])])
            yield module
            yield from (f'{module}.{alias.name}' for alias in node.names)


@pytest.mark.parametrize('layer', LAYERS)
def test_layers_import_no_framework(layer: str) -> None:
    paths = sorted((ROOT / 'mmgnntrack' / layer).rglob('*.py'))
    assert len(paths) > 2
    for path in paths:
        for module in imported(path):
            assert module.partition('.')[0] not in LAYERS[layer], f'{name(path)} imports {module}'
            ours = module == 'mmgnntrack' or module.startswith('mmgnntrack.')
            assert not ours or module.startswith(PURE), f'{name(path)} imports {module}'


def test_imports_are_seen() -> None:
    """The tests above would see what they forbid."""
    found = set(imported(ROOT / 'mmgnntrack/models/tracker/pose_tracker.py'))
    assert {'mmpose.registry', 'mmgnntrack.registry', 'torch', 'mmgnntrack.models.decoding'} <= found


BLOCKED = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {packages!r}:
            raise ImportError(f'{{name}} is blocked')

sys.meta_path.insert(0, Blocker())
try:
    import mmengine
    sys.exit('nothing is blocked')
except ImportError:
    pass
import {module}
"""


@pytest.mark.parametrize('layer', LAYERS)
def test_layers_work_without_the_frameworks(layer: str) -> None:
    module = f'mmgnntrack.{layer.replace("/", ".")}'
    code = BLOCKED.format(packages=sorted(LAYERS[layer]), module=module)
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_evaluation_runs_without_torch() -> None:
    gt, pred = (ROOT / f'tests/data/poseval/plain/{folder}' for folder in ('gt', 'pred'))
    code = BLOCKED.format(packages=sorted(FRAMEWORKS | {'torch'}), module='mmgnntrack.evaluation.functional')
    code += (
        'from mmgnntrack.evaluation.functional import evaluate\n'
        'from mmgnntrack.posetrack import read_folder\n'
        f'print(evaluate(read_folder({str(gt)!r}), read_folder({str(pred)!r})).mota[15])\n'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 100


@pytest.mark.parametrize('path', SOURCES, ids=name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize('path', SOURCES, ids=name)
def test_a_class_decides_one_thing(path: Path) -> None:
    """At most eight arguments of its own; more settings belong to dataclasses beside the code that uses them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == '__init__':
                    own = {argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)} - HANDED_ON
                    assert len(own) <= 8, f'{name(path)}: {node.name} has {len(own)} arguments: {sorted(own)}'


@pytest.mark.parametrize('path', SOURCES, ids=name)
def test_tools_are_commands_and_imports_mean_what_they_say(path: Path) -> None:
    """No tool imports a neighbour, nothing changes where Python looks, and nothing is imported for checkers alone."""
    source = path.read_text()
    assert 'TYPE_CHECKING' not in source
    assert 'sys.path' not in source or name(path) == 'tools/eval_posetrack.py'
    if path.is_relative_to(ROOT / 'tools'):
        neighbours = {neighbour.stem for neighbour in path.parent.glob('*.py')} - {'test'}
        assert not neighbours & {module.partition('.')[0] for module in imported(path)}


def test_the_words_of_matching_are_known_in_one_place() -> None:
    assert [name(path) for path in SOURCES if 'matching ==' in path.read_text()] in ([], ['modes.py'])


def test_importing_the_package_takes_no_framework() -> None:
    code = 'import sys, mmgnntrack; print({name.partition(".")[0] for name in sys.modules})'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not (FRAMEWORKS | {'torch', 'numpy', 'cv2'}) & ast.literal_eval(done.stdout)


def test_public_names() -> None:
    import mmgnntrack

    assert set(mmgnntrack.__all__) <= set(dir(mmgnntrack))
    for public in mmgnntrack.__all__:
        assert getattr(mmgnntrack, public) is not None
    with pytest.raises(AttributeError, match='nothing_of_it'):
        mmgnntrack.nothing_of_it  # noqa: B018


@pytest.mark.parametrize('path', [path for path in SOURCES if path.is_relative_to(ROOT / 'mmgnntrack')], ids=name)
def test_no_assert_statements(path: Path) -> None:
    lines = [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
    assert not lines
