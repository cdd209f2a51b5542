"""How much memory a process takes."""

from pathlib import Path


def peak_memory() -> float:
    """MiB of this process so far; that of `resource` would be its parent's where that is larger."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return int(next(line for line in lines if line.startswith('VmHWM:')).split()[1]) / 1024
