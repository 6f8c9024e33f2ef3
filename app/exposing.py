"""Numbers for Prometheus on a port of their own: no token, no database needed, one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST

from app.errors import Problem, Unavailable
from app.observe import logger

SILENT_CLIENT_SECONDS: Final = 5.0


@contextmanager
def exposing(numbers: Callable[[], bytes], host: str, port: int) -> Iterator[int]:
    """`GET /metrics` on host:port until the end of the block; gives the port. Raise Unavailable when it is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SILENT_CLIENT_SECONDS

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = numbers()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Nothing: a scrape every few seconds is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        sentence = f"{host}:{port} cannot be listened on: {error.strerror}."
        remedy = "Choose another port, or stop what uses this one."
        raise Unavailable(Problem("address_taken", sentence, "--metrics-port", remedy)) from None
    server.daemon_threads = True
    taken = int(server.server_address[1])
    logger("clarion").info("metrics_listen", host=host, port=taken)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
