"""An S3-speaking server on loopback: moto, one request at a time, so that its conditional writes are atomic.

`python -m tests.rig.s3` prints its port. It checks the signature of every request against botocore's own signer,
which moto leaves out, lets everybody read, and can be told to mind no conditional header, as some stores do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from channels.s3 import Place

KEY_ID: Final = "AKIDEXAMPLE"
SECRET: Final = "a secret that only tests know"
REGION: Final = "eu-central-1"
EVERYBODY: Final = (
    f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=0"
)
"""Moto asks whether a request is signed, not whether the signature is right."""
DEAF: Final = "CLARION_TEST_S3_DEAF"
"""Set = conditional headers are not heard."""

Start = Callable[..., Any]


def place(port: int, bucket: str, **changes: Any) -> Place:
    facts = {
        "base_url": f"http://127.0.0.1:{port}",
        "region": REGION,
        "bucket": bucket,
        "access_key_id": KEY_ID,
        "secret_access_key": SECRET,
        "private": True,
    }
    return Place(**{**facts, **changes})


@contextmanager
def s3_server(*, deaf: bool = False) -> Iterator[int]:
    """The port of a server of its own."""
    environment = {**os.environ, **({DEAF: "1"} if deaf else {})}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.rig.s3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


class Checked:
    """WSGI: refuses what is not signed as botocore would sign it."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, deaf: bool) -> None:
        self._app = app
        self._deaf = deaf

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ.get("HTTP_AUTHORIZATION") and not _is_genuine(environ, body):
            start("403 Forbidden", [("content-type", "application/xml")])
            return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"} and not environ.get("HTTP_AUTHORIZATION"):
            environ["HTTP_AUTHORIZATION"] = EVERYBODY
        if self._deaf:
            for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
                environ.pop(name, None)
        import io

        environ["wsgi.input"] = io.BytesIO(body)
        return self._app(environ, start)


def _is_genuine(environ: dict[str, Any], body: bytes) -> bool:
    import hashlib

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = environ["HTTP_AUTHORIZATION"]
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: _header(environ, name) for name in names}
    if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return False
    url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    request = AWSRequest(method=environ["REQUEST_METHOD"], url=url, data=body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials(KEY_ID, SECRET), "s3", REGION)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return bool(given.endswith(f"Signature={signature}"))


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}", ""))


def main() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_args: Any, **_more: Any) -> None:
            return

    app = Checked(DomainDispatcherApplication(create_backend_app), deaf=DEAF in os.environ)
    server = make_server("127.0.0.1", 0, app, threaded=False, request_handler=Quiet)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
