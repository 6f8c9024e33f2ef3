"""The demo's registry, playbooks and endpoints, saved by the same acts that staff use."""

from __future__ import annotations

from typing import Any

from app.demo.stage import Stage
from app.demo.texts import library, playbooks, registry, story, word
from app.domain.principals import HOST
from app.store.documents import Kind
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts

REGISTRY = (
    (Kind.CONTACT_CHANNEL, "contact_channels"),
    (Kind.NEED, "needs"),
    (Kind.ROUTING_RULE, "routing_rules"),
)
LIBRARY = ((Kind.FAQ, "faq"), (Kind.HELP_LINK, "help_links"))


def load_registry(stage: Stage) -> str:
    """What was loaded, as a sentence."""
    db, now = stage.wiring.db, stage.wiring.clock.now()
    for kind, name in REGISTRY:
        for document in registry()[name]:
            save_document(db, HOST, kind, document["slug"], document, 0, now)
    for kind, name in LIBRARY:
        for document in library()[name]:
            save_document(db, HOST, kind, document["slug"], document, 0, now)
    for document in playbooks():
        own = story()["playbook_changes"] if document["slug"] == story()["playbook"] else {}
        save_document(db, HOST, Kind.PLAYBOOK, document["slug"], {**document, **own}, 0, now)
    site = {"slug": "main", "origins": [stage.url], "languages": story()["site_languages"]}
    save_document(db, HOST, Kind.SITE, "main", site, 0, now)
    save_audience(db, HOST, "everyone", {"rule": {"all": True}}, 0, now)
    counts = {name.split("_")[-1]: len(registry()[name]) for _, name in REGISTRY}
    return word("registry", playbooks=len(playbooks()), **counts)


def load_endpoints(stage: Stage) -> None:
    wiring = stage.wiring
    for one in story()["endpoints"]:
        document = {name: value for name, value in one.items() if name not in ("slug", "provider")}
        document["settings"] = {**one.get("settings", {}), **_found(stage, one["channel"], one["provider"])}
        save_endpoint(wiring.db, wiring.keyring, channel_facts, HOST, one["slug"], document, 0, wiring.clock.now())
    for provider, plan in story()["reports"].items():
        stage.control.plan(provider, **plan)
    stage.control.set_sendgrid_event_url(f"{stage.url}/callbacks/sendgrid")


def _found(stage: Stage, channel: str, provider: str) -> dict[str, Any]:
    """The settings that only this run knows: ports and the providers' credentials."""
    address = str(stage.providers.get(provider, ""))
    secrets = dict(stage.providers["credentials"].get(provider, {}))
    match channel:
        case "site":
            return {"read_back_url": f"{stage.url}/site/main/banner.json"}
        case "social_mastodon":
            return {"base_url": address, "access_token": secrets["access_token"]}
        case "social_bluesky":
            return {"base_url": address, "identifier": secrets["handle"], "app_password": secrets["app_password"]}
        case "webhook":
            return {"url": f"{address}/crisis", "secret": secrets["secret"]}
        case "email_smtp":
            host, _, port = address.rpartition(":")
            return {"host": host, "port": int(port), **secrets}
        case _:
            return {"base_url": address, **secrets}
