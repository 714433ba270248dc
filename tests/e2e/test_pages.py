"""Every page of the console, found by the URL resolver: accessible, within the screen, quiet, and not too large."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Browser, Page

from apps.console.views import ConsoleView
from tests.e2e.browser import VIEWS, View, context_for, decoded_bytes, overflow, settle, violations
from tests.e2e.conftest import Address

pytestmark = pytest.mark.browser
Glance = Callable[..., Page]

BYTES, BYTES_WITH_GRAPH, BYTES_WITH_CHARTS, BYTES_WITH_MAP = 950_000, 1_050_000, 2_100_000, 2_320_000
"""What a page and all it loads may weigh; a graph of steps brings what lays it out, a map the outline of the world."""


def routes(patterns: list[Any], before: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
    """(name, route, view) of every pattern below."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = ":".join(filter(None, (space, pattern.namespace or "")))
            yield from routes(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield ":".join(filter(None, (space, pattern.name or ""))), route, pattern.callback


def pages() -> dict[str, str]:
    """The console's pages that are read: name to route."""
    return {
        name: route
        for name, route, view in routes(get_resolver().url_patterns)
        if issubclass(getattr(view, "view_class", object), ConsoleView) and hasattr(view.view_class, "get")
    }


def entrances() -> dict[str, str]:
    """The pages around signing in that need no key: name to route."""
    return {
        name: route
        for name, route, _ in routes(get_resolver().url_patterns)
        if route.startswith("accounts/") and "<" not in route and "(" not in route
    }


PAGES, ENTRANCES = pages(), entrances()


@pytest.fixture(scope="package")
def found(browser: Browser, address: Address, session_of: Callable[..., Any]) -> dict[str, str]:
    """An address for each page, by following the console's own links from the dashboard on. A page that nothing leads
    to has the one that its route is, if that needs no key."""
    waiting, seen, found = ["/"], {"/"}, {}
    with context_for(browser, VIEWS[0], session_of()) as context:
        page = context.new_page()
        page.goto(address("acme"))
        while waiting:
            path = waiting.pop(0)
            try:
                name = resolve(path).view_name
            except Resolver404:
                continue
            if name in found or name not in PAGES:
                continue
            html = fetch_html(page, path)
            if html is None:
                continue
            found[name] = path
            for link in re.findall(r'href="([^"#?]+)', html):
                parts = urlsplit(urljoin(path, link))
                if not parts.netloc and parts.path not in seen:
                    seen.add(parts.path)
                    waiting.append(parts.path)
        for name, route in PAGES.items():
            if name not in found and not re.search(r"[<(^]", route) and fetch_html(page, f"/{route}") is not None:
                found[name] = f"/{route}"
    return found


def fetch_html(page: Page, path: str) -> str | None:
    """What is at the path, asked for by the browser (its driver cannot resolve our hosts); None for data, downloads."""
    return page.evaluate(  # type: ignore[no-any-return]
        """async (path) => {
            const answer = await fetch(path);
            const type = answer.headers.get("content-type") || "";
            const kept = (answer.headers.get("content-disposition") || "").startsWith("attachment");
            return type.startsWith("text/html") && !kept ? await answer.text() : null;
        }""",
        path,
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_quiet(
    name: str, view: View, found: dict[str, str], address: Address, glance: Glance
) -> None:
    if name not in found:
        pytest.skip("a download or data for scripts, or nothing in the demo data leads there")
    page = glance(view)
    page.goto(address("acme") + found[name])
    look_at(page)


@pytest.mark.parametrize("name", ENTRANCES)
def test_a_page_around_signing_in_is_accessible_and_quiet(
    name: str, view: View, address: Address, glance: Glance
) -> None:
    page = glance(view, role="")
    page.goto(f"{address('acme')}/{ENTRANCES[name]}")
    if "?next=" in page.url:  # it is for people who are signed in
        page = glance(view)
        page.goto(f"{address('acme')}/{ENTRANCES[name]}")
    look_at(page)


@pytest.mark.parametrize(("role", "path", "status"), [("owner", "/nowhere/", 404), ("viewer", "/members/", 403)])
def test_a_page_of_an_error_is_accessible_and_quiet(
    role: str, path: str, status: int, view: View, address: Address, glance: Glance
) -> None:
    page = glance(view, role)
    answer = page.goto(address("acme") + path)
    assert answer
    assert answer.status == status
    look_at(page)


def test_what_changes_the_role_of_a_member_is_within_reach(view: View, address: Address, glance: Glance) -> None:
    page = glance(view)
    page.goto(address("acme") + "/members/")
    settle(page)
    page.get_by_role("button", name="Set the role").first.click(trial=True)


def look_at(page: Page) -> None:
    settle(page)
    assert violations(page) == []
    assert overflow(page) == 0, "the page is wider than the screen"
    charts = page.locator("[data-chart]").count()
    graph = page.locator("[data-dag-of]").count()
    if page.locator("[data-world]").count():
        assert decoded_bytes(page) <= BYTES_WITH_MAP
        return
    assert decoded_bytes(page) <= (BYTES_WITH_CHARTS if charts else BYTES_WITH_GRAPH if graph else BYTES)
