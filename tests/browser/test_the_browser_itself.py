"""What the other tests of this folder rely on."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import Axe

SOUND = "<!doctype html><html lang=lo><title>ຂ່າວ</title><main><h1>ສະບາຍດີ</h1></main></html>"


def test_a_sound_page_has_no_violation(page: Page, axe: Axe) -> None:
    page.set_content(SOUND)
    assert axe(page) == []


def test_an_image_without_words_is_found(page: Page, axe: Axe) -> None:
    page.set_content(SOUND.replace("<h1>", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><h1>"))
    assert [line.split(":")[0] for line in axe(page)] == ["image-alt"]
