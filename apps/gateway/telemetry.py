"""Spans sent to the operator's own collector, by OTLP over HTTP: imported only where one is named.

What is sent is what a log line would tell. Texts are redacted; exceptions are the names of their classes; there is no
event, no link and no header. The library takes its settings from the standard variables (`OTEL_...`) by itself. It goes
to the operator's address by a client of its own rather than by the guarded one: no tenant can choose it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from apps.common import tracing
from apps.common.redaction import redacted
from apps.common.tracing import Facts, Kind

_KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_AROUND: Final = ("industry", "request_id", "run", "agent", "work", "kind")
"""What is bound to the lines of a log around here, and told of a span as well."""
_NOWHERE: Final = Context()
_NANO: Final = 1_000_000_000
_id: ContextVar[int | None] = ContextVar("span_id", default=None)


class _Ids(RandomIdGenerator):
    """What others know by an id is told of under that. Traces are named by chance alone: samplers go by their names."""

    def generate_span_id(self) -> int:
        return _id.get() or super().generate_span_id()


class _Telling:
    """One of the library's spans."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.trace = trace.format_trace_id(span.get_span_context().trace_id)
        self.has_failed = False

    def rename(self, name: str) -> None:
        self._span.update_name(redacted(name))

    def tell(self, facts: Facts) -> None:
        if self._span.is_recording():
            self._span.set_attributes(_clean(facts))

    def fail(self, code: str) -> None:
        self.has_failed = True
        self._span.set_attribute("error.type", redacted(code))
        self._span.set_status(Status(StatusCode.ERROR))


class Telemetry:
    """The tracer of a process (`apps.common.tracing.Tracer`)."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("orchestrall")

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str, facts: Facts) -> Iterator[tracing.Span]:
        with self._tracer.start_as_current_span(
            redacted(name),
            context=_below(parent) if parent else None,
            kind=_KINDS[kind],
            attributes=_clean(_around() | dict(facts)),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            telling = _Telling(span)
            try:
                yield telling
            except BaseException as error:
                if not telling.has_failed:
                    telling.fail(type(error).__name__)
                raise

    def past(
        self, name: str, id: UUID | None, parent: str, began: datetime, ended: datetime, facts: Facts, failed: str
    ) -> None:
        token = _id.set(int(id.hex[16:], 16) if id else None)
        try:
            span = self._tracer.start_span(
                redacted(name), _below(parent), attributes=_clean(_around() | dict(facts)), start_time=_nano(began)
            )
        finally:
            _id.reset(token)
        if failed:
            _Telling(span).fail(failed)
        span.end(_nano(ended))

    def here(self) -> str:
        now = trace.get_current_span().get_span_context()
        if not now.is_valid:
            return ""
        return f"00-{now.trace_id:032x}-{now.span_id:016x}-{now.trace_flags & TraceFlags.SAMPLED:02x}"

    def flush(self) -> None:
        """Send what is there still: before a process ends that runs nothing at its exit."""
        self._provider.force_flush(5000)

    def stop(self) -> None:
        """Send what is there still, and collect nothing any more."""
        tracing.provide(None)
        self._provider.shutdown()


def start(*, process: str) -> Telemetry:
    """Collect spans of this process from now on, as the standard variables of the environment say."""
    resource = Resource.create({"orchestrall.process": process})
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "orchestrall"}))
    provider = TracerProvider(resource=resource, id_generator=_Ids())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    telemetry = Telemetry(provider)
    tracing.provide(telemetry)
    return telemetry


def _below(parent: str) -> Context:
    """A context whose present span is the one that a well-formed `traceparent` names."""
    _, of, span, flags, *_ = parent.split("-")
    told = SpanContext(int(of, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(told), _NOWHERE)


def _around() -> dict[str, str]:
    from django.db import connection  # settings name this module, before there are any

    bound = structlog.contextvars.get_contextvars()
    told = {f"orchestrall.{name}": str(bound[name]) for name in _AROUND if bound.get(name)}
    schema = getattr(connection, "schema_name", "public")
    return told if schema == "public" else {"orchestrall.tenant": schema, **told}


def _clean(facts: Facts) -> dict[str, str | int | float | bool]:
    return {name: redacted(value) if isinstance(value, str) else value for name, value in facts.items()}


def _nano(at: datetime) -> int:
    return round(at.timestamp() * _NANO)
