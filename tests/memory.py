"""Where tests write: into memory where there is plenty, for a disk makes each of their many commits wait.

Nothing here proves what a power cut leaves on a disk; processes that are killed leave the same behind in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

SHARED: Final = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it
ROOM: Final = 6 * 2**30
"""Bytes that must be free; the databases of three workers need less than one."""


def write_to_memory() -> None:
    """For this process and those it starts. TMPDIR has its way; a disk it is where memory is short or runs nothing."""
    if "TMPDIR" not in os.environ and SHARED.is_dir() and _is_roomy() and _runs_programs():
        os.environ["TMPDIR"] = str(SHARED)
        tempfile.tempdir = None  # asked for anew


def _is_roomy() -> bool:
    known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    available = int(known["MemAvailable"].split()[0]) * 1024
    return os.access(SHARED, os.W_OK) and min(available, shutil.disk_usage(SHARED).free) >= ROOM


def _runs_programs() -> bool:
    """A container's may not; PostgreSQL's programs are copied beside its data."""
    return not os.statvfs(SHARED).f_flag & os.ST_NOEXEC
