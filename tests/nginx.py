"""A real nginx in front of a folder or a web process, from the configuration files customers get."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.architecture.tree import ROOT
from tests.patience import PATIENCE

AROUND: Final = """
{user}
worker_processes 1;
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    sendfile on;
    tcp_nopush on;
    {http}
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    {server}
}}
"""
TRIES: Final = 5
"""A free port is found by opening it, so somebody else may take it before nginx does."""


@contextmanager
def nginx(
    program: Path,
    server: str = "nginx.conf",
    *,
    folder: Path | None = None,
    web: str = "http://127.0.0.1:9",
    http: str = "",
    around: tuple[str, ...] = (),
) -> Iterator[str]:
    """The address of a running nginx with `deploy/{server}`; `web` is the web process, port 9 nobody."""
    with tempfile.TemporaryDirectory(prefix="clarion-nginx-") as directory:
        place = Path(directory)
        for _ in range(TRIES):
            address = _free()
            text = (ROOT / "deploy" / server).read_text("utf-8")
            text = text.replace("listen 80;", f"listen {address};")
            text = text.replace("/data/site", str(folder or place)).replace("http://web:8000", web)
            text = text.replace("/var/cache/nginx/clarion", f"{place}/cache")
            user = "user root;" if os.geteuid() == 0 else ""
            configured = place / "nginx.conf"
            configured.write_text(AROUND.format(user=user, place=place, server=text, http=http), "utf-8")
            command = [str(program), "-p", str(place), "-c", str(configured)]
            checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=PATIENCE)
            assert checked.returncode == 0, checked.stderr
            process = subprocess.Popen([*around, *command], stderr=subprocess.DEVNULL)
            try:
                if _answers(process, address):
                    yield f"http://{address}"
                    return
            finally:
                process.terminate()
                process.wait(PATIENCE)
        raise AssertionError((place / "error.log").read_text("utf-8"))


def _free() -> str:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{door.getsockname()[1]}"


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=PATIENCE):
            return True
        time.sleep(0.02)
    return False
