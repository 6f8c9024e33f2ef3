"""Programs some tests need that no Python package brings: a browser, a web server, fonts.

`python -m tests.programs` installs what is missing, as root where there is apt; elsewhere it says what will be skipped.
A test asks with `program("nginx")` and is skipped by name without it, or fails where CLARION_REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGES: Final = {
    "chromium": "/usr/bin/chromium",
    "fonts-lao": "/usr/share/fonts/truetype/lao",
    "fonts-noto-core": "/usr/share/fonts/truetype/noto",
    "nginx-light": "/usr/sbin/nginx",
    "pgbouncer": "/usr/sbin/pgbouncer",
}
"""Debian packages, each with a file or folder only it would have put there."""
MINUTES: Final = 10
"""For one call of apt; a mirror that hangs must not hang the tests."""
SYSTEM_FOLDERS: Final = "/usr/sbin:/sbin"


def program(name: str) -> Path:
    """Where this program is. Skips the test by name without it; fails it under CLARION_REQUIRE_BROWSER=1."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
    if found is not None:
        return Path(found)
    reason = f"{name} is not installed: `make browser` as root on Debian or Ubuntu brings it"
    if os.environ.get("CLARION_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def missing() -> Iterator[str]:
    """The packages this machine lacks."""
    return (package for package, trace in PACKAGES.items() if not Path(trace).exists())


def install() -> int:
    """Bring what is missing; the exit code. Where that is impossible, say so and succeed: the tests skip by name."""
    wanted = list(missing())
    if not wanted:
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.stderr.write(f"Without {', '.join(wanted)} some tests are skipped (Debian packages, installed as root).\n")
        return 0
    sys.stdout.write(f"Installing {', '.join(wanted)} for the tests\n")
    # RUNLEVEL=1: a server package starts no service when it is installed in single-user mode.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *wanted]):
        done = subprocess.run(
            [apt, "--quiet=2", *command], env=environment, timeout=MINUTES * 60, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(install())
