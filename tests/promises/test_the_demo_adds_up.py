"""Whoever clones this and runs one command sees a whole crisis go out, and a report that holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PEOPLE = 600
SECONDS = 800.0


@pytest.mark.timeout(SECONDS + 10)
def test_a_reduced_demo_ends_with_every_check_ticked(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
    environment |= {"CLARION_DATABASE_URL": f"sqlite:///{tmp_path}/demo/clarion.db", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--people", str(PEOPLE)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    said, why = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, said + why
    assert "Everything adds up." in said
    assert "✗" not in said
    assert said.count("✓") >= 20
    assert "\x1b" not in said, "no control characters outside a terminal"
    assert "EXERCISE" not in said
    assert f"{PEOPLE} rows" in said
    assert "clarion route --need rescheduling" in said
    assert (tmp_path / "demo" / "site" / "manifest.json").exists()
