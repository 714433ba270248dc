"""The limits around a provider: left alone when it fails, and never asked by more at once than it may be."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from uuid import uuid4

import pytest

from apps.ai.calling import breaker, places, waiting
from apps.ai.calling.places import place
from apps.ai.contract import ModelProblem
from apps.ai.failures import ModelStopped
from apps.ai.models import ModelCall, Provider
from apps.tenants.context import tenant_context
from apps.tenants.fast import redis, redis_key
from apps.tenants.models import Tenant
from tests.ai.calling.conftest import ASKED
from tests.ai.calling.test_asking import ask
from tests.aiserver import AiServer, Fail, connect

STORES = pytest.mark.parametrize("store", ["redis", "memory"])


@pytest.fixture
def _store(store: str, request: pytest.FixtureRequest) -> None:
    """Where the state is kept: in Redis, or in memory while Redis is away."""
    request.getfixturevalue("acme")
    if store == "memory":
        request.getfixturevalue("without_redis")


def _now() -> float:
    return time.monotonic()


@STORES
@pytest.mark.usefixtures("_store")
def test_a_provider_is_left_alone_after_failures_in_a_row(store: str) -> None:
    provider = uuid4()
    for _ in range(breaker.MOST - 1):
        breaker.failed(provider)
    assert breaker.seconds_closed(provider) == 0
    breaker.failed(provider)
    assert 0 < breaker.seconds_closed(provider) <= breaker.OPEN
    assert breaker.seconds_closed(uuid4()) == 0


@STORES
@pytest.mark.usefixtures("_store")
def test_an_answer_ends_the_row_of_failures(store: str) -> None:
    provider = uuid4()
    for _ in range(breaker.MOST - 1):
        breaker.failed(provider)
    breaker.answered(provider)
    breaker.failed(provider)
    assert breaker.seconds_closed(provider) == 0


@STORES
@pytest.mark.usefixtures("_store")
def test_when_the_time_is_over_one_goes_and_looks(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = uuid4()
    monkeypatch.setattr(breaker, "OPEN", 0.0)
    for _ in range(breaker.MOST):
        breaker.failed(provider)
    monkeypatch.setattr(breaker, "OPEN", 60.0)
    assert breaker.seconds_closed(provider) == 0
    assert breaker.seconds_closed(provider) > 0
    breaker.answered(provider)
    assert breaker.seconds_closed(provider) == 0


@pytest.mark.usefixtures("acme")
def test_failures_of_another_tenant_are_not_ours(globex: Tenant) -> None:
    provider = uuid4()
    with tenant_context(globex):
        for _ in range(breaker.MOST):
            breaker.failed(provider)
        assert breaker.seconds_closed(provider) > 0
    assert breaker.seconds_closed(provider) == 0


def test_a_provider_that_is_left_alone_is_not_asked_and_the_next_one_is(server: AiServer, waits: list[float]) -> None:
    connect(server, "broken")
    connect(server, "plain", name="Another")
    for _ in range(2):
        assert ask().text == "All is well."
    assert [asked.model for asked in server.asked].count("broken") == breaker.MOST
    assert ask().text == "All is well."
    assert [asked.model for asked in server.asked].count("broken") == breaker.MOST
    alone = ModelCall.objects.filter(model_name="broken").latest("id")
    assert (alone.status, alone.attempts, alone.money) == ("failed", 0, Decimal(0))


def test_faults_of_the_settings_do_not_count_against_the_provider(server: AiServer, waits: list[float]) -> None:
    connect(server, "plain")
    server.queue("plain", *[Fail(400)] * breaker.MOST)
    for _ in range(breaker.MOST):
        with pytest.raises(ModelProblem):
            ask()
    assert ask().text == "All is well."


@STORES
@pytest.mark.usefixtures("_store")
def test_no_more_calls_are_under_way_than_the_provider_takes(store: str) -> None:
    provider = Provider(at_once=2, name="Scripted")
    with place(provider, until=_now() + 5, stopping=lambda: False):
        with (
            place(provider, until=_now() + 5, stopping=lambda: False),
            pytest.raises(ModelProblem, match="All 2 calls that Scripted may have at once") as raised,
            place(provider, until=_now() + 0.1, stopping=lambda: False),
        ):
            pass
        assert not raised.value.was_sent
        with place(provider, until=_now() + 0.1, stopping=lambda: False):
            pass


@STORES
@pytest.mark.usefixtures("_store")
def test_a_place_whose_holder_was_killed_comes_back_by_itself(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider(at_once=1, name="Scripted")
    key = redis_key("ai", "places", str(provider.pk))
    monkeypatch.setattr(places, "MARGIN", 0.0)
    assert places._take(key, 1, 0.15, "killed")
    assert not places._take(key, 1, 60.0, "other")
    with place(provider, until=_now() + 5, stopping=lambda: False):
        pass


@pytest.mark.usefixtures("acme")
def test_a_short_call_does_not_take_the_place_of_a_long_one_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    key = redis_key("ai", "places", "any")
    assert places._take(key, 2, 600.0, "long")
    assert places._take(key, 2, 0.01, "short")
    assert redis().pttl(key) > 500_000


@pytest.mark.usefixtures("acme")
def test_a_place_is_given_back_whatever_happens() -> None:
    provider = Provider(at_once=1, name="Scripted")
    with pytest.raises(ZeroDivisionError), place(provider, until=_now() + 5, stopping=lambda: False):
        raise ZeroDivisionError
    assert redis().zcard(redis_key("ai", "places", str(provider.pk))) == 0


@pytest.mark.usefixtures("acme")
def test_whoever_waits_for_a_place_may_be_stopped() -> None:
    provider = Provider(at_once=1, name="Scripted")
    with (
        place(provider, until=_now() + 5, stopping=lambda: False),
        pytest.raises(ModelStopped) as raised,
        place(provider, until=_now() + 60, stopping=lambda: True),
    ):
        pass
    assert not raised.value.was_sent


def test_eight_threads_never_ask_more_at_once_than_they_may(committed_db: str, server: AiServer, acme: Tenant) -> None:
    connect(server, "counted", at_once=3)
    under_way, most, lock = 0, 0, threading.Lock()

    def counted(asked: object) -> Fail:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.02)
        with lock:
            under_way -= 1
        return Fail(400)

    def one() -> None:
        from django.db import connection

        with tenant_context(acme), pytest.raises(ModelProblem, match="does not accept"):
            ask(seconds=30.0)
        connection.close()

    server.always("counted", counted)
    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 8
    assert 1 <= most <= 3


def test_a_call_is_made_without_redis(server: AiServer, without_redis: None) -> None:
    connect(server, "plain")
    assert ask(ASKED).text == "All is well."


def test_waits_lie_between_nothing_and_a_bound_that_doubles() -> None:
    for tries in range(1, 8):
        bound = min(waiting.LONGEST_WAIT, waiting.FIRST_WAIT * 2 ** (tries - 1))
        drawn = [waiting.wait_before(tries, None) for _ in range(200)]
        assert all(0 <= wait <= bound for wait in drawn)
        assert max(drawn) > bound / 2 > min(drawn)
    assert all(30 <= waiting.wait_before(1, 30.0) <= 31 for _ in range(50))


def test_a_pause_ends_when_somebody_says_stop() -> None:
    with pytest.raises(ModelStopped):
        waiting.pause(60.0, lambda: True)
