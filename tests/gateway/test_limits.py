"""How many requests a tenant and its callers may send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisAway

from apps.accounts.models import User
from apps.common.errors import TooManyRequests
from apps.gateway import limits, tokens, waiting
from apps.gateway.limits import WINDOW, Bucket, take
from apps.tenants import fast, services
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.drills.limits import passed_by_processes
from tests.gateway.conftest import MakeKey, Program
from tests.gateway.urls import SampleView

Make = Callable[..., User]

pytestmark = pytest.mark.urls("tests.gateway.urls")


class Clock:
    """A Redis whose script sees a time of our choosing."""

    def __init__(self, redis: Redis) -> None:
        self.now = 1_800_000_000
        self._redis = redis

    def take(self, number: int, *buckets: Bucket) -> limits.Allowance:
        script = limits._SCRIPT.replace("redis.call('TIME')[1]", str(self.now))
        assert script != limits._SCRIPT
        arguments = [number, WINDOW, *(bucket.limit for bucket in buckets)]
        keys = [bucket.key for bucket in buckets]
        taken, *found = self._redis.eval(script, len(keys), *keys, *arguments)
        states = tuple(limits.State(*each) for each in zip(buckets, found[::2], found[1::2], strict=True))
        return limits.Allowance(bool(taken), states, number)


@pytest.fixture
def redis() -> Iterator[Redis]:
    """The Redis of this process of the test run, emptied afterwards."""
    yield fast.redis()
    cache.clear()


@pytest.fixture
def clock(redis: Redis) -> Clock:
    return Clock(redis)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis does not answer."""

    def refuse(**_: Any) -> None:
        raise RedisAway("connection refused")

    monkeypatch.setattr(limits, "_script", lambda: refuse)
    monkeypatch.setattr(limits, "_told", float("-inf"))


def bucket(limit: int, name: str = "tenant") -> Bucket:
    return Bucket(name, f"t_test:limit:{name}", limit)


def test_as_many_as_the_limit_pass_and_no_more(redis: Redis) -> None:
    granted = [take([bucket(10)]) for _ in range(15)]
    assert [each.granted for each in granted if each] == [True] * 10 + [False] * 5


def test_no_sixty_seconds_let_more_through_than_the_limit(clock: Clock) -> None:
    passed: list[int] = []
    for _ in range(40 * WINDOW):  # forty windows at several tries a second
        passed += [clock.now for _ in range(3) if clock.take(1, bucket(50)).granted]
        clock.now += 1
    most = max(sum(begin <= at < begin + WINDOW for at in passed) for begin in passed)
    assert most == 50
    assert len(passed) >= 38 * 50  # and the limit is used: over the whole time as well


def test_what_was_used_is_free_again_once_its_second_is_a_window_old(clock: Clock) -> None:
    assert clock.take(2, bucket(2)).granted
    refused = clock.take(1, bucket(2))
    assert not refused.granted
    clock.now += refused.states[0].reset - 1
    assert not clock.take(1, bucket(2)).granted
    clock.now += 1
    assert clock.take(2, bucket(2)).granted


def test_a_refused_request_uses_nothing_up_of_any_bucket(clock: Clock) -> None:
    wide, narrow = bucket(100), bucket(1, "caller")
    for _ in range(5):
        clock.take(1, wide, narrow)
    assert [state.used for state in clock.take(0, wide, narrow).states] == [1, 1]


def test_looking_takes_nothing_and_is_never_refused(clock: Clock) -> None:
    clock.take(1, bucket(1))
    for _ in range(3):
        looked = clock.take(0, bucket(1))
        assert (looked.granted, looked.states[0].used, looked.states[0].left) == (True, 1, 0)
    clock.now += WINDOW + 1
    assert clock.take(0, bucket(1)).states[0] == limits.State(bucket(1), 0, 0)
    assert clock.take(1, bucket(1)).granted


def test_a_clock_of_redis_that_is_set_back_shuts_nobody_out(clock: Clock) -> None:
    clock.take(5, bucket(5))
    clock.now -= 3600
    assert clock.take(5, bucket(5)).granted


def test_a_bucket_leaves_when_nothing_of_it_counts(redis: Redis) -> None:
    take([bucket(5)])
    assert WINDOW < redis.ttl(bucket(5).key) <= WINDOW + 2


def test_a_bucket_stays_small(clock: Clock, redis: Redis) -> None:
    for _ in range(10 * WINDOW):
        clock.take(1, bucket(10_000))
        clock.now += 1
    assert redis.hlen(bucket(1).key) <= WINDOW + 3


def test_several_processes_together_get_the_limit(redis: Redis) -> None:
    """The drill does it with 3,200 requests from 8 and from 32 processes."""
    assert passed_by_processes(4, 400, limit=100) == 100


