"""A real browser for tests: Chromium without a screen, its pages watched for errors, foreign hosts and refusals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# No sandbox: tests run as root in containers. The rest keeps the browser from talking to its maker.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
]


@dataclass(frozen=True)
class View:
    """A way to look at a page: a theme and a width."""

    theme: str
    width: int
    everyday: bool
    """Whether it is looked at without `--all-views`."""

    @property
    def name(self) -> str:
        return f"{self.theme}@{self.width}"

    @property
    def height(self) -> int:
        return 900 if self.width > 800 else 844


VIEWS = (
    View("light", 1440, everyday=True),
    View("dark", 390, everyday=True),
    View("dark", 1440, everyday=False),
    View("light", 390, everyday=False),
)


def chromium_path() -> str | None:
    """The browser of the system, or the one that ORCHESTRALL_CHROMIUM names; None where there is none."""
    named = os.environ.get("ORCHESTRALL_CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)


@dataclass
class Complaints:
    """What went wrong on a page without anybody asking: each list must stay empty."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What the page's content security policy has blocked."""

    def all(self) -> list[str]:
        return [*self.errors, *(f"request to {host}" for host in self.foreign), *self.refused]

    def forget(self) -> None:
        for each in (self.errors, self.foreign, self.refused):
            each.clear()


def watch(page: Page) -> Complaints:
    """Collect a page's complaints from now on. An answer of 4xx or 5xx to the page itself is not one."""
    complaints = Complaints()

    def console(message: Any) -> None:
        text = message.text
        if "Content Security Policy" in text:
            complaints.refused.append(text)
        elif message.type == "error" and "Failed to load resource" not in text:
            complaints.errors.append(text)

    def request(made: Any) -> None:
        address = urlsplit(made.url)
        host = address.hostname or ""
        if address.scheme.startswith(("http", "ws")) and not (host == "127.0.0.1" or host.endswith("localhost")):
            complaints.foreign.append(host)

    def response(got: Any) -> None:
        if got.status >= 400 and got.request.resource_type not in {"document", "fetch", "xhr"}:
            complaints.errors.append(f"{got.status} for {got.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.errors.append(str(error)))
    page.on("request", request)
    page.on("response", response)
    return complaints


@contextmanager
def context_for(browser: Browser, view: View, state: Any = None) -> Iterator[BrowserContext]:
    """A fresh profile that looks at pages as `view` says; `state` is the storage of one that is signed in."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.theme == "dark" else "light",
        reduced_motion="reduce",
        storage_state=state,
    )
    try:
        yield context
    finally:
        context.close()


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    """Sign in at the tenant whose address is given, as a person does."""
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def run_agent(page: Page) -> None:
    """Run the agent whose page it is, and go to the page of the run, which shows up beside the input."""
    page.get_by_role("button", name="Run agent").click()
    # Not by a click: what comes of the run may take the place of the link at that very moment.
    path = page.locator("#result[data-run] .o-result a").first.get_attribute("href")
    assert path is not None
    assert path.startswith("/runs/R-")
    page.goto(urljoin(page.url, path))


def settle(page: Page) -> None:
    """Wait until the page stands: loaded, its font there, its charts drawn."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => true)")
    # Not by wait_for_function: it evaluates text in the page, which the page's policy refuses.
    for plot in page.locator("[data-chart-plot]:visible").all():
        plot.locator("svg").first.wait_for()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page, a line each with the element."""
    # Evaluated by the driver: the page's policy would refuse a script tag, and must. It stays as long as the document.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    # What is right, which is most of it, would take longer to bring here than to find.
    lines: list[str] = page.evaluate(
        """async (tags) => {
            const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
            return violations.flatMap(({ id, impact, nodes }) =>
                nodes.map((node) => `${id} (${impact}): ${JSON.stringify(node.target)} ${node.failureSummary}`));
        }""",
        RULES,
    )
    return lines


def decoded_bytes(page: Page) -> int:
    """The size of the page with all that it loaded, decoded."""
    return int(
        page.evaluate(
            """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
                     .reduce((sum, entry) => sum + (entry.decodedBodySize || 0), 0)"""
        )
    )


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
