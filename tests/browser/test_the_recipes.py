"""Every recipe of docs/recipes, as it stands there, in a real browser."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.architecture.tree import ROOT
from tests.browser.shop import CLARION, SHOP, Shop, banner, nothing
from tests.nginx import nginx
from tests.patience import PATIENCE
from tests.programs import program

RECIPES = ROOT / "docs" / "recipes"


@pytest.fixture
def shop(page: Page) -> Shop:
    return Shop(page)


def visit(shop: Shop, html: str, path: str = "/") -> None:
    shop.html["/"] = html
    shop.page.clock.install(time=shop.now)
    shop.page.goto(SHOP + path)


def test_every_recipe_is_named_and_run() -> None:
    index = (RECIPES / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in RECIPES.iterdir() if path.name != "README.md"]
    assert [name for name in names if f"]({name}" not in index] == []


def test_plain_html(shop: Shop) -> None:
    visit(shop, (RECIPES / "plain.html").read_text(encoding="utf-8"))
    for place in ("banner", "popup", "landing"):
        expect(shop.part(place)).to_be_visible()
    shop.says = nothing(8)
    shop.look()
    expect(shop.page.get_by_text("Spring offer")).to_be_visible()


def test_a_single_page_app(shop: Shop) -> None:
    document = banner()
    document["placements"]["popup"]["pages"] = ["/checkout/*"]
    shop.says = document
    visit(shop, (RECIPES / "single-page-app.html").read_text(encoding="utf-8"))
    expect(shop.part("landing")).to_be_visible()
    expect(shop.part("popup")).to_be_hidden()
    shop.page.get_by_role("link", name="Pay").click()
    expect(shop.page.get_by_role("heading", name="Pay")).to_be_visible()
    shop.jump(1)
    expect(shop.part("popup")).to_be_visible()
    expect(shop.part("banner")).to_be_visible()
    expect(shop.part("landing")).to_have_count(0)
    shop.page.go_back()
    shop.jump(1)
    expect(shop.part("landing")).to_be_visible()
    expect(shop.part("popup")).to_be_hidden()
    assert shop.page.locator("clarion-banner").count() == 1


def test_a_cms(shop: Shop) -> None:
    script = [sys.executable, "-m", "tests.browser.wagtail_site", "ar"]
    made = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=10 * PATIENCE, check=False)
    assert made.returncode == 0, made.stderr
    visit(shop, made.stdout)
    expect(shop.part("landing")).to_have_attribute("lang", "ar")
    shop.says = nothing(8)
    shop.look()
    expect(shop.page.get_by_role("heading", name="Spring offer")).to_be_visible()


FRAGMENT = """<section class="clarion clarion-emergency" lang="en" dir="ltr" aria-label="Emergency">
<h2>Do not drink the water</h2></section>"""


class StatusSite(BaseHTTPRequestHandler):
    """Answers what nginx includes."""

    def do_GET(self) -> None:
        body = FRAGMENT.encode() if self.path == "/site/main/banner.en.html" else b""
        self.send_response(200 if body else 404)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@contextmanager
def status_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StatusSite) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def including(folder: Path, status: str) -> Iterator[str]:
    """The address of an nginx that runs the recipe, with `status` for the status site."""
    recipe = (RECIPES / "server-side-include" / "nginx.conf").read_text(encoding="utf-8")
    folder.mkdir()
    changed = folder / "recipe.conf"
    changed.write_text(recipe.replace("/srv/www", str(RECIPES / "server-side-include")).replace(CLARION, status))
    with nginx(program("nginx"), str(changed)) as address:
        yield address + "/"


def test_a_server_side_include(window: Callable[..., BrowserContext], tmp_path: Path) -> None:
    """Seen without script; kept while the status site is down; without a copy the page simply has no banner."""
    page = window(java_script_enabled=False).new_page()
    with status_site() as status, including(tmp_path / "up", status) as url:
        page.goto(url)
        expect(page.get_by_role("region", name="Emergency")).to_contain_text("Do not drink the water")
        expect(page.get_by_role("heading", name="Internet and phone")).to_be_visible()
    with including(tmp_path / "down", status) as url:  # nobody is there any more
        page.goto(url)
        expect(page.get_by_role("heading", name="Internet and phone")).to_be_visible()
        assert "error" not in page.content()
