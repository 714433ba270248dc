"""Spans told to a collector: one that listens, and gets what a log line would hold and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.common import tracing
from apps.common.redaction import REDACTED
from apps.gateway import tokens
from apps.tenants.models import Tenant
from tests.collector import Collector, collecting, telling
from tests.gateway.conftest import Program

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SERVER, INTERNAL = 2, 1
START = """
import sys, django
django.setup()
parts = ("opentelemetry.exporter", "google.protobuf")  # the client of Redis looks at the rest by itself
print(any(name.startswith(parts) for name in sys.modules))
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as listening:
        yield listening


@pytest.mark.urls("tests.gateway.urls")
def test_a_request_is_a_span_of_its_callers_trace_without_its_address(
    member: Callable[..., User], program: Program, collector: Collector
) -> None:
    user = member("owner")
    with telling(collector):
        answer = program(tokens.token_issue(user=user)).get(
            "/api/v1/sample?secret=abc-secret", headers={"traceparent": CALLER}
        )
    span = collector.named("GET /api/v1/sample")
    assert (span.kind, span.trace, span.parent) == (SERVER, CALLER.split("-")[1], CALLER.split("-")[2])
    assert span.facts == {
        "http.request.method": "GET",
        "http.route": "/api/v1/sample",
        "http.response.status_code": 200,
        "orchestrall.tenant": "t_acme",
        "orchestrall.request_id": answer["X-Request-ID"],
    }
    assert span.resource["service.name"] == "orchestrall"
    assert span.resource["orchestrall.process"] == "web"
    for kept in (b"abc-secret", user.email.encode(), str(user.pk).encode(), b"127.0.0.1"):
        assert kept not in collector.raw


@pytest.mark.urls("tests.gateway.urls")
@pytest.mark.parametrize("sent", ["", "00-nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
def test_a_request_of_no_trace_begins_one_that_its_line_names(
    acme: Tenant, collector: Collector, settings: Any, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    settings.REQUEST_LOG_ONE_IN = 1
    with telling(collector), caplog.at_level("INFO", "orchestrall.requests"):
        Client(headers={"host": "acme.localhost", "traceparent": sent}).get("/no/such/page")
    span = collector.named("GET unknown")
    assert span.parent == ""
    assert [record.msg["trace"] for record in caplog.records if isinstance(record.msg, dict)] == [span.trace]


def test_the_standard_variables_hold(collector: Collector) -> None:
    told = {
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=letmein",
        "OTEL_SERVICE_NAME": "acme-orchestrall",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    with telling(collector, **told), tracing.span("one"):
        pass
    assert collector.named("one").resource["service.name"] == "acme-orchestrall"
    assert {name.lower(): value for name, value in collector.headers[0].items()}["x-key"] == "letmein"


@pytest.mark.parametrize(("flag", "told"), [("01", 1), ("00", 0)])
def test_a_sampler_by_the_parent_heeds_its_flag(collector: Collector, flag: str, told: int) -> None:
    with telling(collector), tracing.span("one", parent=CALLER[:-2] + flag):
        assert tracing.here().endswith(f"-{flag}")
    assert len(collector.spans) == told


def test_a_sampler_that_takes_nothing_sends_nothing(collector: Collector) -> None:
    with telling(collector, OTEL_TRACES_SAMPLER="always_off"), tracing.span("one"):
        pass
    assert collector.spans == []


def test_a_sampler_by_a_share_takes_about_that_of_what_begins_here(collector: Collector) -> None:
    told = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}
    with telling(collector, **told):
        for _ in range(1000):
            with tracing.span("one"):
                pass
    assert 150 < len(collector.spans) < 350


def test_texts_are_redacted_and_exceptions_are_names(collector: Collector) -> None:
    with telling(collector):
        with tracing.span("work") as span:
            span.tell({"orchestrall.model": "4111 1111 1111 1111", "orchestrall.count": 3})
        with pytest.raises(ValueError, match="Ana"), tracing.span("breaks"):
            raise ValueError("Ana Lopez, 4111 1111 1111 1111")
        with pytest.raises(ValueError, match="again"), tracing.span("known") as span:
            _break(span)
    assert collector.named("work").facts == {"orchestrall.model": REDACTED, "orchestrall.count": 3}
    broken = collector.named("breaks")
    assert (broken.is_error, broken.facts) == (True, {"error.type": "ValueError"})
    assert collector.named("known").facts == {"error.type": "model_failed"}
    for kept in (b"Ana", b"4111", b"Traceback"):
        assert kept not in collector.raw


def test_a_collector_that_is_away_holds_nothing_up(collector: Collector) -> None:
    collector.url = "http://127.0.0.1:1"
    with (
        telling(collector, OTEL_EXPORTER_OTLP_TIMEOUT="1", OTEL_BSP_EXPORT_TIMEOUT="1000"),
        tracing.span("one") as span,
    ):
        assert span.trace


def test_without_a_collector_a_span_is_nothing() -> None:
    with tracing.span("one", parent=CALLER) as span:
        span.tell({"a": 1})
        span.fail("code")
        span.rename("two")
    assert (span.trace, tracing.here(), tracing.is_on()) == ("", "", False)


def _break(span: tracing.Span) -> None:
    span.fail("model_failed")
    raise ValueError("again")


def _started(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {"ORCHESTRALL_PROCESS": "web", **variables}
    return subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("variables", "imported"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_exporter_is_imported_only_where_a_collector_is_named(variables: dict[str, str], imported: bool) -> None:
    found = _started(**variables)
    assert (found.stdout, found.stderr) == (f"{imported}\n", "")


def test_another_protocol_is_refused_at_the_start() -> None:
    found = _started(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4317", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc': spans are sent by http/protobuf alone" in found.stderr


def test_a_forked_child_tells_what_it_did(collector: Collector) -> None:
    with telling(collector):
        child = os.fork()
        if child == 0:
            with tracing.span("in the child"):
                pass
            tracing.flush()  # as the pool's children do (orchestrall/celery.py): what is run at an exit is not
            os._exit(0)
        os.waitpid(child, 0)
    assert collector.names() == ["in the child"]
