"""The figures of the dashboard, against runs whose times are set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents import pulse
from apps.agents.models import AgentRun
from apps.common.errors import PermissionDenied
from apps.tenants.models import Tenant
from tests.console.people import Someone

NOW = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
WHO = Someone("runs.view")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.agents.pulse.timezone.now", lambda: NOW)


def made(status: str, ago: timedelta, seconds: float = 0, **fields: Any) -> AgentRun:
    run = AgentRun.objects.create(
        agent_key=fields.pop("agent", "dummy.counter"),
        agent_version="1",
        status=status,
        input={},
        origin="api",
        **fields,
    )
    at = NOW - ago
    finished = at + timedelta(seconds=seconds) if seconds else None
    AgentRun.objects.filter(pk=run.pk).update(created_at=at, started_at=at, finished_at=finished)
    return run


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_period_is_counted_beside_the_one_before(acme: Tenant) -> None:
    for seconds in (2, 4, 60):
        made("succeeded", HOUR, seconds)
    made("failed", HOUR, 600)
    made("cancelled", HOUR, 1)
    made("running", HOUR)
    made("succeeded", DAY + HOUR, 8)
    made("succeeded", 2 * DAY + HOUR, 8)  # before the period before
    found = pulse.runs_pulse(who=WHO)
    assert (found.now.total, found.now.succeeded, found.now.failed) == (6, 3, 1)
    assert found.now.success_rate == 75
    assert found.now.median == timedelta(seconds=4)
    assert (found.before.total, found.before.success_rate) == (1, 100)
    assert pulse.runs_pulse(who=WHO, period=pulse.PERIODS["7d"]).now.total == 8


def test_without_runs_there_is_no_rate_and_no_time(acme: Tenant) -> None:
    found = pulse.runs_pulse(who=WHO)
    assert (found.now.total, found.now.success_rate, found.now.median) == (0, None, None)


def test_every_hour_and_day_has_its_bar(acme: Tenant) -> None:
    made("succeeded", timedelta(minutes=10))
    made("failed", timedelta(minutes=40))
    made("queued", 23 * HOUR)
    steps = pulse.runs_pulse(who=WHO).steps
    assert len(steps) == 25  # the first and the last are parts of an hour
    assert steps[-1].at == NOW.replace(minute=0)
    assert (steps[-1].succeeded, steps[-2].failed, steps[1].other) == (1, 1, 1)
    assert sum(step.total for step in steps) == 3
    days = pulse.runs_pulse(who=WHO, period=pulse.PERIODS["30d"]).steps
    assert len(days) == 31
    assert days[-1].total + days[-2].total == 3


def failed(code: str, **fields: Any) -> AgentRun:
    problem = {"code": code, "detail": "It failed."}
    return made("failed", fields.pop("ago", HOUR), 1, problem=problem, problem_code=code, **fields)


def test_what_needs_a_person_comes_most_urgent_first_and_grouped(acme: Tenant) -> None:
    refused = failed("invalid_input", source="a")
    twice = [failed("conflict", source=name) for name in ("b", "c")]
    broken = failed("agent_failed")
    late = made("running", HOUR)
    given_up = failed("run_abandoned")
    made("queued", timedelta(minutes=1))
    failed("invalid_input", ago=2 * DAY, source="z")
    found = pulse.runs_attention(who=WHO)
    assert [(each.kind, [run.pk for run in each.runs]) for each in found] == [
        ("given up", [given_up.pk]),
        ("late", [late.pk]),
        ("broken", [broken.pk]),
        ("refused", [twice[1].pk, twice[0].pk]),
        ("refused", [refused.pk]),
    ]


def test_a_failure_is_settled_by_a_later_success_on_the_same_data(acme: Tenant) -> None:
    failed("invalid_input", source="weekly")
    made("succeeded", HOUR, 1, source="monthly")
    assert len(pulse.runs_attention(who=WHO)) == 1
    made("succeeded", HOUR, 1, source="weekly", agent="dummy.echo")
    assert len(pulse.runs_attention(who=WHO)) == 1
    made("succeeded", HOUR, 1, source="weekly")
    assert pulse.runs_attention(who=WHO) == []


def test_the_health_of_an_agent_is_told_by_hour(acme: Tenant) -> None:
    made("succeeded", timedelta(minutes=5), 3)
    made("succeeded", 2 * HOUR, 5)
    made("failed", 2 * HOUR, 1)
    made("failed", 3 * HOUR, 1)
    made("succeeded", HOUR, 1, agent="dummy.echo")
    made("succeeded", 2 * DAY, 1)
    health = pulse.agents_health(who=WHO)
    counter = health["dummy.counter"]
    assert (counter.runs, counter.succeeded, counter.failed, counter.success_rate) == (4, 2, 2, 50)
    assert counter.median == timedelta(seconds=4)
    assert counter.track == ["none"] * 20 + ["broken", "failed", "none", "well"]
    assert health["dummy.echo"].runs == 1


@pytest.mark.parametrize("ask", [pulse.runs_pulse, pulse.runs_attention, pulse.agents_health])
def test_figures_need_the_permission_to_see_runs(acme: Tenant, ask: Callable[..., Any]) -> None:
    with pytest.raises(PermissionDenied):
        ask(who=Someone("agents.view"))
    assert not User.objects.exists()
