"""What a tenant sees of its limits and of how its requests and runs go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisAway

from apps.accounts.models import User
from apps.common.permissions import codes_of
from apps.dispatch import rows
from apps.gateway import counters, limits, tokens
from apps.gateway.permissions import PERFORMANCE_VIEW
from apps.tenants import services
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]
PAGE, FIGURES = "/performance/", "/performance/figures/"


@pytest.fixture(autouse=True)
def buffer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A buffer of the test's own."""
    monkeypatch.setattr(counters, "_buffer", counters._Buffer())
    yield
    cache.clear()


@pytest.fixture
def api(member: Make, program: Program) -> Client:
    return program(tokens.token_issue(user=member("builder")))


def figures(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_usage_names_every_limit_with_what_is_used_and_left(api: Client, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, plan="trial", max_requests=50)
    figures(api.get("/api/v1/usage"))
    found = figures(api.get("/api/v1/usage"))
    assert (found["plan"], found["plan_title"]) == ("trial", "Trial")
    assert [(each["name"], each["limit"], each["used"], each["left"]) for each in found["items"]] == [
        ("tenant", 50, 2, 48),
        ("caller", 300, 2, 298),
        ("start", 60, 0, 60),
        ("upload", 20, 0, 20),
    ]
    assert 0 < found["items"][0]["reset"] <= limits.WINDOW + 1
    assert found["items"][2]["reset"] == 0


def test_the_limit_of_the_caller_is_that_of_who_asks(member: Make, program: Program, api: Client) -> None:
    figures(api.get("/api/v1/usage"))
    other = figures(program(tokens.token_issue(user=member("owner"))).get("/api/v1/usage"))
    assert [each["used"] for each in other["items"][:2]] == [2, 1]


def test_usage_is_told_to_be_away_with_redis(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise RedisAway("connection refused")

    monkeypatch.setattr(limits, "_script", lambda: refuse)
    answer = api.get("/api/v1/usage")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "nothing is limited" in answer.json()["detail"]


@pytest.mark.parametrize("span", counters.SPANS)
def test_performance_tells_what_was_counted(api: Client, acme: Tenant, span: str) -> None:
    counters.count("requests", 7)
    counters.count("errors", 2)
    counters.count("reused")
    counters.count("runs_failed")
    for _ in range(99):
        counters.observe("request", 0.02)
    counters.observe("request", 3)
    counters.flush()
    found = figures(api.get("/api/v1/performance", {"span": span}))
    whole, steps = found["whole"], found["steps"]
    assert [whole[name] for name in ("requests", "errors", "reused", "runs_failed", "refused")] == [7, 2, 1, 1, 0]
    assert whole["request_seconds"]["p50"] == pytest.approx(0.02, rel=0.07)
    assert whole["request_seconds"]["p99"] == pytest.approx(0.02, rel=0.07)
    assert whole["run_seconds"] == {"p50": None, "p95": None, "p99": None}
    assert len(steps) == counters.SPANS[span].steps
    assert found["step_seconds"] == counters.SPANS[span].step
    assert sum(step["requests"] for step in steps) == 7
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)


def test_a_span_that_does_not_exist_is_refused_with_those_that_do(api: Client) -> None:
    answer = api.get("/api/v1/performance", {"span": "1y"})
    assert answer.status_code == 422
    assert "'2m', '1h' or '24h'" in answer.json()["issues"][0]["message"]


def test_the_queue_is_what_waits_of_this_tenant(api: Client, acme: Tenant, globex: Tenant) -> None:
    for _ in range(3):
        rows.insert(kind="agents.run", ids=[uuid4()], tenant="t_acme", queue="cpu", due_at=None, priority=0)
    rows.insert(kind="agents.run", ids=[uuid4()], tenant="t_globex", queue="cpu", due_at=None, priority=0)
    rows.claim(tenant="t_acme", queue="cpu", limit=1, slots=4)
    assert figures(api.get("/api/v1/performance"))["queue"] == {"waiting": 2, "running": 1}


def test_figures_of_another_tenant_are_not_shown(
    api: Client, member: Make, globex: Tenant, client_for: Callable[..., Client]
) -> None:
    counters.count("requests", 1000, tenant=globex)
    counters.flush()
    assert figures(api.get("/api/v1/performance"))["whole"]["requests"] == 0
    with tenant_context(globex):
        token = tokens.token_issue(user=member("owner", tenant=globex))
    assert api.get("/api/v1/usage", headers={"authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("role", ["owner", "administrator", "builder", "auditor", "analyst", "approver", "viewer"])
def test_who_may_see_it_is_said_by_their_role(role: str, member: Make, client_for: Callable[..., Client]) -> None:
    browser = client_for(member(role))
    may = role in {"owner", "administrator", "builder", "auditor"}
    assert (PERFORMANCE_VIEW in codes_of(role)) is may
    for path in (PAGE, FIGURES):
        assert browser.get(path).status_code == (200 if may else 403)
    assert (PAGE in browser.get("/help/").content.decode()) is may


def test_the_page_shows_figures_charts_and_limits(
    member: Make, client_for: Callable[..., Client], acme: Tenant
) -> None:
    services.tenant_change(tenant=acme, max_requests=200)
    browser = client_for(member("owner"))
    counters.count("requests", 1234)
    counters.count("refused", 4)
    counters.observe("request", 0.05)
    counters.flush()
    answer = browser.get(PAGE, {"span": "2m"})
    page = answer.content.decode()
    assert "data-idle hidden>" in page
    assert "10.3 a second" in page
    for words in ("1,234", "4 refused by a limit", "0 of 200 a minute", "Plan Standard", "Show requests as table"):
        assert words in page, words
    assert 'href="?span=2m" aria-current="true"' in page
    chart = answer.context["board"]["charts"]["requests"]
    assert len(chart["periods"]) == len(chart["moments"]) == len(chart["bars"][0]["values"]) == 120


def test_the_page_of_an_idle_tenant_says_so(member: Make, client_for: Callable[..., Client]) -> None:
    page = client_for(member("owner")).get(PAGE).content.decode()
    assert "0 requests, 0 refused by a limit, 0 failed." in page
    assert "Nothing was asked in this time." in page
    assert "data-idle>" in page


def test_the_page_and_its_script_get_the_same(member: Make, client_for: Callable[..., Client]) -> None:
    browser = client_for(member("owner"))
    board = json.loads(json.dumps(browser.get(PAGE, {"span": "24h"}).context["board"]))
    live = figures(browser.get(FIGURES, {"span": "24h"}))
    assert board.keys() == live.keys()
    assert [each["key"] for each in live["kpis"]] == [each["key"] for each in board["kpis"]]
    assert live["charts"].keys() == board["charts"].keys() == {"requests", "times", "runs"}


def test_who_watches_does_not_move_the_figures(member: Make, client_for: Callable[..., Client]) -> None:
    browser = client_for(member("owner"))
    for _ in range(3):
        browser.get(PAGE)
        browser.get(FIGURES)
    counters.flush()
    assert counters.series(counters.SPANS["2m"]).whole.number("requests") == 0


def test_any_word_for_a_span_shows_the_hour(member: Make, client_for: Callable[..., Client]) -> None:
    assert (
        'href="?span=1h" aria-current="true"' in client_for(member("owner")).get(PAGE, {"span": "'"}).content.decode()
    )


def test_the_figures_cost_one_statement_whatever_there_is(
    member: Make, client_for: Callable[..., Client], acme: Tenant
) -> None:
    browser = client_for(member("owner"))
    browser.get(FIGURES)

    def statements() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            browser.get(FIGURES)
        return len([each for each in captured if "dispatch_work" in each["sql"]]), len(captured)

    few = statements()
    for _ in range(50):
        rows.insert(kind="agents.run", ids=[uuid4()], tenant="t_acme", queue="cpu", due_at=None, priority=0)
    counters.count("requests", 50)
    counters.flush()
    assert statements() == few
    assert few[0] == 1
