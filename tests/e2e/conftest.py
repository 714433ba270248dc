"""A browser in front of the whole program, started as a user starts it.

`pytest tests/e2e --all-views` looks at every page in both themes and widths; without it in two of the four. With
ORCHESTRALL_E2E_ADDRESS (for example ``http://{slug}.localhost:8000``) the tests look at a demo installation that runs
already, instead of starting one.

The browser's driver runs an event loop in the thread of the tests, in which Django refuses the database: what is shared
here lives for this package only, and these tests run in processes that are not shared with others. Of several, each
has an installation and takes whole files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from apps.common.demo import PASSWORD
from tests.e2e.browser import VIEWS, Complaints, View, chromium_path, context_for, launch, sign_in, watch

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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """`address("acme")`: where a tenant of a demo installation answers, without a slash at the end."""
    running = os.environ.get("ORCHESTRALL_E2E_ADDRESS", "")
    if running:
        yield lambda slug: running.format(slug=slug)
        return
    from tests.running import installation, wait_until

    with installation(tmp_path_factory.mktemp("installation")) as program:
        # The first tests would wait behind the demonstration's own runs, longer than a browser waits for anything.
        wait_until(lambda: is_at_rest(program.database_url), "the demonstration's runs have ended", within=DEMO_WITHIN)
        yield program.address


def is_at_rest(database: str) -> bool:
    """Whether no run is due or in hand; the installation's own work, as of the audit log, goes on for ever."""
    with psycopg.connect(database) as connection:
        busy = connection.execute(
            "select 1 from dispatch_work where kind like '%.run' and (due_at <= now() or lease_until > now()) limit 1"
        )
        return busy.fetchone() is None


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


@pytest.fixture(scope="package")
def browsers_of(browser: Browser, session_of: Callable[..., Any]) -> Iterator[Callable[[View, str], Any]]:
    """`browsers_of(view, role)`: a browser of a person that is kept, with what it has loaded before."""
    made: dict[tuple[View, str], Any] = {}

    def kept(view: View, role: str) -> Any:
        if (view, role) not in made:
            context = context_for(browser, view, session_of(role) if role else None)
            made[view, role] = (context, context.__enter__())
        return made[view, role][1]

    yield kept
    for context, _ in made.values():
        context.__exit__(None, None, None)


@pytest.fixture
def glance(browsers_of: Callable[[View, str], Any]) -> Iterator[Callable[..., Page]]:
    """`glance(view, role)`: a page for who only looks, quicker than `open_page`, as the browser has been there before.
    What it complains of fails the test."""
    watched: list[Complaints] = []
    pages: list[Page] = []

    def make(view: View, role: str = "owner") -> Page:
        page = browsers_of(view, role).new_page()
        pages.append(page)
        watched.append(watch(page))
        return page  # type: ignore[no-any-return]

    yield make
    for page in pages:
        page.close()
    assert [complaint for each in watched for complaint in each.all()] == []
