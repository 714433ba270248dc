"""Time and SQL statements of a list page and an API list, at 1 and at 1,000 rows; the weight of the largest page.

Statements and processor time are those of this process, on a tenant made for it; times are those of the running web
process, on a connection that is kept open. The weight of a page is what Chromium decoded of it and of all it
loads.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import httpx

from tests.measuring import Case, Skip
from tests.running import Installation, installation

PATHS = {"page /runs/": "/runs/", "API /api/v1/runs": "/api/v1/runs"}
ROWS = (1, 1000)
WARM_UP, REQUESTS = 10, 60
TIME_AIM, BYTES_BAR = 50.0, 2_100_000
"""Milliseconds, on a machine that does nothing else; bytes."""
SLUG = "measured"
DEMO_RUN_WITHIN = 180.0


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "WARNING"}
        django.setup()
        reader = Reader.make(program)
        counts: dict[str, list[int]] = {name: [] for name in PATHS}
        for rows in ROWS:
            add_runs(rows)
            for name, path in PATHS.items():
                case = f"{name}, {rows:,} rows"
                counts[name].append(reader.statements(path))
                yield Case(case, "SQL statements", counts[name][-1])
                # Other work on the machine lengthens this and not the processor time: so only that has a bar.
                took = statistics.median(reader.milliseconds(path))
                yield Case(case, f"median of a warm GET (aim: {TIME_AIM:.0f})", took, "ms")
                used = reader.processor_milliseconds(path)
                yield Case(case, "processor time of a GET", used, "ms", f"<= {TIME_AIM:.0f}", used <= TIME_AIM)
        for name, found in counts.items():
            more = found[-1] - found[0]
            yield Case(name, f"statements more at {ROWS[-1]:,} rows", more, bar="0", holds=more == 0)
        yield from weights(program)


@dataclass(frozen=True)
class Reader:
    """A member of the tenant with a browser here, and the same session at the running web process."""

    here: Any
    there: httpx.Client

    @classmethod
    def make(cls, program: Installation) -> Reader:
        from django.test import Client

        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create
        from tests.factories import make_member

        tenant = tenant_create(slug=SLUG, name="Measured", industry="retail", industries=["retail"], now=True)
        here = Client(headers={"host": f"{SLUG}.localhost"})
        with tenant_context(tenant):
            here.force_login(make_member("owner"))
        cookies = {name: morsel.value for name, morsel in here.cookies.items()}
        headers = {"Host": f"{SLUG}.localhost:{program.port}"}
        return cls(
            here,
            httpx.Client(base_url=f"http://127.0.0.1:{program.port}", headers=headers, cookies=cookies, timeout=60),
        )

    def statements(self, path: str) -> int:
        """SQL statements of a request, not of the first one."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                answer = self.here.get(path)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")
        return len(captured)

    def processor_milliseconds(self, path: str) -> float:
        """What this process computes for a request, without PostgreSQL's and Redis's part. The mean of many."""
        began = time.process_time()
        for _ in range(REQUESTS):
            self.here.get(path)
        return (time.process_time() - began) * 1000 / REQUESTS

    def milliseconds(self, path: str) -> list[float]:
        taken = []
        for _ in range(WARM_UP + REQUESTS):
            began = time.perf_counter()
            self.there.get(path).raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
        return taken[WARM_UP:]


def add_runs(rows: int) -> None:
    """Give the tenant so many runs in all, each started by its member."""
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.agents.models import AgentRun
    from apps.tenants.context import public_context, tenant_context
    from apps.tenants.models import Tenant

    with public_context():
        tenant = Tenant.objects.get(slug=SLUG)
    with tenant_context(tenant):
        now, who = timezone.now(), User.objects.get()
        AgentRun.objects.bulk_create(
            AgentRun(
                agent_key="retail.demand_forecaster",
                agent_version="1.0",
                status=AgentRun.Status.SUCCEEDED,
                input={},
                headline=f"Run {number} of many",
                origin="console",
                created_by=who,
                started_at=now,
                finished_at=now,
            )
            for number in range(AgentRun.objects.count(), rows)
        )


def weights(program: Installation) -> Iterator[Case]:
    """The weight of the heaviest page of a demo tenant: those of its navigation, and a run with charts."""
    from playwright.sync_api import sync_playwright

    from apps.common.demo import PASSWORD
    from tests.e2e.browser import VIEWS, chromium_path, context_for, decoded_bytes, launch, settle, sign_in

    if chromium_path() is None:
        raise Skip("no Chromium here to weigh pages with: install Debian's `chromium`")
    number = demo_run(program)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with context_for(browser, VIEWS[0]) as context:
            page, home = context.new_page(), program.address("acme")
            sign_in(page, home, "owner@acme.example", PASSWORD)
            links = page.get_by_role("navigation", name="Main").get_by_role("link").all()
            paths = {str(link.get_attribute("href")) for link in links} | {f"/runs/R-{number}/"}
            found: dict[str, int] = {}
            for path in sorted(path for path in paths if path.startswith("/")):
                page.goto(home + path)
                settle(page)
                found[path] = decoded_bytes(page)
        browser.close()
    heaviest = max(found, key=lambda path: found[path])
    size = found[heaviest]
    yield Case(
        f"heaviest of {len(found)} pages, {heaviest}", "bytes decoded", size, "B", f"<= {BYTES_BAR}", size <= BYTES_BAR
    )


def demo_run(program: Installation) -> int:
    """The number of a demo run of `acme` that has succeeded; waits for the first one."""
    from apps.agents.models import AgentRun
    from apps.tenants.context import public_context, tenant_context
    from apps.tenants.models import Tenant

    with public_context():
        tenant = Tenant.objects.get(slug="acme")
    until = time.monotonic() + DEMO_RUN_WITHIN
    with tenant_context(tenant):
        while (run := AgentRun.objects.filter(status=AgentRun.Status.SUCCEEDED).first()) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"No demo run succeeded within {DEMO_RUN_WITHIN:.0f} s.")
            time.sleep(1)
        return run.number
