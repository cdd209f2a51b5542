"""Packaging. The one thing out of the ordinary: `mim` looks for configs and tools in `mmgnntrack/.mim`."""

import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
PACKAGE = 'mmgnntrack'
MIM_FILES = ('configs', 'tools', 'model-index.yml', 'dataset-index.yml')


def copy_mim_files(package_dir: Path) -> None:
    """Copies what mim needs into a wheel's package folder, where an earlier build may have left its own."""
    shutil.rmtree(package_dir / '.mim', ignore_errors=True)
    for name in MIM_FILES:
        source, target = ROOT / name, package_dir / '.mim' / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__pycache__'))
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def link_mim_files() -> None:
    """Links what mim needs into the source package, so that an editable install sees every edit."""
    folder = ROOT / PACKAGE / '.mim'
    folder.mkdir(exist_ok=True)
    for name in MIM_FILES:
        link = folder / name
        if link.is_symlink():
            link.unlink()
        if (ROOT / name).exists() and not link.exists():
            link.symlink_to(Path(os.path.relpath(ROOT / name, folder)))


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            link_mim_files()
            self._point_mim_to_source()
        else:
            copy_mim_files(Path(self.build_lib) / PACKAGE)

    def _point_mim_to_source(self) -> None:
        """mim joins the folder of a package's metadata with the first line of its top_level.txt. A PEP 660 editable
        install keeps its metadata in site-packages, so that line has to lead to the source."""
        wheel = Path(self.distribution.get_command_obj('install').install_lib)
        for top_level in wheel.glob('*.dist-info/top_level.txt'):
            top_level.write_text(f'{ROOT / PACKAGE}\n{PACKAGE}\n')


class Develop(develop):
    def run(self) -> None:
        link_mim_files()
        super().run()


def read_requirements(name: str) -> list[str]:
    return (ROOT / 'requirements' / f'{name}.txt').read_text().split()


namespace: dict[str, str] = {}
exec((ROOT / PACKAGE / 'version.py').read_text(), namespace)

setup(
    name=PACKAGE,
    version=namespace['__version__'],
    description='Online multi-person pose tracking that learns how people move, for MMPose and MMDetection',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    include_package_data=True,
    package_data={PACKAGE: ['weights/*.pth'], f'{PACKAGE}.report': ['*.html', '*.css', '*.js']},
    entry_points={'console_scripts': ['mmgnntrack=mmgnntrack.command_line:main']},
    install_requires=read_requirements('runtime'),
    extras_require={
        'mim': read_requirements('mminstall'),
        'tests': read_requirements('tests'),
        'optional': read_requirements('optional'),
    },
    cmdclass={'build_py': BuildPy, 'develop': Develop},
)
