"""Live updates in the browser: order, gaps, lost connections. The server's side is played by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WATCH = """async (snapshot) => {
    const { watch } = await import("/static/console/live.js");
    const got = [];
    const onEvent = (event) => (document.body.dataset.got = got.push(event.seq) && got.join(" "));
    watch("/ws/test/", { snapshot, onEvent });
}"""


class Server:
    """Plays the server: sockets that are open, how many were asked for, and the snapshot."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[WebSocketRoute] = []
        self.refuses = 0
        self.snapshot = {"run": "r", "seq": 1}
        page.route_web_socket("**/ws/test/", self.connect)
        page.route("**/snapshot-of-test/", lambda route: route.fulfill(json=self.snapshot))

    def connect(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        if self.refuses:
            socket.close(code=self.refuses)

    def say(self, seq: int) -> None:
        self.sockets[-1].send(f'{{"run": "r", "seq": {seq}}}')

    def expect_got(self, *seqs: int) -> None:
        expect(self.page.locator("body")).to_have_attribute("data-got", " ".join(map(str, seqs)))

    def expect_mark(self, words: str) -> None:
        expect(self.page.locator("#live")).to_have_text(words)


@pytest.fixture
def watching(open_page: Open, address: Address) -> Callable[..., Server]:
    def make(snapshot: Any = "/snapshot-of-test/", refuses: int = 0) -> Server:
        page, _ = open_page()
        server = Server(page)
        server.refuses = refuses
        page.clock.install()
        page.goto(f"{address('acme')}/help/")
        page.evaluate(WATCH, snapshot)
        return server

    return make


def test_a_page_that_watches_says_so_and_gets_what_happened_before(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_mark("Live")
    server.expect_got(1)


def test_an_event_that_was_seen_is_not_told_again(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_got(1)
    for seq in (2, 2, 1, 3):
        server.say(seq)
    server.expect_got(1, 2, 3)


def test_a_ping_is_no_event(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_got(1)
    server.sockets[-1].send('{"v": 1, "type": "ping"}')
    server.say(2)
    server.expect_got(1, 2)


def test_a_gap_is_closed_by_the_snapshot(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_got(1)
    server.snapshot = {"run": "r", "seq": 5}
    server.say(4)
    server.expect_got(1, 5)
    server.say(5)
    server.say(6)
    server.expect_got(1, 5, 6)


def test_a_lost_connection_is_made_again_and_catches_up(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_got(1)
    server.snapshot = {"run": "r", "seq": 9}
    server.sockets[-1].close(code=1012)
    server.expect_mark("Reconnecting")
    server.page.clock.run_for(2_000)
    server.expect_mark("Live")
    server.expect_got(1, 9)


def test_after_three_failures_the_page_asks_every_ten_seconds(watching: Callable[..., Server]) -> None:
    server = watching(refuses=1013)
    for _ in range(12):
        server.page.clock.run_for(1_000)
    server.expect_mark("Polling every 10 s")
    server.refuses = 0
    server.page.clock.run_for(31_000)
    server.expect_mark("Live")


def test_without_a_snapshot_it_goes_on_trying(watching: Callable[..., Server]) -> None:
    server = watching(snapshot=None, refuses=1013)
    for _ in range(12):
        server.page.clock.run_for(1_000)
    server.expect_mark("Reconnecting")
    assert len(server.sockets) >= 3


def test_a_refusal_for_good_ends_it(watching: Callable[..., Server]) -> None:
    server = watching(refuses=4404)
    expect(server.page.locator("#live")).to_be_hidden()
    server.page.clock.run_for(60_000)
    assert len(server.sockets) == 1


def test_no_network_is_told_and_the_return_of_it_noticed(watching: Callable[..., Server]) -> None:
    server = watching()
    server.expect_mark("Live")
    server.page.context.set_offline(True)
    server.expect_mark("Offline")
    server.sockets[-1].close(code=1001)
    server.page.context.set_offline(False)
    server.expect_mark("Live")
