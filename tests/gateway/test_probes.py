"""Probes and metrics: asked by address, before any tenant is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from apps.common import work
from apps.gateway import probes
from apps.tenants.models import Tenant


@pytest.fixture
def prober() -> Client:
    return Client(headers={"host": "10.0.0.7:8000"})


@pytest.fixture(autouse=True)
def _unsettled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_settled", set())


def fail(error: Exception) -> Callable[[], None]:
    def ask() -> None:
        raise error

    return ask


def test_a_process_that_answers_is_alive_whatever_stands_behind_it(prober: Client) -> None:
    answer = prober.get("/healthz")  # no database is allowed in this test
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize("host", ["10.0.0.7", "acme.localhost", "nobody.example", "a b"])
def test_probes_come_by_any_address(acme: Tenant, host: str) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client(headers={"host": host}).get(path).status_code == 200


def test_a_process_is_ready_when_every_part_is(acme: Tenant, prober: Client) -> None:
    answer = prober.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "parts": dict.fromkeys(probes.PARTS, "ready")}


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("database", psycopg.OperationalError("connection to 10.1.2.3 failed: password hunter2")),
        ("redis", RedisAway("Error 111 connecting to 10.1.2.3:6379")),
    ],
)
def test_a_part_that_is_away_makes_it_unready_and_is_named_without_details(
    acme: Tenant, prober: Client, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception
) -> None:
    monkeypatch.setitem(probes.PARTS, part, fail(error))
    answer = prober.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["parts"][part] == "does not answer"
    assert "10.1.2.3" not in answer.content.decode()
    assert "hunter2" not in answer.content.decode()


def test_with_the_database_away_what_needs_it_is_not_asked(
    acme: Tenant, prober: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(probes.PARTS, "database", fail(psycopg.OperationalError("gone")))
    monkeypatch.setitem(probes.PARTS, "migrations", fail(AssertionError("it was asked")))
    parts = prober.get("/readyz").json()["parts"]
    assert parts["migrations"] == "the database does not answer"
    assert parts["redis"] == "ready"


def test_the_database_is_really_asked(acme: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    probes._database()
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", "1")
    with pytest.raises(psycopg.OperationalError):
        probes._database()


def test_redis_is_really_asked(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(RedisAway):
        probes._redis()


def test_missing_migrations_make_it_unready_and_are_looked_for_until_they_are_there(
    acme: Tenant, prober: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "pending", lambda schema: ["agents.0002"])
    answer = prober.get("/readyz")
    assert answer.status_code == 503
    assert "1 migrations are missing" in answer.json()["parts"]["migrations"]
    monkeypatch.setattr(probes, "pending", lambda schema: [])
    assert prober.get("/readyz").status_code == 200
    monkeypatch.setattr(probes, "pending", fail(AssertionError("it was asked again")))
    assert prober.get("/readyz").status_code == 200


def test_without_a_dispatcher_it_is_not_ready(acme: Tenant, prober: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_dispatcher", None)
    assert prober.get("/readyz").json()["parts"]["dispatch"] == "no dispatcher is provided"


@pytest.mark.parametrize(
    "change",
    [{"MASTER_KEY": "b3RoZXIga2V5OiAzMiBieXRlcyBvZiBhIGtleSEhISE="}, {"MASTER_KEY": "x"}, {"KEYS": "/nowhere"}],
)
def test_with_keys_that_do_not_open_it_is_not_ready(
    acme: Tenant, operators: Tenant, prober: Client, settings: Any, change: dict[str, str]
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    parts = prober.get("/readyz").json()["parts"]
    assert parts.pop("keys") == "cannot be read or opened: see `manage.py keys status`"
    assert set(parts.values()) == {"ready"}


def test_metrics_are_there_for_the_neighbourhood(prober: Client) -> None:
    for address in ("127.0.0.1", "::1", "10.4.5.6", "192.168.1.1", "fd00::1"):
        answer = prober.get("/metrics", REMOTE_ADDR=address)
        assert answer.status_code == 200, address
        assert answer["Content-Type"].startswith("text/plain")
    assert b"orchestrall_http_request_seconds" in answer.content


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "", "x"])
def test_metrics_are_not_there_for_the_world(prober: Client, address: str) -> None:
    answer = prober.get("/metrics", REMOTE_ADDR=address)
    assert answer.status_code == 404
    assert b"orchestrall" not in answer.content


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_what_a_proxy_passes_on_came_from_the_world(prober: Client, header: str) -> None:
    assert prober.get("/metrics", REMOTE_ADDR="10.0.0.1", headers={header: "10.0.0.2"}).status_code == 404


def test_who_holds_the_token_reads_metrics_from_anywhere(settings: Any, prober: Client) -> None:
    settings.METRICS_TOKEN = "a long random token"

    def ask(header: str) -> int:
        return prober.get("/metrics", headers={"authorization": header}, REMOTE_ADDR="8.8.8.8").status_code

    assert ask("Bearer a long random token") == 200
    for wrong in ("Bearer a long random toke", "Bearer ", "a long random token", "Bearer é"):
        assert ask(wrong) == 404


def test_without_a_token_set_an_empty_one_opens_nothing(settings: Any, prober: Client) -> None:
    settings.METRICS_TOKEN = ""
    assert prober.get("/metrics", headers={"authorization": "Bearer "}, REMOTE_ADDR="8.8.8.8").status_code == 404


def test_metrics_name_no_tenant(acme: Tenant, prober: Client) -> None:
    Client(headers={"host": "acme.localhost"}).get("/accounts/login/")
    assert "acme" not in prober.get("/metrics").content.decode()
