"""A page of another site in a browser: it reads the API where its origin is listed, and nothing else of ours, ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from apps.common.demo import PASSWORD
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

FETCH = """async ([address, token]) => {
    try {
        const answer = await fetch(address, token ? {headers: {Authorization: `Bearer ${token}`}} : {});
        return [answer.status, answer.headers.get("X-Request-ID") !== null];
    } catch (error) {
        return String(error);
    }
}"""
EMBED = """address => new Promise(done => {
    const image = new Image();
    image.onload = () => done("shown");
    image.onerror = () => done("kept out");
    image.src = address;
})"""
KEPT_OUT = "TypeError: Failed to fetch"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Another site</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing to tell."""


@pytest.fixture
def site() -> Iterator[str]:
    """The origin of another site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def other_page(browser: Browser, site: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(site)
    yield page
    page.close()


def listed(open_page: Open, address: Address, origins: str) -> None:
    page, _ = open_page(role="owner")
    page.goto(f"{address('acme')}/keys/origins/")
    page.get_by_label("Origins, one on each line").fill(origins)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def eventually(ask: Callable[[], Any], wanted: Any) -> Any:
    """What is answered once every process knows the list: that takes three seconds at most."""
    for _ in range(20):
        if ask() == wanted:
            break
    return ask()


def token_of(address: Address, slug: str) -> str:
    who = {"email": f"owner@{slug}.example", "password": PASSWORD}
    here = httpx.URL(address(slug))
    tokens = f"http://127.0.0.1:{here.port}/api/v1/tokens"
    answer = httpx.post(tokens, json=who, headers={"Host": here.netloc.decode()})
    return str(answer.json()["access_token"])


def test_a_page_of_a_listed_origin_reads_the_api_and_no_other_does(
    open_page: Open, address: Address, other_page: Page, site: str
) -> None:
    acme, globex = address("acme"), address("globex")
    token = token_of(address, "acme")

    def fetch(at: str, bearer: str = token) -> Any:
        other_page.wait_for_timeout(250)
        return other_page.evaluate(FETCH, [at, bearer])

    assert fetch(f"{acme}/api/v1/runs") == KEPT_OUT
    listed(open_page, address, site)
    try:
        assert eventually(lambda: fetch(f"{acme}/api/v1/runs"), [200, True]) == [200, True]
        assert fetch(f"{acme}/api/v1/nowhere") == [404, True]
        assert fetch(f"{acme}/api/v1/runs", "") == [401, True]
        assert fetch(f"{acme}/accounts/login/", "") == KEPT_OUT
        assert fetch(f"{globex}/api/v1/runs") == KEPT_OUT
        assert other_page.evaluate(EMBED, f"{acme}/static/console/icon.svg") == "kept out"
    finally:
        listed(open_page, address, "")
