"""Errors told to a sink: a server that listens, and gets what a log line would hold and no more."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
import structlog

from apps.common.redaction import REDACTED
from apps.gateway.tracking import track
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

logger = logging.getLogger("apps.retail.agents")


class Sink:
    """Where the protocol's envelopes arrive."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        sink = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                _, *items = body.split(b"\n")
                sink.events += [json.loads(item) for item in items if b'"event_id"' in item]
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server.server_port}/1"

    def told(self) -> dict[str, Any]:
        """The one event that has come."""
        sentry_sdk.flush(10)
        (event,) = self.events
        return event


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    track(sink.dsn, process="web")
    yield sink
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    sink.server.shutdown()
    sink.server.server_close()
    sink.thread.join()


def fail(password: str) -> None:
    try:
        raise ValueError(f"no such account: api_key={password} of ada@example.org")
    except ValueError:
        logger.exception("agent failed for %s", "ada@example.org", extra={"token": password, "kind": "agents.run"})


def test_an_error_line_arrives_with_what_it_is_found_by(sink: Sink, acme: Tenant) -> None:
    with tenant_context(acme), structlog.contextvars.bound_contextvars(request_id="request-1", trace="trace-1"):
        fail("x")
    event = sink.told()
    assert event["tags"] == {
        "tenant": acme.schema_name,
        "industry": "retail",
        "request_id": "request-1",
        "trace": "trace-1",
        "kind": "agents.run",
    }
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["server_name"] == "web"


def test_no_secret_no_person_and_no_local_variable_arrives(sink: Sink) -> None:
    fail("hunter2hunter2")
    event = sink.told()
    text = json.dumps(event)
    assert "hunter2" not in text
    assert "ada@" not in text
    assert REDACTED in text
    assert "vars" not in event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert not {"request", "user", "breadcrumbs", "modules"} & set(event)


def test_what_is_no_error_is_not_told(sink: Sink) -> None:
    logger.warning("only a warning")
    sentry_sdk.flush(10)
    assert sink.events == []


def test_what_cannot_be_cleaned_is_not_sent(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.gateway.tracking.redact", lambda *_: 1 / 0)
    fail("hunter2hunter2")
    sentry_sdk.flush(10)
    assert sink.events == []


def test_without_an_address_nothing_is_set_up() -> None:
    track("", process="web")
    assert not sentry_sdk.get_client().is_active()
