"""Around every request: its name, its line in the log, and how long it took."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.gateway import middleware, tokens
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def lines(settings: Any) -> Iterator[list[dict[str, Any]]]:
    """What is written about requests, as it goes to standard error; none is left out."""
    settings.REQUEST_LOG_ONE_IN = 1
    written: list[dict[str, Any]] = []
    formatter = logging.getLogger().handlers[0].formatter

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert formatter is not None
            written.append(json.loads(formatter.format(record)))

    handler = Keep()
    logger = logging.getLogger("orchestrall.requests")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def test_a_request_is_one_line_with_tenant_person_and_route(
    member: Make, program: Program, lines: list[dict[str, Any]]
) -> None:
    user = member("owner")
    answer = program(tokens.token_issue(user=user)).get("/api/v1/sample?secret=abc")
    (line,) = lines
    assert line["tenant"] == "t_acme"
    assert line["user"] == str(user.pk)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/sample", 200)
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert "abc" not in json.dumps(line)


def test_a_route_is_logged_and_not_what_is_in_the_address(acme: Tenant, lines: list[dict[str, Any]]) -> None:
    Client(headers={"host": "acme.localhost"}).get("/accounts/password/reset/key/abc-secret/")
    assert "abc-secret" not in json.dumps(lines)
    Client(headers={"host": "acme.localhost"}).get("/no/such/page/someone@example.org")
    assert lines[-1]["route"] == "unknown"


def test_a_host_that_is_nobodys_has_no_tenant_in_its_line(acme: Tenant, lines: list[dict[str, Any]]) -> None:
    Client(headers={"host": "nobody.localhost"}).get("/")
    assert "tenant" not in lines[-1]
    assert lines[-1]["status"] == 404


def test_an_error_is_one_line_with_its_cause(program: Program, lines: list[dict[str, Any]]) -> None:
    program(raise_request_exception=False).get("/api/v1/failing/unforeseen")
    (line,) = lines
    assert (line["level"], line["status"]) == ("error", 500)
    assert "ZeroDivisionError" in line["exception"]


def test_a_well_formed_id_of_the_caller_is_kept(acme: Tenant, program: Program) -> None:
    assert program().get("/api/problems/", headers={"x-request-id": "trace-1234"})["X-Request-ID"] == "trace-1234"


@pytest.mark.parametrize("sent", ["short", "x" * 65, "has space in it", 'quo"te-1234', "-leading1", "", "é" * 10])
def test_any_other_id_is_replaced(acme: Tenant, program: Program, sent: str) -> None:
    got = program().get("/api/problems/", headers={"x-request-id": sent})["X-Request-ID"]
    assert got != sent
    assert len(got) == 32


@pytest.mark.parametrize(
    ("method", "status", "seconds", "kept"),
    [
        ("GET", 200, 0.01, False),
        ("HEAD", 200, 0.01, False),
        ("POST", 200, 0.01, True),
        ("GET", 302, 0.01, True),
        ("GET", 404, 0.01, True),
        ("GET", 500, 0.01, True),
        ("GET", 200, 1.5, True),
    ],
)
def test_only_quick_successful_reads_are_sampled(
    settings: Any, method: str, status: int, seconds: float, kept: bool
) -> None:
    settings.REQUEST_LOG_ONE_IN = 10
    ids = [f"request-{number:04}" for number in range(1000)]
    left = [each for each in ids if not middleware._is_sampled_away(method, status, seconds, each)]
    assert len(left) == (1000 if kept else pytest.approx(100, abs=30))


def test_the_time_of_requests_is_counted_by_route_and_not_by_address(acme: Tenant, program: Program) -> None:
    def count() -> float:
        labels = {"method": "GET", "route": "/api/problems/<slug:code>", "status": "2xx"}
        name = "orchestrall_http_request_seconds_count"
        return next(
            (
                sample.value
                for metric in middleware.SECONDS.collect()
                for sample in metric.samples
                if sample.name == name and sample.labels == labels
            ),
            0.0,
        )

    before = count()
    program().get("/api/problems/not_found")
    program().get("/api/problems/conflict")
    assert count() == before + 2


def test_a_method_that_nobody_knows_makes_no_label_of_its_own(acme: Tenant, program: Program) -> None:
    program().generic("BREW", "/api/problems/")
    methods = {sample.labels["method"] for metric in middleware.SECONDS.collect() for sample in metric.samples}
    assert "BREW" not in methods
    assert "other" in methods
