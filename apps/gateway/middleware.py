"""Around every request: probes before all else, one log line per request, and errors of the API as problems."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject
from prometheus_client import Histogram

from apps.audit.actors import under
from apps.common import tracing
from apps.common.errors import PermissionDenied
from apps.common.ids import uuid7
from apps.gateway import counters
from apps.gateway.addresses import address_of
from apps.gateway.idempotency import REPLAYED
from apps.gateway.probes import ANSWERS
from apps.gateway.problems import MEDIA_TYPE, problem_of_status, problem_response
from apps.gateway.waiting import is_asked_again

Answer = Callable[[HttpRequest], HttpResponse]

logger = structlog.get_logger("orchestrall.requests")
SECONDS = Histogram(
    "orchestrall_http_request_seconds",
    "Time to answer, by route",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
# W3C Trace Context, 3.2: version, trace id, parent id, flags.
_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

FOR_PROGRAMS: Final = ("/api/v1/", "/mcp", "/scim/", "/hooks/")


class ProbeMiddleware:
    """Answer probes at once: they come by address, so no tenant, no host check and no redirect applies to them."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = ANSWERS.get(request.path)
        return probe(request) if probe is not None else self.get_response(request)


class PlainProgramsMiddleware:
    """Refuse what a program sends without TLS where TLS is demanded. Led on to https like a browser, one that is set up
    wrongly would work, and send its key in plain at every call."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        plain = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if not (plain and request.path_info.startswith(FOR_PROGRAMS)):
            return self.get_response(request)
        refused = PermissionDenied(
            "This address answers over TLS alone. The request came in plain, and nothing was done.",
            remedy="Call it by https, with a new key: what was sent in plain may have been read on its way.",
        )
        return problem_response(refused, str(getattr(request, "request_id", "")))


class RequestLogMiddleware:
    """Name each request, and write one line about it once it is answered.

    A request id that the caller sent in `X-Request-ID` is kept when it is well-formed; the answer carries it. Lines
    name the trace too that the caller's `traceparent` says the request is part of, else one that begins here. Of quick
    successful reads one in `REQUEST_LOG_ONE_IN` is logged, chosen by the id. Addresses are logged as routes: what is
    in them, and in query strings, may be a secret or a person's.
    """

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        got_request_exception.connect(_note_exception)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        sent = request.headers.get("X-Request-ID", "")
        request.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid7().hex  # type: ignore[attr-defined]
        match = _TRACE_PARENT.fullmatch(request.headers.get("traceparent", ""))
        # What is asked again is the rest of a request that was told of before.
        spanned = tracing.NOTHING if is_asked_again(request) else _spanned(request, match[0] if match else "")
        with (
            spanned as span,
            structlog.contextvars.bound_contextvars(
                request_id=request.request_id,  # type: ignore[attr-defined]
                trace=span.trace or (match[1] if match else uuid7().hex),
            ),
            under(
                via="api" if request.path.startswith("/api/") else "console",
                request=request.request_id,  # type: ignore[attr-defined]
                address=address_of(request),
                agent=request.headers.get("User-Agent", ""),
            ),
        ):
            response = self.get_response(request)
            self._finish(request, response, time.perf_counter() - began, span)
        return response

    def _finish(self, request: HttpRequest, response: HttpResponse, seconds: float, span: tracing.Span) -> None:
        request_id = str(request.request_id)  # type: ignore[attr-defined]
        response["X-Request-ID"] = request_id
        method = request.method if request.method in _METHODS else "other"
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match is not None else "unknown"
        SECONDS.labels(method, route, f"{response.status_code // 100}xx").observe(seconds)
        _count(request, response, seconds)
        if span.trace:
            _tell(span, request, response, str(method), route)
        error: BaseException | None = getattr(request, "_logged_exception", None)
        if error is None and _is_sampled_away(str(method), response.status_code, seconds, request_id):
            return
        line = {
            "user": _user_id(request),
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        }
        if error is not None:
            logger.error("request failed", **line, exc_info=error)
        elif response.status_code >= 500:
            logger.error("request", **line)
        else:
            logger.info("request", **line)


class ProblemMiddleware:
    """Below /api/ an error is a problem document, even where no API view was reached: unknown addresses, unknown
    hosts, errors of other middleware."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith("/api/"):
            return response
        if response.get("Content-Type", "").partition(";")[0] == MEDIA_TYPE:
            return response
        request_id = str(getattr(request, "request_id", ""))
        problem = problem_response(problem_of_status(response.status_code), request_id)
        problem.status_code = response.status_code
        for name, value in response.items():  # what it says besides its body: Allow, Vary, for whom it is
            if not name.startswith("Content-"):
                problem[name] = value
        return problem


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Add the request to the live figures of its tenant."""
    tenant = getattr(request, "tenant", None)
    if tenant is None or is_asked_again(request) or getattr(request, "is_uncounted", False):
        return
    counters.count("requests", tenant=tenant)
    if response.status_code >= 500:
        counters.count("errors", tenant=tenant)
    elif response.status_code == 429:
        counters.count("refused", tenant=tenant)
    elif response.status_code == 304 or REPLAYED in response:
        counters.count("reused", tenant=tenant)
    if "wait=" not in str(request.META.get("QUERY_STRING", "")):  # how long those take is their callers' choice
        counters.observe("request", seconds, tenant=tenant)


def _note_exception(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    """Keep the exception for the line that is about to be written."""
    import sys

    if request is not None:
        request._logged_exception = sys.exc_info()[1]  # type: ignore[attr-defined]


def _spanned(request: HttpRequest, parent: str) -> AbstractContextManager[tracing.Span]:
    method = request.method if request.method in _METHODS else "other"
    return tracing.span(str(method), kind="server", parent=parent)


def _tell(span: tracing.Span, request: HttpRequest, response: HttpResponse, method: str, route: str) -> None:
    """By the semantic conventions, without the address: what is in it may be a secret or a person's."""
    span.rename(f"{method} {route}")
    tenant = getattr(getattr(request, "tenant", None), "schema_name", "")
    told: dict[str, str | int] = {"http.request.method": method, "http.route": route}
    told["http.response.status_code"] = response.status_code
    around = {"orchestrall.tenant": tenant, "orchestrall.request_id": str(request.request_id)}  # type: ignore[attr-defined]
    span.tell(told | {name: value for name, value in around.items() if value})
    if response.status_code >= 500:
        span.fail(str(response.status_code))


def _is_sampled_away(method: str, status: int, seconds: float, request_id: str) -> bool:
    one_in = int(settings.REQUEST_LOG_ONE_IN)
    return method in {"GET", "HEAD"} and status < 300 and seconds < 1 and sum(request_id.encode()) % one_in != 0


def _user_id(request: HttpRequest) -> str:
    """Who asked, where that is known already: looking it up now would cost a query, or fail.

    Of a token it is whom the API set. The session's member, which may have been looked up before, is then nobody.
    """
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):
        user = getattr(request, "_cached_user", None)
    pk = getattr(user, "pk", None)
    return str(pk) if isinstance(pk, UUID) else ""
