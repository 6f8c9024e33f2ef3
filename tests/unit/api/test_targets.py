"""Targets of the website over HTTP."""

from __future__ import annotations

import pytest

from tests.faces import Api

CLOUD = {
    "slug": "cloud",
    "kind": "s3",
    "settings": {"bucket": "b", "region": "eu", "access_key_id": "AKID", "secret_access_key": "hidden"},
    "public_url": "https://status.example.net",
}


def test_a_target_is_saved_read_changed_and_removed(api: Api) -> None:
    saved = api.put("admin", "/targets/cloud", json=CLOUD)
    assert api.done(saved)["settings"]["secret_access_key"] == "***"
    shown = api.done(api.get("viewer", "/targets/cloud"))
    assert (shown["state"]["seq"], shown["seen"]) == (0, None)
    again = {**CLOUD, "settings": {**CLOUD["settings"], "secret_access_key": "***", "prefix": "crisis"}}  # type: ignore[dict-item]
    stale = api.put("admin", "/targets/cloud", json=again, headers={"If-Match": '"7"'})
    assert stale.status_code in {409, 412}
    assert api.done(api.put("admin", "/targets/cloud", json=again, headers={"If-Match": saved.headers["etag"]}))
    assert [one["slug"] for one in api.done(api.get("viewer", "/targets"))] == ["cloud"]
    assert api.delete("admin", "/targets/cloud").status_code == 204
    assert api.get("viewer", "/targets/cloud").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"public_url": "https://10.0.0.1"}, "public_url"),
        ({"public_url": "javascript:alert(1)"}, "public_url"),
        ({"settings": {**CLOUD["settings"], "base_url": "http://127.0.0.1:9000"}}, "settings.base_url"),  # type: ignore[dict-item]
        ({"settings": {**CLOUD["settings"], "prefix": "../up"}}, "settings.prefix"),  # type: ignore[dict-item]
        ({"settings": {**CLOUD["settings"], "acl": "public"}}, "settings.acl"),  # type: ignore[dict-item]
        ({"settings": {}}, "settings.bucket"),
        ({"kind": "directory", "settings": {"path": "relative"}}, "settings.path"),
    ],
)
def test_what_is_wrong_is_named(api: Api, change: dict[str, object], field: str) -> None:
    refused = api.put("admin", "/targets/cloud", json={**CLOUD, **change})
    assert refused.status_code == 422
    assert field in refused.text


def test_only_an_admin_may(api: Api) -> None:
    assert api.put("approver", "/targets/cloud", json=CLOUD).status_code == 403
    assert api.get("viewer", "/page-checks").json() == []
    assert api.done(api.post("author", "/page-checks/run")) == []
