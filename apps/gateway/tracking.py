"""Errors told to a sink that speaks Sentry's protocol, for operators who name one. It learns what a log line would.

Nothing else of that library is at work: it looks into no request, no query and no local variable, and the address it
sends to is the operator's own.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import structlog

from apps.gateway.logs import Event, locate, redact

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport

_NAMED = ("tenant", "industry", "request_id", "trace", "run", "agent", "work", "kind", "route")
"""What a line tells of itself that errors are found by."""

_LEFT_OUT = frozenset({"request", "user", "modules", "breadcrumbs"})


def track(dsn: str, *, process: str, transport: Transport | None = None) -> None:
    """Send every error line, with its exception, to the sink `dsn` names; an empty one does nothing.

    Raises `ValueError` for an address that is none.
    """
    if not dsn:
        return
    import sentry_sdk  # whoever has no sink does not carry it
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.utils import BadDsn

    try:
        sentry_sdk.init(
            dsn=dsn,
            transport=transport,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[LoggingIntegration(level=None, event_level=logging.ERROR), DedupeIntegration()],
            before_send=_cleaned,  # type: ignore[arg-type]  # an event is a mapping like any other
            include_local_variables=False,
            max_breadcrumbs=0,
            max_request_body_size="never",
            server_name=process,
            traces_sample_rate=None,
            send_client_reports=False,
            auto_session_tracking=False,
        )
    except BadDsn as error:
        raise ValueError(f"ORCHESTRALL_ERRORS_DSN is no address of a sink for errors: {error}") from error


def _cleaned(event: Event, hint: Any) -> Event | None:
    """The event as a log line would have it: told whose it is, and redacted last of all. What cannot be cleaned is not
    sent."""
    try:
        around = locate(None, "", {"logger": event.get("logger", ""), **structlog.contextvars.get_contextvars()})
        extra = {**event.get("extra", {}), **around}
        tags = {name: str(extra.pop(name)) for name in _NAMED if name in extra}
        kept = {
            name: value for name, value in event.items() if name not in {"request", "user", "modules", "breadcrumbs"}
        }
        return redact(None, "", {**kept, "tags": {**event.get("tags", {}), **tags}, "extra": extra})
    except Exception:  # noqa: BLE001  # whatever it was, it must not pass uncleaned, nor break what logged it
        return None
