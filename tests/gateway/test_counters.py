"""Live figures: counted in memory, written together, read by the second and by the minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisAway

from apps.accounts.models import User
from apps.gateway import counters, tokens
from apps.gateway.counters import SPANS, Figures, count, flush, observe, series
from apps.tenants import fast, services
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]
pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture(autouse=True)
def no_timer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A buffer of the test's own, which is written when the test says so."""

    class Never(threading.Timer):
        def start(self) -> None:
            pass

    buffer = counters._Buffer()
    monkeypatch.setattr(counters, "_buffer", buffer)
    monkeypatch.setattr(threading, "Timer", Never)
    yield
    cache.clear()


def counted(name: counters.Count, span: str = "2m") -> int:
    flush()
    return series(SPANS[span]).whole.number(name)


@pytest.mark.parametrize("span", SPANS)
def test_what_was_counted_is_found_in_every_span(acme: Tenant, span: str) -> None:
    count("requests", 3)
    count("requests")
    assert counted("requests", span) == 4
    assert counted("errors", span) == 0
    found = series(SPANS[span])
    assert len(found.steps) == len(found.begins) == SPANS[span].steps
    assert (found.begins[-1] - found.begins[0]).total_seconds() == SPANS[span].seconds - SPANS[span].step
    assert sum(step.number("requests") for step in found.steps[-3:]) == 4  # it has just happened


def test_figures_are_a_tenants_own(acme: Tenant, globex: Tenant) -> None:
    count("requests")
    count("requests", 5, tenant=globex)
    assert counted("requests") == 1
    with tenant_context(globex):
        assert counted("requests") == 5


def test_two_processes_add_up(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        count("requests")
        observe("request", 0.1)
        flush()
        monkeypatch.setattr(counters, "_buffer", counters._Buffer())
    assert counted("requests") == 2


def test_percentiles_are_right_to_six_percent(acme: Tenant) -> None:
    for milliseconds in range(1, 1001):
        observe("request", milliseconds / 1000)
    flush()
    whole = series(SPANS["1h"]).whole
    for share, seconds in ((0.5, 0.5), (0.95, 0.95), (0.99, 0.99)):
        assert whole.percentile("request", share) == pytest.approx(seconds, rel=0.062)
    assert whole.percentile("run", 0.5) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 0.001, 1.0, 59.9, 1e9])
def test_any_time_has_a_bucket_whose_middle_is_near(seconds: float) -> None:
    held = min(max(seconds, counters.SHORTEST), counters.LONGEST)
    assert counters.middle_of(counters.bucket_of(seconds)) == pytest.approx(held, rel=0.062)


def test_a_name_that_begins_like_another_is_not_taken_for_it() -> None:
    assert Figures({"runs_started": 4, "request:3": 1}).percentile("run", 0.5) is None


def test_counting_asks_nothing_of_redis_and_writing_asks_twice_for_all(
    acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real: Callable[..., None] = AbstractConnection.send_packed_command

    def send(*given: Any, **how: Any) -> None:
        sent.append(1)
        real(*given, **how)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send)
    for tenant in (acme, globex):
        for _ in range(100):
            count("requests", tenant=tenant)
            observe("request", 0.01, tenant=tenant)
    assert sent == []
    flush()
    assert len(sent) <= 3  # and a new connection may greet
    flush()
    assert len(sent) <= 3


def test_what_is_in_the_buffer_is_written_by_a_timer_that_is_set_once(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[threading.Timer] = []

    def start(timer: threading.Timer) -> None:
        began.append(timer)

    monkeypatch.setattr(threading.Timer, "start", start)
    for _ in range(10):
        count("requests")
    assert [each.interval for each in began] == [counters.FLUSH_EVERY]
    began[0].function()
    assert series(SPANS["2m"]).whole.number("requests") == 10
    count("requests")
    assert len(began) == 2


def test_a_forked_process_does_not_write_what_its_parent_will(acme: Tenant) -> None:
    count("requests")
    counters.forget()
    assert counters._buffer.counts == {}
    assert counters._buffer.timer is None


def test_figures_leave_redis_by_themselves(acme: Tenant) -> None:
    count("requests")
    flush()
    redis: Redis = fast.redis()
    left = {key.decode().split(":")[2]: redis.ttl(key) for key in redis.scan_iter("t_acme:figures:*")}
    assert 290 < left["s"] <= 301
    assert 24 * 3600 < left["m"] <= 25 * 3600 + 60


def test_without_redis_nothing_fails_and_what_was_lost_is_counted(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise RedisAway("connection refused")

    before = counters.LOST._value.get()
    monkeypatch.setattr(counters, "redis", away)
    count("requests", 3)
    observe("request", 1)
    flush()
    assert counters.LOST._value.get() == before + 4
    assert counters._buffer.counts == {}


def test_what_is_rolled_back_is_not_counted(committed_db: str, acme: Tenant) -> None:
    with transaction.atomic():
        counters.count_on_commit("runs_started")
        counters.observe_on_commit("run", 1)
        transaction.set_rollback(True)
    assert counted("runs_started") == 0
    with transaction.atomic():
        counters.count_on_commit("runs_started")
    assert counted("runs_started") == 1


# What is counted.


def test_requests_of_pages_and_of_programs_are_counted_with_their_time(
    member: Make, program: Program, client_for: Callable[..., Client]
) -> None:
    user = member("owner")
    program(tokens.token_issue(user=user)).get("/api/v1/sample")
    client_for(user).get("/help/")
    assert counted("requests") == 2
    assert series(SPANS["2m"]).whole.percentile("request", 0.5) is not None


def test_errors_and_refusals_are_counted_apart(program: Program, acme: Tenant, settings: Any) -> None:
    program(raise_request_exception=False).get("/api/v1/failing/unforeseen")
    program().get("/api/v1/failing/hurried")
    program().get("/api/v1/failing/nothing")
    assert [counted(name) for name in ("requests", "errors", "refused")] == [3, 1, 1]


def test_probes_and_hosts_of_nobody_are_counted_for_nobody(acme: Tenant) -> None:
    Client(headers={"host": "nobody.localhost"}).get("/")
    Client().get("/healthz")
    assert counters._buffer.counts == {}


def test_waiting_that_the_caller_asked_for_is_no_slowness(member: Make, program: Program) -> None:
    program(tokens.token_issue(user=member("owner"))).get("/api/v1/sample?wait=30")
    assert counted("requests") == 1
    assert series(SPANS["2m"]).whole.percentile("request", 0.5) is None


def test_counting_a_request_costs_no_statement(
    member: Make, program: Program, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    client = program(tokens.token_issue(user=member("owner")))
    client.get("/api/v1/sample")
    with CaptureQueriesContext(connection) as counting:
        client.get("/api/v1/sample")
    monkeypatch.setattr(counters, "count", lambda *_, **__: None)
    monkeypatch.setattr(counters, "observe", lambda *_, **__: None)
    with CaptureQueriesContext(connection) as without:
        client.get("/api/v1/sample")
    assert len(counting) == len(without)


def test_a_deleted_tenants_figures_go_with_it(committed_db: str, acme: Tenant) -> None:
    tenant = services.tenant_create(slug="initech", name="Initech", industry="dummy", now=True)
    count("requests", tenant=tenant)
    flush()
    assert list(fast.redis().scan_iter("t_initech:figures:*"))
    services.tenant_delete(tenant=tenant, now=True)
    assert not list(fast.redis().scan_iter("t_initech:*"))
