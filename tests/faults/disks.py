"""Disks that are too small."""

from __future__ import annotations

import subprocess
from pathlib import Path


def enlarge(disk: Path) -> None:
    """Give the `small_disk` fixture's disk enough space."""
    subprocess.run(["mount", "-o", "remount,size=30m", disk], check=True)