def test_the_servers_clocks_do_not_matter(redis: Redis) -> None:
    assert passed_by_processes(2, 60, limit=20, skews=(3600, -3600)) == 20


# What a request meets.


def test_a_request_over_the_tenants_limit_is_refused_with_what_to_do(
    member: Make, program: Program, acme: Tenant
) -> None:
    services.tenant_change(tenant=acme, max_requests=2)
    first, second = (program(tokens.token_issue(user=member("owner"))) for _ in range(2))
    answers = [client.get("/api/v1/sample") for client in (first, second, first)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    problem = answers[2].json()
    assert problem["code"] == "too_many_requests"
    assert "may send 2 requests a minute" in problem["detail"]
    assert "operator" in problem["remedy"]
    assert 1 <= int(answers[2]["Retry-After"]) <= WINDOW + 1
    assert f"Wait {answers[2]['Retry-After']} s" in problem["remedy"]


def test_a_callers_limit_is_theirs_alone(member: Make, program: Program, acme: Tenant, make_key: MakeKey) -> None:
    services.tenant_change(tenant=acme, max_caller_requests=1)
    ana, ben = member("owner"), member("owner")
    first_key, second_key = make_key(ana)[1], make_key(ana)[1]
    for credential in (tokens.token_issue(user=ana), tokens.token_issue(user=ben), first_key, second_key):
        assert program(credential).get("/api/v1/sample").status_code == 200
        refused = program(credential).get("/api/v1/sample")
        assert refused.status_code == 429
        assert "One member or key may send 1" in refused.json()["detail"]


def test_tenants_do_not_share_limits(member: Make, program: Program, acme: Tenant, globex: Tenant) -> None:
    services.tenant_change(tenant=acme, max_requests=1)
    services.tenant_change(tenant=globex, max_requests=1)
    for tenant in (acme, globex):
        user = member("owner", tenant=tenant)
        with tenant_context(tenant):
            token = tokens.token_issue(user=user)
        assert program(token, tenant=tenant).get("/api/v1/sample").status_code == 200
        assert program(token, tenant=tenant).get("/api/v1/sample").status_code == 429


def test_starting_runs_has_a_limit_of_its_own_and_reading_goes_on(member: Make, program: Program, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_starts=1)
    client = program(tokens.token_issue(user=member("owner")))

    def start() -> Any:
        body = {"input": {"text": "hello"}}
        return client.post("/api/v1/agents/dummy.echo/runs", body, content_type="application/json")

    assert start().status_code != 429
    refused = start()
    assert refused.status_code == 429
    assert "may start 1 runs a minute, and has started 1." in refused.json()["detail"]
    assert client.get("/api/v1/runs").status_code == 200


def test_every_answer_names_the_limits_and_what_is_left(member: Make, program: Program, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_requests=100, max_caller_requests=10)
    client = program(tokens.token_issue(user=member("viewer", is_active=True)))
    refused = client.get("/api/v1/sample")  # a viewer may not call the API: that answer counts too
    assert refused.status_code == 403
    assert refused["RateLimit-Policy"] == '"tenant";q=100;w=60, "caller";q=10;w=60'
    left = [each.partition(";t=") for each in client.get("/api/v1/sample")["RateLimit"].split(", ")]
    assert [each[0] for each in left] == ['"tenant";r=98', '"caller";r=8']
    assert all(WINDOW - 1 <= int(each[2]) <= WINDOW + 1 for each in left)


def test_many_starts_at_once_count_each_and_the_headers_say_so(member: Make, program: Program, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_starts=5)
    client = program(tokens.token_issue(user=member("owner")))

    def start(number: int) -> Any:
        body = {"inputs": [{"table": {"rows": [{"a": 1}]}}] * number}
        return client.post("/api/v1/agents/dummy.echo/runs/bulk", body, content_type="application/json")

    begun = start(3)
    assert begun.status_code == 202, begun.content
    assert '"start";r=2;' in begun["RateLimit"]
    refused = start(4)
    assert refused.status_code == 429
    assert "may start 5 runs a minute" in refused.json()["detail"]
    assert "Wait" in refused.json()["remedy"]
    never = start(6)
    assert never.status_code == 413, "waiting does not help"
    assert never.json()["remedy"].startswith("Send at most 5 at a time")
    assert "Retry-After" not in never


def test_a_request_costs_one_trip_to_redis_and_no_statement(
    member: Make, program: Program, acme: Tenant, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = program(tokens.token_issue(user=member("owner")))
    client.get("/api/v1/sample")

    def cost() -> tuple[int, int]:
        sent: list[int] = []
        real: Callable[..., None] = AbstractConnection.send_packed_command

        def send(*given: Any, **how: Any) -> None:
            sent.append(1)
            real(*given, **how)

        with monkeypatch.context() as patched, CaptureQueriesContext(connection) as captured:
            patched.setattr(AbstractConnection, "send_packed_command", send)
            assert client.get("/api/v1/sample").status_code == 200
        return len(sent), len(captured)

    trips, statements = cost()
    monkeypatch.setattr(limits, "take", lambda *_: None)
    assert cost() == (trips - 1, statements)


def test_a_request_that_is_answered_anew_counts_once(member: Make, rf: Any, acme: Tenant) -> None:
    token = tokens.token_issue(user=member("owner"))

    def left(*, again: bool) -> str:
        request = rf.get("/api/v1/sample", headers={"host": "acme.localhost", "authorization": f"Bearer {token}"})
        request.scope = {waiting._KEY: waiting._Held(again=again)}
        answer = SampleView.as_view()(request)
        assert answer.status_code == 200
        return str(answer["RateLimit"]).partition(";t=")[0]

    assert [left(again=each) for each in (False, True, True, False)] == [
        f'"tenant";r={number}' for number in (5999, 5999, 5999, 5998)
    ]


def test_refused_credentials_are_counted_for_their_address_and_not_for_the_tenant(
    member: Make, program: Program, acme: Tenant
) -> None:
    services.tenant_change(tenant=acme, max_caller_requests=3, max_requests=100)
    answers = [program("ork_aaaaaaaa_guess").get("/api/v1/sample") for _ in range(3)]
    answers += [program().get("/api/v1/sample")]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert "network address" in answers[3].json()["detail"]
    assert answers[0]["RateLimit-Policy"] == '"address";q=3;w=60'
    good = program(tokens.token_issue(user=member("owner"))).get("/api/v1/sample")
    assert good.status_code == 200  # who shares the address and has a credential is not shut out
    assert '"tenant";r=99' in good["RateLimit"]


def test_open_addresses_are_limited_by_network_address(program: Program, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_caller_requests=2)

    def ask(address: str) -> int:
        return int(program().get("/api/problems/", REMOTE_ADDR=address).status_code)

    assert [ask("203.0.113.1") for _ in range(3)] == [200, 200, 429]
    assert ask("203.0.113.2") == 200
    assert [ask(f"2001:db8::{n}") for n in (1, 2, 3)] == [200, 200, 429]  # one network
    assert [ask("::ffff:203.0.113.1")] == [429]


def test_behind_proxies_it_is_the_address_that_the_outermost_of_ours_saw(
    program: Program, acme: Tenant, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    services.tenant_change(tenant=acme, max_caller_requests=1)

    def ask(forwarded: str) -> int:
        client = program()
        return int(client.get("/api/problems/", headers={"x-forwarded-for": forwarded}).status_code)

    assert ask("198.51.100.7, 203.0.113.1") == 200
    assert ask("198.51.100.8, 203.0.113.1") == 429  # what the caller says of itself does not count
    assert ask("198.51.100.7, 203.0.113.2") == 200


def test_an_address_that_cannot_be_told_is_limited_too(program: Program, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_caller_requests=1)
    answers = [program().get("/api/problems/", REMOTE_ADDR="nowhere").status_code for _ in range(2)]
    assert answers == [200, 429]


def test_pages_of_the_console_are_not_limited(client_for: Callable[..., Client], member: Make, acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_requests=1, max_caller_requests=1)
    browser = client_for(member("owner"))
    answers = [browser.get("/help/") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer for answer in answers)


def test_without_redis_requests_go_through_which_a_metric_tells_and_the_log_once(
    away: None, member: Make, program: Program, acme: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    services.tenant_change(tenant=acme, max_requests=1)
    client = program(tokens.token_issue(user=member("owner")))
    before = limits.OPEN._value.get()
    with caplog.at_level(logging.WARNING, logger="apps.gateway.limits"):
        answers = [client.get("/api/v1/sample") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not any("RateLimit" in answer for answer in answers)
    assert limits.OPEN._value.get() == before + 3
    assert len(caplog.records) == 1


def test_refusals_are_counted_by_limit(acme: Tenant, redis: Redis) -> None:
    before = limits.REFUSED.labels("start")._value.get()
    for _ in range(3):
        take([bucket(100), bucket(1, "start")])
    assert limits.REFUSED.labels("start")._value.get() == before + 2


def test_the_limit_that_takes_longest_is_the_one_that_is_named() -> None:
    full, longest = limits.State(bucket(5), 5, 3), limits.State(bucket(2, "start"), 2, 40)
    states = full, longest, limits.State(bucket(9, "caller"), 1, 60)
    with pytest.raises(TooManyRequests) as refused:
        limits.Allowance(False, states).demand()
    assert "may start 2 runs" in refused.value.detail
    assert refused.value.retry_after == 40
