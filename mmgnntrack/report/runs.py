"""What a report knows of a run: its files, its settings and its figures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmgnntrack.evaluation.functional import (
    EvaluationCounts,
    PoseTrackResult,
    count_video,
    figures,
    filter_predictions,
    tracked_predictions,
)
from mmgnntrack.posetrack import PoseVideo, format_error, posetrack_files


@dataclass
class Run:
    """A test's results.

    Attributes:
        path: the folder as given.
        name: the shortest end of the path that no other run has.
        files: the result files by sequence.
        config: the config, empty where the folder has none.
        config_text: its text.
        metrics: the figures that the test itself wrote.
    """

    path: Path
    name: str
    files: dict[str, Path]
    config: Config
    config_text: str
    metrics: dict[str, Any]

    @classmethod
    def read(cls, path: Path, name: str) -> 'Run':
        """Find the files of a run and read its config.

        Raises:
            ValueError: naming the file or folder, what was expected and what came.
        """
        if not path.is_dir():
            expected = 'a folder that tools/test.py --out-dir wrote, or one of PoseTrack result files'
            raise format_error(path, 'folder', expected, 'a file' if path.exists() else 'nothing')
        results = path / 'posetrack'
        files = {file.stem: file for file in posetrack_files(results if results.is_dir() else path)}
        config = config_file(path)
        text = config.read_text() if config else ''
        metrics = path / 'metrics.json'
        return cls(
            path=path,
            name=name,
            files=files,
            config=read_config(config) if config else Config(),
            config_text=text,
            metrics=read_metrics(metrics) if metrics.is_file() else {},
        )

    @property
    def evaluator(self) -> dict[str, Any]:
        """The settings of the test's `PoseTrackMetric`."""
        known = self.config.get('test_evaluator') or []
        known = known if isinstance(known, list) else [known]
        return next((item for item in known if str(item.get('type')).endswith('PoseTrackMetric')), {})

    @property
    def images(self) -> Path | None:
        """The folder that the names of the frames' images are relative to, None where no config says."""
        data = (self.config.get('test_dataloader') or {}).get('dataset') or {}
        prefix = (data.get('data_prefix') or {}).get('img') or ''
        return Path(data.get('data_root') or '', prefix) if data.get('data_root') or prefix else None


def config_file(folder: Path) -> Path | None:
    """The config in a folder: `config.py`, or in older runs the only Python file, mmengine's own copy."""
    files = sorted(folder.glob('*.py'))
    named = [file for file in files if file.name == 'config.py']
    return (named or files)[0] if named or len(files) == 1 else None


def read_config(path: Path) -> Config:
    """Read a config without importing what it names.

    Raises:
        PoseTrackFormatError: for what is no config.
    """
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a config is a program: anything can go wrong in it
        raise format_error(path, 'file', 'a config as mmengine writes it', f'{error!r:.70}') from error


def read_metrics(path: Path) -> dict[str, Any]:
    """Read the figures that a test wrote.

    Raises:
        PoseTrackFormatError: for what is no JSON object.
    """
    try:
        metrics = json.loads(path.read_text())
    except ValueError as error:
        raise format_error(path, 'file', 'JSON', str(error)) from error
    if not isinstance(metrics, dict):
        raise format_error(path, 'file', 'an object of figures', type(metrics).__name__)
    return metrics


def distinct_tails(paths: Sequence[Path]) -> list[str]:
    """For each path its shortest end that no other has.

    >>> distinct_tails([Path('/a/x'), Path('/b/x'), Path('/b/y')])
    ['a/x', 'b/x', 'y']

    Raises:
        ValueError: for a path that is there twice.
    """
    parts = [path.resolve().parts for path in paths]
    for index, own in enumerate(parts):
        if own in parts[:index]:
            raise ValueError(f'{paths[index]}: expected each run once, got it twice')
    tails = []
    for own in parts:
        lengths = range(1, len(own))
        alone = (length for length in lengths if [other[-length:] for other in parts].count(own[-length:]) == 1)
        tails.append(str(Path(*own[-next(alone, len(own)) :])))
    return tails


@dataclass
class Rules:
    """How a run is counted, see `PoseTrackMetric`."""

    joint_score_thr: float = 0.0
    pose_score_thr: float = 0.0
    official_quirks: bool = True

    @classmethod
    def of(cls, run: Run, joint_score_thr: float | None = None) -> 'Rules':
        """Those of the run's own test, but for the threshold where one is given."""
        known = {field.name: run.evaluator[field.name] for field in fields(cls) if field.name in run.evaluator}
        return cls(**known | ({} if joint_score_thr is None else {'joint_score_thr': joint_score_thr}))

    @property
    def thresholds(self) -> tuple[float, float]:
        """Those of joints and poses."""
        return self.joint_score_thr, self.pose_score_thr

    def kept(self, pred: PoseVideo) -> PoseVideo:
        """The predictions that tracking figures see. Without thresholds those without scores stay, too."""
        return filter_predictions(pred, *self.thresholds) if max(self.thresholds) > 0 else tracked_predictions(pred)


@dataclass
class RunCounts:
    """What one or several sequences contribute to a run's figures: all predictions, and those above the thresholds."""

    every: EvaluationCounts
    kept: EvaluationCounts

    @classmethod
    def of(cls, gt: PoseVideo, every: PoseVideo, kept: PoseVideo, official_quirks: bool) -> 'RunCounts':
        """Those of one sequence."""
        return cls(*(count_video(gt, pred, official_quirks=official_quirks) for pred in (every, kept)))

    @classmethod
    def total(cls, parts: Sequence['RunCounts']) -> 'RunCounts':
        """Those of several sequences, at least one."""
        return cls(
            EvaluationCounts.total([part.every for part in parts]),
            EvaluationCounts.total([part.kept for part in parts]),
        )

    def figures(self) -> dict[str, np.ndarray]:
        """The figures by name, each (16,) in percent: the joints, then the total. AP is of all predictions, the
        others are of those above the thresholds, as in `PoseTrackMetric`."""
        every, kept = figures(self.every), figures(self.kept)
        return {'mAP': every.ap, 'mAP filtered': kept.ap} | tracking_figures(kept)


def tracking_figures(result: PoseTrackResult) -> dict[str, np.ndarray]:
    """The figures of tracking by name, each (16,)."""
    return {
        'MOTA': result.mota,
        'Miss': result.miss_rate,
        'Switch': result.switch_rate,
        'FP': result.false_positive_rate,
        'IDF1': result.idf1,
        'HOTA': result.hota,
    }
