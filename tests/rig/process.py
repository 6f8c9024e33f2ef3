"""The rig in a process of its own, so that killing the service cannot hurt it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE
from tests.rig.client import ControlClient
from tests.rig.ledger import Keep

ROOT = Path(__file__).parents[2]


class RigProcess:
    """`with RigProcess() as rig: rig.addresses["twilio"], rig.control.counts()`.

    Without a `directory` it works in a temporary one, removed at the end.
    """

    def __init__(self, *, keep: Keep = Keep.BODIES, directory: Path | None = None, timeout: float = PATIENCE) -> None:
        self._keep = keep
        self._directory = directory
        self._timeout = timeout
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, Any] = {}

    @property
    def control(self) -> ControlClient:
        return ControlClient(self.addresses["control"])

    def start(self) -> Self:
        """Returns when every provider listens; raises TimeoutError or RuntimeError with the process's own words."""
        if self._directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="clarion-rig-")
            self._directory = Path(self._temporary.name)
        ports_file = self._directory / "ports.json"
        ports_file.unlink(missing_ok=True)
        errors = self._directory / "rig.stderr"
        command = [sys.executable, "-m", "tests.rig", "--ports-file", str(ports_file), "--keep", self._keep.value]
        command += ["--dir", str(self._directory)] if self._temporary is None else []
        with errors.open("wb") as stderr:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=stderr)
        deadline = time.monotonic() + self._timeout
        while not ports_file.exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"the rig ended at once: {errors.read_text(errors='replace')}")
            if time.monotonic() > deadline:
                self.stop()
                raise TimeoutError("the rig did not start")
            time.sleep(0.01)
        self.addresses = json.loads(ports_file.read_text(encoding="utf-8"))
        return self

    def stop(self) -> None:
        """SIGTERM, then SIGKILL where that is not heard."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(PATIENCE)
            self._process = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = self._directory = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
