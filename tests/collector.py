"""A collector of traces on this machine: it takes OTLP over HTTP, and reads the protocol's own messages."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from unittest.mock import patch

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.gateway import telemetry


@dataclass(frozen=True)
class Told:
    """A span as it came."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    seconds: float
    is_error: bool
    facts: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Collector:
    """What has come, and by which headers."""

    spans: list[Told] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: bytes = b""
    """All bodies, one after the other, uncompressed."""
    url: str = ""

    def named(self, name: str) -> Told:
        """The one span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans)

    def take(self, body: bytes) -> None:
        self.raw += body
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _facts(group.resource.attributes)
            self.spans += [_told(each, resource) for scope in group.scope_spans for each in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.headers.append(dict(self.headers))
            collector.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def telling(collector: Collector, **variables: str) -> Iterator[telemetry.Telemetry]:
    """This process tells the collector, as these variables and its address say. At the end all has come."""
    with patch.dict(os.environ, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **variables}):
        started = telemetry.start(process="web")
    try:
        yield started
    finally:
        started.stop()


def _told(span: Any, resource: dict[str, Any]) -> Told:
    return Told(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        span.status.code == 2,
        _facts(span.attributes),
        resource,
    )


def _facts(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
