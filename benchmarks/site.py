"""How often a second `banner.json` is answered: nginx on the published folder, and `clarion serve` in both ways.

`python -m benchmarks.site --way nginx|deployed|edge|shortcut --people CONNECTIONS [--held] [--many]`. The server has
one core, wrk the other. `--held` asks with the ETag (304); `--many` speaks like many visitors, no two requests alike.
`nginx` is deploy/nginx.conf with open files kept besides: its best case, though it would serve old words for a minute.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from benchmarks import website
from tests.nginx import nginx

SECONDS: Final = 3
WARMING: Final = 1
FIGURE: Final = re.compile(r"([\d.]+)(us|ms|s|m)?$")
UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0, None: 1.0}
MANY: Final = """
local n = 0
request = function()
  n = n + 1
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0." .. n
  wrk.headers["Referer"] = "https://www.example.org/page/" .. n
  return wrk.format(nil, nil)
end
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=["nginx", "deployed", "edge", "shortcut"], required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--ports", type=Path, help="not used: no provider takes part")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory, _serving(given.way, Path(directory)) as at:
        print(json.dumps(_measure(given, at, Path(directory))))


@contextmanager
def _serving(way: str, directory: Path) -> Iterator[website.Running]:
    wired = website.sample(directory)
    wired.publisher.publish(wired.clock.now())
    wired.db.close()
    if way in ("edge", "shortcut"):
        with website.serving(directory, CLARION_SHORTCUT=str(way == "shortcut")) as running:
            yield running
        return
    folder = directory / "site"
    http = "open_file_cache max=1000;" if way == "nginx" else ""
    with nginx(_program("nginx"), folder=folder, http=http, around=website.ON_SERVER_CORE) as base:
        parent = int(next(Path(tempfile.gettempdir()).glob("clarion-nginx-*/nginx.pid")).read_text("utf-8"))
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text("utf-8").split()
        yield website.Running(base, int(children[0]))


def _measure(given: argparse.Namespace, at: website.Running, directory: Path) -> dict[str, Any]:
    url = f"{at.base}{website.BANNER}"
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        etag, size = answer.headers["etag"], len(answer.read())
    asked = [f"If-None-Match: {etag}"] if given.held else []
    script = directory / "many.lua"
    script.write_text(MANY, "utf-8")
    more = ["-s", str(script)] if given.many else []
    _wrk(url, given.people, WARMING, asked, more)
    before = website.cpu_seconds(at.pid)
    told = _wrk(url, given.people, SECONDS, asked, more)
    cpu = website.cpu_seconds(at.pid) - before
    answers = int(_after(r"(\d+) requests in", told))
    faults = re.findall(r"Socket errors.*|Non-2xx.*", told)
    return {
        "people": given.people,
        "requests_a_second": round(float(_after(r"Requests/sec:\s+([\d.]+)", told))),
        "a_cpu_second": round(answers / cpu) if cpu else 0,
        "p50_ms": _milliseconds(_after(r"(?m)^ +50% +(\S+)", told)),
        "p99_ms": _milliseconds(_after(r"(?m)^ +99% +(\S+)", told)),
        "bytes": size,
        "not_met": faults,
    }


def _wrk(url: str, connections: int, seconds: int, headers: list[str], more: list[str]) -> str:
    asked = [word for header in headers for word in ("-H", header)]
    command = [
        *website.ON_CLIENT_CORE,
        str(_program("wrk")),
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        *asked,
        *more,
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def _program(name: str) -> Path:
    found = shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/sbin")
    if found is None:
        raise SystemExit(f"{name} is missing; on Debian: apt-get install nginx-light wrk")
    return Path(found)


def _after(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk said something else:\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    found = FIGURE.match(text)
    if found is None:
        raise SystemExit(f"no duration: {text}")
    return round(float(found[1]) * UNITS[found[2]], 3)


if __name__ == "__main__":
    main()
