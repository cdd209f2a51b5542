"""One HTML page about one or several tests."""

from .build import PICTURES, build_report

__all__ = ['PICTURES', 'build_report']
