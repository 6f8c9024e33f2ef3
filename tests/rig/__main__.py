"""`python -m tests.rig --ports-file F [--dir D]`: the rig as a process of its own, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.rig.ledger import Keep
from tests.rig.rig import Rig


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    parser.add_argument("--ports-file", type=Path, help="write the addresses here as JSON, whole or not at all")
    parser.add_argument("--dir", type=Path, help="keep ledger.ndjson in this directory")
    parser.add_argument("--keep", type=Keep, choices=list(Keep), default=Keep.BODIES, help="what stays in memory")
    options = parser.parse_args()
    if options.dir is not None:
        options.dir.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        asyncio.run(serve(options.ports_file, options.dir, options.keep))
    else:
        import uvloop

        uvloop.run(serve(options.ports_file, options.dir, options.keep))


async def serve(ports_file: Path | None, directory: Path | None, keep: Keep) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Rig(keep=keep, directory=directory) as rig:
        text = json.dumps({**rig.addresses(), "pid": os.getpid()}, indent=2)
        if ports_file is not None:
            part = ports_file.with_name(ports_file.name + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(ports_file)
        print(text, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
