from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.patience import PATIENCE
from tests.rig import Collector, RigProcess
from tests.rig.rig import PROVIDERS
from tests.unit.rig.conftest import messages


@pytest.fixture
def process() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


def text(process: RigProcess, to: str, **form: str) -> int:
    known = process.addresses["credentials"]["twilio"]
    login = base64.b64encode(f"{known['account_sid']}:{known['auth_token']}".encode()).decode()
    data = urlencode({"To": to, "From": known["sender"], "Body": "Hello", **form}).encode()
    address = process.addresses["twilio"] + messages()
    request = urllib.request.Request(address, data, {"Authorization": f"Basic {login}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_ports_file_names_every_provider_and_its_credentials(process: RigProcess) -> None:
    names = {*PROVIDERS, "control", "credentials", "pid"}
    assert set(process.addresses) == names
    assert process.addresses["twilio"].startswith("http://127.0.0.1:")
    assert process.addresses["smtp"].startswith("127.0.0.1:")
    assert process.addresses["credentials"]["sendgrid"]["event_public_key"].startswith(
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQc"
    )


def test_a_rig_in_another_process_is_steered_and_read_over_its_control(process: RigProcess) -> None:
    control = process.control
    collector = Collector(control.entries)
    collector.expect("twilio", "+15005551001", within=(0, PATIENCE), contains="Hello")
    control.behave("twilio", "throttle", nth=1, seconds=2)

    assert [text(process, "+15005551001") for _ in range(2)] == [429, 201]

    counts = control.until(lambda counts: counts["twilio"]["accepted"] == 1)
    assert counts["twilio"]["refused"] == {"throttle": 1}
    assert counts["twilio"]["first_request_at"] <= counts["twilio"]["first_accepted_at"] <= counts["now"]
    assert [rule["fired"] for rule in control.rules()] == [1]
    assert control.requests("twilio", since=0)["count"] == 2
    assert control.repeats("twilio")["count"] == 0
    collector.finish()
    control.clear_rules()
    text(process, "+15005551001")
    assert control.repeats("twilio", by="body")["first"][0]["times"] == 2
    with pytest.raises(AssertionError, match="extra"):
        collector.finish()


def test_a_provider_goes_down_and_up_by_control(process: RigProcess) -> None:
    def refused() -> bool:
        try:
            text(process, "+15005551009")
        except urllib.error.URLError:
            return True
        return False

    process.control.down("twilio")
    process.control.until(lambda _: refused())
    process.control.up("twilio")
    process.control.until(lambda _: not refused())


def test_control_answers_nonsense_with_a_sentence(process: RigProcess) -> None:
    control = process.control
    with pytest.raises(ValueError, match="no such effect"):
        control.behave("", "no such effect")
    with pytest.raises(ValueError, match="unknown in a plan"):
        control.plan("twilio", delai=1)
    with pytest.raises(ValueError, match="refusing to kill"):
        control.aim(os.getpid())
    control.plan("twilio", delay_seconds=0, statuses=["sent"])
    control.clear_plan("twilio")
    control.set_sendgrid_event_url("")
    control.expire_bluesky_sessions()
    assert control.kills() == []
    assert control.addresses()["twilio"] == process.addresses["twilio"]


def test_the_rig_stops_when_asked_and_leaves_its_ledger_in_the_directory(tmp_path: Path) -> None:
    with RigProcess(directory=tmp_path) as started:
        text(started, "+15005551001")
        pid = started.addresses["pid"]

    assert len((tmp_path / "ledger.ndjson").read_bytes().splitlines()) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_rig_runs_with_the_packages_of_the_run_set_only() -> None:
    program = (
        "import sys, tests.rig, tests.rig.__main__\n"
        "print(*({'pytest', 'aiosmtpd', 'hypothesis', 'httpx', 'jsonschema', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.strip() == ""
