"""The two long-running processes: the web process and, on a server database, the worker."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.errors import Invalid, Problem, Unavailable
from app.settings import Settings
from app.terminal import console

if TYPE_CHECKING:
    import uvicorn

    from app.wiring import Wiring

app = typer.Typer()

GRACE_SECONDS: Final = 10
"""For requests under way when the process is asked to stop; calls to providers have their own time."""

SWITCH_SECONDS: Final = 0.0005
"""Python's own is 0.005: with five busy threads a callback waited a hundred milliseconds for its next step."""

Host = Annotated[str, typer.Option(help="Address to listen on.")]
MetricsPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Numbers for Prometheus on a port of their own, without a token."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    behind_proxy: Annotated[
        str, typer.Option(metavar="ADDRESSES", help="Believe X-Forwarded-For from these proxies, comma-separated.")
    ] = "",
    metrics_port: MetricsPort = None,
) -> None:
    """Run the web process: website, API and callbacks; on SQLite the engine too."""
    settings = _measured(metrics_port)
    listen(lambda: _wired(settings), settings, host=host, port=port, behind_proxy=behind_proxy)


@app.command()
def work(metrics_port: MetricsPort = None) -> None:
    """Run a worker: any number, on any machine, on one server database."""
    settings = _measured(metrics_port)
    if settings.sqlite_path() is not None:
        raise Invalid(
            Problem(
                "one_engine",
                "On SQLite the engine runs inside the web process; a worker would have nothing to do.",
                "CLARION_DATABASE_URL",
                "Run `clarion serve`, or name a PostgreSQL database.",
            )
        )
    from app.observe import configure_logging
    from app.wiring import build

    configure_logging(settings.log_level)
    wiring = build(settings)
    settle_in()
    with asyncio.Runner(loop_factory=_event_loop) as runner:
        runner.run(_work(wiring))


def settle_in() -> None:
    """Once everything is built, before the long run.

    The event loop answers and sends while threads speak to the database: nobody keeps the interpreter for 5 ms. And
    what lives as long as the process is not looked through for garbage any more: a hundred milliseconds each time, in
    which nothing leaves and nobody is answered.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()


def _event_loop() -> asyncio.AbstractEventLoop:
    """The quicker one where it is installed, as in the web process."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def listen(make: Callable[[], Wiring], settings: Settings, *, host: str, port: int, behind_proxy: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C; what is under way comes home first. Nothing is made before the door is ours."""
    with _bound(host, port) as door:
        server = _server(make(), behind_proxy)
        settle_in()
        many_connections()
        _announce(settings, door)
        server.run([door])
    if not server.started:
        raise Unavailable(
            Problem("not_started", "The web process did not start; the line above says why.", "", "Mend it, try again.")
        )


def _measured(metrics_port: int | None) -> Settings:
    settings = Settings()
    return settings if metrics_port is None else settings.model_copy(update={"metrics_port": metrics_port})


def many_connections() -> None:
    """As many open files as the system lets us have; its usual 1,024 is soon used up by visitors who stay."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):  # some systems state more than they give
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _wired(settings: Settings) -> Wiring:
    from app.main import prepared

    logging.getLogger("alembic").setLevel(logging.WARNING)
    return prepared(settings)


def _server(wired: Wiring, behind_proxy: str) -> uvicorn.Server:
    import uvicorn

    from app.main import create_app
    from app.site.shortcut import shortcut

    config = uvicorn.Config(
        create_app(wiring=wired),
        loop="auto",  # uvloop where it is installed
        http=shortcut(wired.shelf, wired.hub) if wired.settings.shortcut else "httptools",
        access_log=False,  # the application logs each request once, without its query
        log_config=None,
        proxy_headers=bool(behind_proxy),
        forwarded_allow_ips=behind_proxy or None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # that it runs, we say ourselves
    return uvicorn.Server(config)


def _bound(host: str, port: int) -> socket.socket:
    """Raise Unavailable when the address is taken or not ours."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.set_inheritable(True)
    except OSError as error:
        door.close()
        raise Unavailable(
            Problem(
                "address_taken",
                f"{host}:{port} cannot be listened on: {error.strerror}.",
                "--port",
                "Choose another port with --port, or stop what uses this one.",
            )
        ) from None
    return door


async def _work(wiring: Wiring) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with wiring.running():
        await stop.wait()


def _announce(settings: Settings, door: socket.socket) -> None:
    host, port = door.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    screen = console(error=True)
    screen.print(f"Clarion listens on [name]{address}[/name]; others are told to come to {settings.public_base}")
    screen.print(f"  pages   {address}/en/   {address}/en/contact")
    if settings.sample_site:
        screen.print(f"  sample  {address}/sample/   a customer's website, to watch an update appear on")
    screen.print(f"  API     {address}/api/v1/openapi.json   (Authorization: Bearer clk_…)", markup=False)
    screen.print("  stop    Ctrl-C; calls to providers come home first")
