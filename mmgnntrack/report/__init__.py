"""HTML pages about tests, and about tracked videos."""

from .build import PICTURES, build_report
from .identities import by_number
from .video_report import write_video_report

__all__ = ['PICTURES', 'build_report', 'by_number', 'write_video_report']
