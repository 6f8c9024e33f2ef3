"""compose.yaml starts what it says it starts: checked without Docker."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
import yaml

from app.cli import app as command_line
from app.settings import Settings
from tests.architecture.tree import ROOT

FILE = ROOT / "compose.yaml"
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|KEY)")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load(FILE.read_text("utf-8"))
    return dict(document["services"])


def test_there_is_a_database_the_web_process_two_workers_and_nginx(services: dict[str, Any]) -> None:
    assert set(services) == {"database", "migrate", "web", "worker", "nginx"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert [name for name in services if "ports" in services[name]] == ["nginx"]


def test_whatever_stays_up_has_a_healthcheck_and_comes_back(services: dict[str, Any]) -> None:
    for name in services.keys() - {"migrate"}:
        assert services[name]["healthcheck"]["test"][0] == "CMD", name
        assert services[name]["restart"] == "unless-stopped", name


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    for service in services.values():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert value.startswith("${"), key
    assert re.search(r"//[^:]+:\$\{POSTGRES_PASSWORD:\?", FILE.read_text("utf-8"))


def test_the_commands_and_settings_exist(services: dict[str, Any]) -> None:
    commands = typer.main.get_command(command_line).commands  # type: ignore[attr-defined]  # a group, as its tests know
    for name in ("migrate", "web", "worker"):
        first, *rest = services[name]["command"]
        options = {option for one in commands[first].params for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= options, name
        for key in services[name]["environment"]:
            assert key.removeprefix("CLARION_").lower() in Settings.model_fields, key


def test_nginx_serves_the_folder_the_publisher_writes(services: dict[str, Any]) -> None:
    written = services["web"]["environment"]["CLARION_PUBLISH_DIR"]
    assert f"root {written};" in (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    assert "site:/data:ro" in services["nginx"]["volumes"]
    assert "site:/data" in services["web"]["volumes"]
