"""HTML pages about tests, and about tracked videos."""

from .build import PICTURES, build_report
from .video_report import write_video_report

__all__ = ['PICTURES', 'build_report', 'write_video_report']
