"""A browser in front of the whole program, started as a user starts it.

`pytest tests/e2e --all-views` looks at every page in both themes and widths; without it in two of the four. With
ORCHESTRALL_E2E_ADDRESS (for example ``http://{slug}.localhost:8000``) the tests look at a demo installation that runs
already, instead of starting one.

The browser's driver runs an event loop in the thread of the tests, in which Django refuses the database: what is shared
here lives for this package only, and these tests run in processes that are not shared with others. Of several, each
has one installation and takes whole files: what takes longest is to start one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from apps.common.demo import PASSWORD
from tests.e2e.browser import VIEWS, Complaints, View, chromium_path, context_for, launch, sign_in, watch
from tests.running import Installation, installation, wait_until

Address = Callable[[str], str]
DEMO_WITHIN = 240.0
"""Seconds: of two installations that start on two cores at once."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-views", action="store_true", help="look at pages in all four themes and widths")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives Chromium against the running program")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "view" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--all-views", default=False)
        views = [view for view in VIEWS if view.everyday or everything]
        metafunc.parametrize("view", views, ids=lambda view: view.name, scope="package")


@pytest.fixture(scope="package")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A demo installation that has the tests' own industry besides, and reaches services of this machine."""
    told = {"DJANGO_SETTINGS_MODULE": "tests.dummy.settings", "ORCHESTRALL_OUTBOUND_NETWORKS": "127.0.0.1/32"}
    with installation(tmp_path_factory.mktemp("installation"), told=told) as program:
        # The first tests would wait behind the demonstration's own runs, longer than a browser waits for anything.
        wait_until(program.is_at_rest, "the demonstration's runs have ended", within=DEMO_WITHIN)
        yield program


@pytest.fixture(scope="package")
def address(request: pytest.FixtureRequest) -> Address:
    """`address("acme")`: where a tenant of a demo installation answers, without a slash at the end."""
    if running := os.environ.get("ORCHESTRALL_E2E_ADDRESS", ""):
        return lambda slug: running.format(slug=slug)
    program: Installation = request.getfixturevalue("program")
    return program.address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("no Chromium here: install Debian's `chromium`, or name one in ORCHESTRALL_CHROMIUM")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def session_of(browser: Browser, address: Address) -> Callable[..., Any]:
    """`session_of("owner")`: the storage of a browser in which this person of a tenant is signed in. It is made anew
    where the person would soon be asked to prove again who they are."""
    made: dict[tuple[str, str], tuple[float, Any]] = {}

    def storage(role: str = "owner", slug: str = "acme") -> Any:
        signed_in, state = made.get((role, slug), (-math.inf, None))
        if monotonic() - signed_in > settings.STEP_UP_SECONDS / 2:
            signed_in = monotonic()
            with context_for(browser, VIEWS[0]) as context:
                sign_in(context.new_page(), address(slug), f"{role}@{slug}.example", PASSWORD)
                state = context.storage_state()
            made[role, slug] = signed_in, state
        return state

    return storage


Open = Callable[..., tuple[Page, Complaints]]


@pytest.fixture
def open_page(browser: Browser, session_of: Callable[..., Any]) -> Iterator[Open]:
    """`open_page(view, role)`: a fresh page of somebody who is signed in (of a stranger for role ""), and what it
    complains of. Everything it complained of by the end of the test fails the test."""
    contexts: list[Any] = []
    watched: list[Complaints] = []

    def make(view: View = VIEWS[0], role: str = "owner", slug: str = "acme") -> tuple[Page, Complaints]:
        context = context_for(browser, view, session_of(role, slug) if role else None)
        page = context.__enter__().new_page()
        contexts.append(context)
        watched.append(watch(page))
        return page, watched[-1]

    yield make
    for context in contexts:
        context.__exit__(None, None, None)
    assert [complaint for each in watched for complaint in each.all()] == []


PageOf = Callable[[View, str], tuple[Page, Complaints]]


@pytest.fixture(scope="package")
def pages_of(browser: Browser, session_of: Callable[..., Any]) -> Iterator[PageOf]:
    """`pages_of(view, role)`: a page of a person that is kept, in a browser that keeps what it has loaded before."""
    contexts: list[Any] = []
    made: dict[tuple[View, str], tuple[Page, Complaints]] = {}

    def kept(view: View, role: str) -> tuple[Page, Complaints]:
        if (view, role) not in made:
            context = context_for(browser, view, session_of(role) if role else None)
            page = context.__enter__().new_page()
            contexts.append(context)
            made[view, role] = page, watch(page)
        return made[view, role]

    yield kept
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def glance(pages_of: PageOf) -> Iterator[Callable[..., Page]]:
    """`glance(view, role)`: an empty page for who only looks. It takes half the time of `open_page`, as no process
    starts for it and the browser has been there before. What it complains of fails the test."""
    watched: list[Complaints] = []

    def make(view: View, role: str = "owner") -> Page:
        page, complaints = pages_of(view, role)
        page.goto("about:blank")
        complaints.forget()  # what the test before has left at its end
        watched.append(complaints)
        return page

    yield make
    assert [complaint for each in watched for complaint in each.all()] == []
