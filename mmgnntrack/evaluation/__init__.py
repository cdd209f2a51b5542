"""Evaluation of tracked poses. The functions need numpy and scipy alone; the registered metric is imported by name."""
